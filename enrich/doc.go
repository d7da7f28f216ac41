// Package enrich makes the alert of an event, a rule and the tests that held.
//
// It is pure: the same record and rules give the same alert, whether the
// record came from Kafka or from a file, but for the source, the id made of it
// and the time of making.
//
// # Alert id
//
// The id of an alert names the record that caused it, so whoever reads the
// alerts can drop a repetition by key. It is the first 128 bits, in
// hexadecimal, of SHA-256 over six items, each preceded by its length in bytes
// as an unsigned 64-bit big-endian number:
//
//	topic      UTF-8
//	partition  decimal text
//	offset     decimal text
//	index      decimal text: place of the event within the value, from 0
//	rule id    UTF-8
//	value      the record's bytes; of more than 65,536 bytes their SHA-256
//
// So topic windows-events, partition 3, offset 1042, index 0, rule
// aa7e06c3-9791-4142-a0b9-8751f87e372a and value {"EventID":13} have the id
//
//	3f957bc284d7a13f0ccacbf78bd9a6cf
//
// The value is part of it because a topic may be deleted and created anew.
package enrich
