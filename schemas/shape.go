package schemas

import (
	"strings"
	"sync"
)

// A Shape is one of the ways in which shippers write a registry event. Its
// String is the name that metrics, alerts and statistics carry.
type Shape uint8

const (
	ShapeUnknown       Shape = iota // unknown: not told, as the record could not be read or is no event
	ShapeElasticDefend              // elastic_defend
	ShapeSysmonModule               // sysmon_module: Winlogbeat's or Elasticsearch's Sysmon module
	ShapeWinlogbeat                 // winlogbeat: Winlogbeat 7 and 8, Elastic Agent, no module
	ShapeWinlogbeat6                // winlogbeat6
	ShapeNXLog                      // nxlog
	ShapeFlat                       // flat
	ShapeEVTX                       // evtx: evtx_dump and its like, EVTX as JSON
	ShapeMinimal                    // sysmon_minimal: Sysmon's fields and an id, nothing else
	ShapeEVTXList                   // evtx_list: EventData as a list of names and texts
	ShapeXML                        // windows_xml: Windows Event XML
	ShapeFluentBit                  // fluent_bit: winevtlog
	ShapeVector                     // vector: windows_event_log
	ShapeWazuh                      // wazuh: events of its agents
	ShapeDefender                   // defender: Microsoft Defender's streaming API, advanced hunting
	ShapeCrowdStrike                // crowdstrike: Falcon Data Replicator
	ShapeSentinelOne                // sentinelone: Cloud Funnel
	ShapeEndgame                    // endgame
	ShapeCortex                     // cortex: Cortex XDR

	numShapes
)

// String returns the shape's name: lower case, underscores, never changed.
func (s Shape) String() string {
	switch {
	case s == ShapeUnknown:
		return "unknown"
	case s < numShapes:
		return compiled().shapes[s-1].name
	}
	return "invalid"
}

// Shapes returns every shape that can be told, so that a metric can show them
// all from the start.
func Shapes() []Shape {
	s := make([]Shape, 0, numShapes-1)
	for i := ShapeUnknown + 1; i < numShapes; i++ {
		s = append(s, i)
	}
	return s
}

// Places that shape tables name beside the Fields: what a reader needs to
// know and no rule can test.
const (
	wireUTCTime     Field = Field(NumFields) + iota // Sysmon's UtcTime
	wireSystemTime                                  // SystemTime of the event's header
	wireTimestamp                                   // the source's @timestamp
	wireZonedTime                                   // a time that counts only when it states its zone
	wireDataBytes                                   // opaque data: ECS registry.data.bytes and its like
	wireNumber                                      // the data of an integer, where it sits elsewhere
	wireKey                                         // the key, where key and value name are apart
	wireNewKey                                      // the key's new name of a rename, likewise
	wireValueName                                   // the value name where the source has a field for it
	wireFolder                                      // the folder of the image, which may end in its name
	wireAction                                      // what was done, in the source's words
	wireInserts                                     // an array of the event's fields by position
	wireError                                       // what the shipper says went wrong
	wireRawXML                                      // the event as XML beside the fields
	auditObject                                     // 4657: the key
	auditValueName                                  // 4657: the value's name
	auditOperation                                  // 4657: OperationType
	auditData                                       // 4657: NewValue
	auditDataType                                   // 4657: NewValueType
	auditImage                                      // 4657: ProcessName
	auditUserID                                     // 4657: SubjectUserSid
	auditUserName                                   // 4657: SubjectUserName
	auditUserDomain                                 // 4657: SubjectDomainName

	numPlaces = int(iota) + NumFields
)

// A shape is the table of one Shape: how a record is told and where each field
// sits in it. See the package comment on how to add one.
type shape struct {
	id    Shape
	name  string
	title string // the product that writes it
	notes string // what the table does not say, in Markdown
	// told lists alternatives; the record is of this shape when all clues of
	// one of them hold. Tables are tried in the order of shapeTables.
	told [][]clue
	// xml is set where records are XML. The other tables are for JSON.
	xml bool
	// items is where an array, or a single object, of names and texts sits; the
	// names are those of the fields of the object around it.
	items string
	// places says where each field sits: paths in order of preference, the
	// first that is filled counts. Object names are joined by dots.
	places map[Field][]string
	// read turns the filled slots into a draft, and says what the record is.
	read func(*Decoder, *table) Outcome
}

