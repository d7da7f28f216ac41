//go:build kafka

package kafkatest_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/regtrap/regtrap/cmd/internal/kafkatest"
	"github.com/regtrap/regtrap/cmd/internal/sample"
)

// Records of aborted transactions raise no alert, and the markers that end
// transactions, the log's last among them, are stepped over.
func TestTransactionsAreReadCommitted(t *testing.T) {
	eachVersion(t, func(t *testing.T, c *kafkatest.Cluster) {
		tp := topicsOf(t)
		tp.create(t, c, 1)
		f := sample.New(5, time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC))
		var text bytes.Buffer
		var records []produced
		for i := range 60 {
			r := f.Attack()
			text.Write(r.Value)
			text.WriteByte('\n')
			if round := i / 10; round%2 == 0 {
				// A marker follows each of the transactions before.
				records = append(records, produced{Record: r, partition: 0, offset: int64(i + round)})
			}
		}
		file := filepath.Join(t.TempDir(), "records")
		if err := os.WriteFile(file, text.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := c.Java(t.Context(), "Transactions.java", c.Plain()[0], tp.in, file); err != nil {
			t.Fatal(err)
		}
		if end := ends(t, c, tp.in)[0]; end != 66 {
			t.Fatalf("the log ends at %d, want 60 records and 6 markers", end)
		}
		p := start(t, c, tp)
		committed(t, c, tp)
		await(t, c, tp.alerts, wanted(tp.in, records, ruleIDs(t)))
		p.terminate()
	})
}
