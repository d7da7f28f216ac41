package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regtrap/regtrap/cmd/internal/build"
	"github.com/regtrap/regtrap/cmd/internal/cli"
	"github.com/regtrap/regtrap/cmd/internal/sample"
)

// match runs match on standard input and returns what it wrote.
func match(t testing.TB, in []byte, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	p := cli.Process{Stdin: bytes.NewReader(in), Stdout: &out, Stderr: &errs, Build: build.Info{Version: "v1.2.3", Commit: "c", GoVersion: "go"}}
	if status := cli.Main(context.Background(), p, append([]string{"match"}, args...)); status != 0 {
		t.Fatalf("exit status %d: %s", status, errs.String())
	}
	return out.String(), errs.String()
}

// mix returns n records with an attack in every 25th and damage in every 90th.
func mix(n int) (in []byte, records []sample.Record) {
	f := sample.New(42, time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC))
	for i := range n {
		var r sample.Record
		switch {
		case i%25 == 3:
			r = f.Attack()
		case i%90 == 7:
			r = f.Poison()
		default:
			r = f.Benign()
		}
		records = append(records, r)
		in = append(append(in, r.Value...), '\n')
	}
	return in, records
}

// made removes what depends on the clock.
func made(out string) string {
	out = regexp.MustCompile(`"ingested":"[^"]*"`).ReplaceAllString(out, `"ingested":""`)
	return regexp.MustCompile(`"@timestamp":"[^"]*"(.*"time_source":"ingested")`).ReplaceAllString(out, `"@timestamp":""$1`)
}

func TestMatchGivesTheSameOnOneCoreAndOnMany(t *testing.T) {
	in, _ := mix(20_000)
	before := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(before)
	one, oneErrors := match(t, in)
	runtime.GOMAXPROCS(8)
	many, manyErrors := match(t, in)
	if made(one) != made(many) {
		t.Error("alerts differ")
	}
	if oneErrors != manyErrors {
		t.Errorf("complaints differ:\n%s", cmp.Diff(oneErrors, manyErrors))
	}
}

func TestMatchFindsEveryAttackAndNothingElseInOrder(t *testing.T) {
	in, records := mix(5000)
	out, _ := match(t, in)
	type hit struct {
		Offset int
		Rule   string
	}
	var want, got []hit
	for i, r := range records {
		if r.Rule != "" {
			want = append(want, hit{i, r.Rule})
		}
	}
	d := json.NewDecoder(bytes.NewReader([]byte(out)))
	for d.More() {
		var a struct {
			Rule    struct{ Name string }
			Regtrap struct{ Source struct{ Offset int } }
		}
		if err := d.Decode(&a); err != nil {
			t.Fatal(err)
		}
		got = append(got, hit{a.Regtrap.Source.Offset, a.Rule.Name})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func ExampleMain() {
	record := `{"EventID":13,"Image":"C:\\Windows\\System32\\wbem\\WmiPrvSE.exe","TargetObject":"HKLM\\Software\\Microsoft\\Windows\\CurrentVersion\\Run\\updater","Details":"C:\\u.exe"}`
	var out bytes.Buffer
	p := cli.Process{Stdin: bytes.NewReader([]byte(record)), Stdout: &out, Stderr: &out}
	status := cli.Main(context.Background(), p, []string{"match", "--fail-on-alert"})
	var a struct{ Rule struct{ Name string } }
	if err := json.Unmarshal(out.Bytes(), &a); err != nil {
		fmt.Println(err)
	}
	fmt.Println(status, a.Rule.Name)
	// Output: 3 Detect WMI Registry Persistence via Run Keys
}

func BenchmarkMatch(b *testing.B) {
	in, _ := mix(20_000)
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		match(b, in)
	}
}
