package deadletters

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/segmentio/kafka-go"

	"github.com/regtrap/regtrap/cmd/internal/admin"
	"github.com/regtrap/regtrap/schemas"
)

func FuzzParsePlace(f *testing.F) {
	for _, s := range []string{"0:17", "0:", ":", "1:-1", "00:017", "2147483647:9223372036854775807"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParsePlace(text)
		if err != nil {
			return
		}
		if p.Partition < 0 || p.Offset < 0 {
			t.Errorf("%q: %+v", text, p)
		}
		if again, err := ParsePlace(p.String()); err != nil || again != p {
			t.Errorf("%q: %+v, then %+v, %v", text, p, again, err)
		}
	})
}

func ExampleParsePlace() {
	p, err := ParsePlace("0:17")
	fmt.Println(p.Partition, p.Offset, err)
	_, err = ParsePlace("17")
	fmt.Println(err)
	// Output:
	// 0 17 <nil>
	// "17" is no place: want PARTITION:OFFSET, as in 0:17
}

// record is a record of the topic with these headers, in pairs.
func record(value string, headers ...string) *admin.Record {
	r := &admin.Record{Offset: 3, Time: time.Unix(1772612345, 0).UTC(), Value: []byte(value)}
	for i := 0; i < len(headers); i += 2 {
		r.Headers = append(r.Headers, kafka.Header{Key: headers[i], Value: []byte(headers[i+1])})
	}
	return r
}

func TestRecordsOfTheTopicAreToldApart(t *testing.T) {
	d := schemas.DeadLetter{Reason: schemas.DeadLimit, Topic: "winlog", Version: "1", Headers: []schemas.Header{{Key: schemas.HeaderReceipt, Value: []byte("forged")}}}
	var headers []string
	for _, h := range d.AllHeaders() {
		headers = append(headers, h.Key, string(h.Value))
	}
	l, receipt, err := open(1, record(`{"replayed":[{"partition":0,"offset":1}]}`, headers...))
	if err != nil || receipt != nil || l.Place != (Place{1, 3}) || l.Topic != "winlog" || l.Replays != 0 {
		t.Errorf("a dead letter: %+v, %+v, %v", l, receipt, err)
	}
	l, receipt, err = open(1, record(`{"replayed":[{"partition":0,"offset":1}],"topic":"winlog"}`, schemas.HeaderReceipt, "winlog"))
	want := &Receipt{Letters: []Place{{0, 1}}, Topic: "winlog", Time: time.Unix(1772612345, 0).UTC()}
	if err != nil || l != nil || !cmp.Equal(receipt, want) {
		t.Errorf("a receipt: %+v, %+v, %v", l, receipt, err)
	}
	for _, r := range []*admin.Record{
		record("hello"), record("{", schemas.HeaderReceipt, "winlog"), record("{}", schemas.HeaderReason, "limit"),
	} {
		if l, receipt, err := open(1, r); err == nil {
			t.Errorf("%s: %+v, %+v", r.Value, l, receipt)
		}
	}
}

func TestReceiptsAreReadBack(t *testing.T) {
	r := &Receipt{Letters: []Place{{2, 17}, {0, 1}}, Topic: "winlog"}
	key, value, err := r.message()
	if err != nil || string(key) != "regtrap-receipt 2:17" {
		t.Fatalf("%s, %v", key, err)
	}
	_, got, err := open(0, record(string(value), schemas.HeaderReceipt, "winlog"))
	if err != nil {
		t.Fatal(err)
	}
	got.Time = time.Time{}
	if d := cmp.Diff(r, got); d != "" {
		t.Error(d)
	}
}
