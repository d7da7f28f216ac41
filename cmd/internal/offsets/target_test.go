package offsets

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

var now = time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC)

func TestTargetsAreRead(t *testing.T) {
	for text, want := range map[string]Target{
		"earliest":                  {kind: earliest},
		"latest":                    {kind: latest},
		"readable":                  {kind: readable},
		"0":                         {kind: offset},
		"17":                        {kind: offset, n: 17},
		"+1":                        {kind: shift, n: 1},
		"-100":                      {kind: shift, n: -100},
		"-0":                        {kind: shift},
		"-2h":                       {kind: moment, at: now.Add(-2 * time.Hour)},
		"-1h30m":                    {kind: moment, at: now.Add(-90 * time.Minute)},
		"2026-03-04T10:00:00Z":      {kind: moment, at: now},
		"2026-03-04T11:00:00+01:00": {kind: moment, at: now},
	} {
		want.words = text
		got, err := ParseTarget(text, now)
		if err != nil || got.kind != want.kind || got.n != want.n || !got.at.Equal(want.at) || got.words != text {
			t.Errorf("%s: %+v, %v: want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "-", "+", "2h", "+2h", "--2h", "now", "Earliest", "2026-03-04", "2026-03-04 10:00:00", "1.5", " 1", "99999999999999999999"} {
		if got, err := ParseTarget(text, now); err == nil || !strings.Contains(err.Error(), "want earliest, latest, readable") {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}

func TestMovesStayInTheLog(t *testing.T) {
	for _, c := range []struct {
		to        string
		committed int64
		want      int64 // -1: refused
	}{
		{"earliest", -1, 5}, {"latest", -1, 9}, {"5", 7, 5}, {"9", 7, 9}, {"4", 7, -1}, {"10", 7, -1}, {"-1", 7, 6}, {"+2", 7, 9}, {"+3", 7, -1},
		{"-3", 7, -1}, {"+1", -1, -1}, {"+1", 3, -1}, {"+2", 3, 5}, {"-9223372036854775808", 7, -1}, {"9223372036854775807", 7, -1}, {"+9223372036854775807", 7, -1},
	} {
		to, err := ParseTarget(c.to, now)
		if err != nil {
			t.Fatal(err)
		}
		m := Move{Committed: c.committed, Start: 5, End: 9}
		switch err := m.aim(to); {
		case err == nil && m.Offset != c.want, err != nil && c.want >= 0:
			t.Errorf("%s from %d: %d, %v: want %d", c.to, c.committed, m.Offset, err, c.want)
		}
	}
}

func FuzzParseTarget(f *testing.F) {
	for _, s := range []string{"earliest", "-2h", "+1", "17", "2026-03-04T10:00:00Z", "-9223372036854775808"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		to, err := ParseTarget(text, now)
		if err != nil {
			return
		}
		m := Move{Committed: 7, Start: 5, End: 9, Offset: 6}
		if err := m.aim(to); err == nil && (m.Offset < m.Start || m.Offset > m.End) {
			t.Errorf("%q: offset %d is not in the log", text, m.Offset)
		}
	})
}

func ExampleParseTarget() {
	now := time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC)
	for _, text := range []string{"-2h", "+1", "yesterday"} {
		to, err := ParseTarget(text, now)
		fmt.Println(to, to.OfOnePartition(), err != nil)
	}
	// Output:
	// -2h false false
	// +1 true false
	// yesterday false true
}

func TestLagIsCountedAsKafkaDoes(t *testing.T) {
	for _, c := range []struct {
		s    Standing
		want int64
	}{
		{Standing{Committed: -1, Start: 0, End: 9}, -1},
		{Standing{Committed: 4, Start: 0, End: 9}, 5},
		{Standing{Committed: 9, Start: 0, End: 9}, 0},
		{Standing{Committed: 12, Start: 0, End: 9}, 0},
		{Standing{Committed: 2, Start: 5, End: 9}, 4},
	} {
		if got := c.s.Lag(); got != c.want {
			t.Errorf("%+v: lag %d, want %d", c.s, got, c.want)
		}
	}
}
