// Package schemas is the wire: telemetry in, alerts and dead letters out.
//
// A [Decoder] reads the value of a Kafka record into registry [Event]s,
// whatever shape its shipper chose; [Alert] and [DeadLetter] are the documents
// that are published.
//
// # How a record is read
//
// One pass over the bytes checks the grammar and looks up every key in the
// tree of wanted paths (see node): wanted values go into numbered slots, as
// spans of the record; the rest is hopped over. Then the shape is told from
// the slots that are filled, its reader turns them into a draft, and assemble
// derives from the draft, alike for every shape, all that rules test.
//
// XML goes the same way: elements and attributes have paths in the same tree
// (Event.System.Channel, Event.System.Provider.@Name), <Data Name='Image'> is
// Event.EventData.Image. The texts of an event are unescaped, folded and spelled
// when they are asked for: most rules are decided by one or two fields.
//
// # What is not read
//
// An event id of a known place that is of no registry event makes the record none,
// whatever else it holds. Where that is read early and the record is the last of
// its value, the rest is not looked at, so that it may be malformed and is skipped
// all the same. Decoder.ReadAll reads everything; on valid JSON and well-formed XML
// both find the same.
//
// # What is lenient
//
// The grammar is that of RFC 8259. These are taken all the same, because
// Windows strings and shippers produce them and an event must not be lost:
//
//   - A byte order mark before the value; white space around records.
//   - Several records in one value: one after the other (with or without line
//     breaks), elements of a top-level array, elements of "records" in an
//     object of no shape of its own.
//   - null counts as absent, wherever it stands; so does an object where a text
//     is wanted.
//   - Where a path occurs more than once (a duplicate key; nested and dotted),
//     the last that is not null counts. Objects of the same name are merged.
//   - Keys may be escaped: "\u0045ventID" is EventID.
//   - Control bytes and NULs in strings stay as they are.
//   - Invalid UTF-8 and lone surrogates become U+FFFD, one for each byte or
//     surrogate.
//   - An event id is a number or a string: 13, 13.0, "13", " 13 ". Where it is
//     missing, a record of Sysmon's channel with a TargetObject is a registry
//     event, if its shape is told without the id.
//   - Channel and provider are compared without case and surrounding space.
//   - A text is cut at Limits.FieldBytes and a list at Limits.FieldValues.
//
// After malformed JSON reading goes on at the next line that begins with {, [ or
// an event of XML, counted from where the bad record began; after malformed XML
// at the next event. Where that would take too long it goes on from where the
// text is wrong, see region.retry.
//
// # Adding a shape
//
// Write one file shape_NAME.go with a function that returns the shape's table,
// add a constant to Shape (at the end) and the function to shapeTables (before
// any shape whose clues it also satisfies). The table says
//
//   - told: which paths must be filled, and with what, for a record to be of
//     this shape;
//   - places: for every Field and for the readers' own places (wireUTCTime,
//     auditObject, …) the paths where it sits, best first. Paths are written
//     dotted; nested, dotted and mixed records are found by the same path;
//   - read: readWindows for anything that carries Windows events (eventData
//     gives the places below a prefix), or a reader of its own that sets the
//     draft's action, data form and value name, takes the fields (takeAll) and
//     corrects the shape's traps.
//
// Spellings, texts of integers, users, images and everything derived is
// assemble's: a shape never does that. Then add records to testdata/shapes and
// run go test -update. Fields that come as a list of names and texts are said by
// the table's items. A place that holds whole documents, as objects, in an array
// or in a text, is a wrapper's (see wrappers): each document is read as a region
// of its own.
package schemas
