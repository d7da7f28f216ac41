package schemas

import "fmt"

// Limits bound what one value may cost. A zero field means its default.
type Limits struct {
	ValueBytes   int // size of a value; a larger one is a dead letter. Default 16 MiB
	Events       int // records in one value; the rest is a dead letter. Default 65,536
	Depth        int // objects and arrays around one another; a deeper record is a dead letter. Default 128
	Unwrap       int // documents within documents; deeper ones are not opened. Default 4
	FieldBytes   int // a text as it is written in the record; a longer one is cut, see Event.Truncated. Default 256 KiB
	FieldValues  int // elements of one field; further ones are cut, see Event.Truncated. Default 256
	ArenaRetains int // memory kept from record to record; what a larger record needed is given back. Default 1 MiB
}

// DefaultLimits returns the limits that NewDecoder sets.
func DefaultLimits() Limits {
	return Limits{
		ValueBytes:   16 << 20,
		Events:       1 << 16,
		Depth:        128,
		Unwrap:       4,
		FieldBytes:   256 << 10,
		FieldValues:  256,
		ArenaRetains: 1 << 20,
	}
}

func (l Limits) orDefault() Limits {
	d := DefaultLimits()
	for _, f := range []struct {
		have *int
		want int
	}{
		{&l.ValueBytes, d.ValueBytes}, {&l.Events, d.Events}, {&l.Depth, d.Depth}, {&l.Unwrap, d.Unwrap},
		{&l.FieldBytes, d.FieldBytes}, {&l.FieldValues, d.FieldValues}, {&l.ArenaRetains, d.ArenaRetains},
	} {
		if *f.have <= 0 {
			*f.have = f.want
		}
	}
	// Positions within an event are 16 bits wide, and the texts of an element are few.
	l.FieldValues = min(l.FieldValues, 1<<10)
	return l
}

func limitOutcome(format string, limit int) Outcome {
	return Outcome{Kind: Dead, Reason: DeadLimit, Detail: fmt.Sprintf(format, limit)}
}