// A clue holds when its path is filled and, with want, its text is want,
// compared without case; a want that ends in * is a prefix.
type clue struct{ path, want string }

func has(paths ...string) []clue {
	c := make([]clue, len(paths))
	for i, p := range paths {
		c[i].path = p
	}
	return c
}

// join returns the places of several tables in one; a later table's paths of a
// field come before an earlier one's.
func join(tables ...map[Field][]string) map[Field][]string {
	all := make(map[Field][]string)
	for _, t := range tables {
		for f, paths := range t {
			all[f] = append(append([]string(nil), paths...), all[f]...)
		}
	}
	return all
}

// shapeTables returns the tables in the order in which they are tried: the
// more telling ones first.
func shapeTables() []shape {
	return []shape{
		elasticDefend(),
		sysmonModule(),
		winlogbeat(),
		winlogbeat6(),
		nxlog(),
		sentinelOne(),
		defender(),
		crowdStrike(),
		cortex(),
		endgame(),
		evtxList(),
		evtx(),
		wazuh(),
		vector(),
		fluentBit(),
		flat(),
		minimal(),
		windowsXML(),
	}
}

// table is a shape with its paths resolved to slots.
type table struct {
	id     Shape
	name   string
	told   [][]slotClue
	places [numPlaces][]uint16
	read   func(*Decoder, *table) Outcome
}

type slotClue struct {
	slot   uint16
	want   string // lower case
	prefix bool
}

// program is all shapes compiled: immutable, shared by all decoders.
type program struct {
	root     *node
	paths    []string // by slot
	names    []string // by slot: the last segment of the path
	tables   []table  // in the order in which they are tried
	shapes   []table  // by Shape-1
	wrappers []slotWrapper
	xmlTable int    // index in tables
	kind     uint16 // where a record says that it is an alert
}

var compiled = sync.OnceValue(compileShapes)

// compiler gives slots to paths.
type compiler struct {
	program
	slots map[string]uint16
}

func (c *compiler) slot(path string) uint16 {
	n, ok := c.slots[path]
	if !ok {
		n = uint16(len(c.paths))
		c.slots[path] = n
		c.paths = append(c.paths, path)
		name := path[strings.LastIndexByte(path, '.')+1:]
		if name != "@timestamp" {
			name = strings.TrimPrefix(name, "@") // an attribute's
		}
		c.names = append(c.names, name)
	}
	return n
}

func (c *compiler) clues(clues []clue) []slotClue {
	var all []slotClue
	for _, x := range clues {
		want, prefix := strings.CutSuffix(strings.ToLower(x.want), "*")
		all = append(all, slotClue{c.slot(x.path), want, prefix})
	}
	return all
}

func compileShapes() *program {
	c := &compiler{slots: make(map[string]uint16)}
	c.kind = c.slot("event.kind")
	tables := shapeTables()
	c.shapes = make([]table, len(tables))
	tells := make(map[uint16]uint64)
	for i, s := range tables {
		t := table{id: s.id, name: s.name, read: s.read}
		for _, clues := range s.told {
			all := c.clues(clues)
			t.told = append(t.told, all)
			tells[all[0].slot] |= 1 << i
		}
		for f := range Field(numPlaces) {
			for _, path := range s.places[f] {
				t.places[f] = append(t.places[f], c.slot(path))
			}
		}
		if s.items != "" {
			c.slot(s.items)
		}
		if s.xml {
			c.xmlTable = i
		}
		c.tables = append(c.tables, t)
		c.shapes[s.id-1] = t
	}
	for _, w := range wrappers() {
		c.wrappers = append(c.wrappers, w.compile(c))
	}
	root := buildTree(c.paths)
	c.root = root.node
	for slot, path := range c.paths {
		root.at(path).node.tells = tells[uint16(slot)]
	}
	for i, s := range tables {
		if s.items != "" {
			parent := s.items[:strings.LastIndexByte(s.items, '.')]
			root.at(s.items).node.items = root.at(parent).node
		}
		for _, slot := range c.tables[i].places[EventCode] {
			node := root.at(c.paths[slot]).node
			node.id, node.number = true, c.paths[slot] == "event_id" // Cortex has its own
		}
	}
	for i, w := range wrappers() {
		root.at(w.path).node.wraps |= 1 << i
	}
	return &c.program
}
