package explain_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/regtrap/regtrap/cmd/internal/explain"
	"github.com/regtrap/regtrap/cmd/internal/sample"
	"github.com/regtrap/regtrap/rules"
	"github.com/regtrap/regtrap/schemas"
)

func pack(t testing.TB) *rules.Snapshot {
	t.Helper()
	s, problems, err := rules.Load(rules.Config{Pack: true})
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	return s
}

func TestExplainSaysOfEveryRuleWhatMatchSays(t *testing.T) {
	s := pack(t)
	x := explain.New(s, explain.Config{Trees: true})
	m, d := s.Set.NewMatcher(), schemas.NewDecoder()
	feed := sample.New(7, time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC))
	fired, blamed, registry := 0, 0, 0
	for i := range 4000 {
		r := feed.Benign()
		if i%3 == 0 {
			r = feed.Attack()
		}
		var want [][]string // of every registry event, ids
		d.Reset(r.Value)
		for {
			ev, out := d.Next()
			if out.Kind == schemas.End {
				break
			}
			if out.Kind != schemas.Registry {
				continue
			}
			ids := []string{}
			for _, hit := range m.Match(nil, ev) {
				ids = append(ids, s.Rules[hit].ID)
			}
			want = append(want, ids)
		}
		for _, record := range x.Value(r.Value) {
			if record.Event == nil {
				if record.Reason == "" {
					t.Fatalf("%+v: no reason\n%s", record, r.Value)
				}
				continue
			}
			registry++
			got := []string{}
			for _, rule := range record.Rules {
				switch {
				case rule.Fired:
					got = append(got, rule.ID)
					fired++
					if rule.Near != 1 || rule.Cause != nil || !rule.Tree.Holds {
						t.Fatalf("fired: %+v", rule)
					}
				case rule.Because == "":
					t.Fatalf("not said why: %+v", rule)
				case rule.Covered:
					blamed++
					if rule.Cause.Holds || rule.Near >= 1 || marked(rule.Tree) != 1 {
						t.Fatalf("cause %+v, near %v, %d marks", rule.Cause, rule.Near, marked(rule.Tree))
					}
				}
			}
			slices.Sort(got)
			slices.Sort(want[0])
			if !slices.Equal(got, want[0]) {
				t.Fatalf("fired %v, match says %v\n%s", got, want[0], r.Value)
			}
			want = want[1:]
		}
		if len(want) > 0 {
			t.Fatalf("%d registry events are not explained\n%s", len(want), r.Value)
		}
	}
	if fired == 0 || blamed == 0 || fired == registry {
		t.Errorf("%d registry events, %d fired, %d blamed: not varied", registry, fired, blamed)
	}
}

// marked counts the nodes that are blamed, and that no node which holds is above
// them unless a negation is between.
func marked(n *explain.Node) int {
	sum := 0
	if n.Blamed {
		sum++
	}
	for _, p := range n.Parts {
		sum += marked(p)
	}
	return sum
}

const rule = `title: Shell set by a tool
id: 3d4a2c70-7d5c-4b0e-9f6f-0d7f2f1c4a10
level: high
logsource: {category: registry_set, product: windows}
detection:
    selection:
        TargetObject|endswith: ['\Shell', '\Userinit']
        Image|startswith: C:\Temp\
    filter:
        Details: explorer.exe
    condition: selection and not filter
`

// Of each kind of failure the cause is the one that a person would name.
func TestTheCauseIsTheFirstThingThatFailed(t *testing.T) {
	dir := t.TempDir()
	s := load(t, dir, rule)
	for _, tt := range []struct{ name, event, want string }{
		{"a list of patterns", `{"EventID":13,"TargetObject":"HKLM\\a\\b","Image":"C:\\Temp\\x.exe","Details":"y"}`,
			`none of 2 patterns matches registry.path: HKLM\a\b`},
		{"a test", `{"EventID":13,"TargetObject":"HKLM\\a\\Shell","Image":"C:\\x.exe","Details":"y"}`,
			`process.executable startswith "C:\Temp\*": C:\x.exe`},
		{"a field that is null", `{"EventID":13,"TargetObject":"HKLM\\a\\Shell","Details":"y"}`,
			`process.executable startswith "C:\Temp\*": the field is null`},
		{"an exclusion", `{"EventID":13,"TargetObject":"HKLM\\a\\Shell","Image":"C:\\Temp\\x.exe","Details":"Explorer.exe"}`,
			`what it excludes holds: filter: registry.data.strings equals "explorer.exe" ← Explorer.exe`},
		{"another log source", `{"EventID":12,"EventType":"CreateKey","TargetObject":"HKLM\\a\\Shell","Image":"C:\\Temp\\x.exe"}`,
			`its log source is not about this: key created`},
		{"nothing", `{"EventID":13,"TargetObject":"HKLM\\a\\Shell","Image":"C:\\Temp\\x.exe","Details":"y"}`, ``},
	} {
		records := explain.New(s, explain.Config{}).Value([]byte(tt.event))
		if len(records) != 1 || len(records[0].Rules) != 1 {
			t.Fatalf("%s: %+v", tt.name, records)
		}
		if got := records[0].Rules[0].Because; !strings.HasPrefix(got, tt.want) || tt.want == "" && got != "" {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// What is shown as compared is what was compared, and a reason names tests.
func TestTheTextsThatAreShownAreThoseThatWereCompared(t *testing.T) {
	const event = `{"EventID":13,"TargetObject":"HKLM\\a\\b","Image":"C:\\x.exe","Details":"DWORD (0x00000004)"}`
	for _, tt := range []struct{ detection, because, inTree string }{
		{`{s: {Details|startswith: '4'}, condition: s}`,
			`registry.data.strings startswith "4*": DWORD (0x00000004)`, ""},
		{`{s: {Details: '5'}, condition: s}`,
			`registry.data.strings equals "5": DWORD (0x00000004) | 0x00000004  (derived) | 4  (derived)`, ""},
		{`{k: [mimikatz], condition: k}`,
			`any keyword "*mimikatz*": no field has it`, `any keyword "*mimikatz*" ← no field has it`},
		{`{s: {TargetObject|contains: a}, f: {Image|endswith: x.exe, User: null}, condition: s and not f}`,
			`what it excludes holds: f: process.executable endswith "*x.exe" ← C:\x.exe and not User exists ← the field is null`, ""},
		{`{s: {User|exists: true}, condition: not (not s)}`, `User exists: the field is null`, "◀"},
		{`{s: {Details: [a, b]}, t: {User: x}, condition: not (not s and not t)}`, ``, `✗ registry.data.strings equals "a"`},
	} {
		rule := "title: T\nid: 3d4a2c70-7d5c-4b0e-9f6f-0d7f2f1c4a10\nlevel: high\nlogsource: {category: registry_set}\ndetection: " + tt.detection + "\n"
		records := explain.New(load(t, t.TempDir(), rule), explain.Config{Trees: true}).Value([]byte(event))
		got := records[0].Rules[0]
		if tt.because != "" && got.Because != tt.because {
			t.Errorf("%s: %q, want %q", tt.detection, got.Because, tt.because)
		}
		if text := got.Text(); !strings.Contains(text, tt.inTree) {
			t.Errorf("%s: want %q in\n%s", tt.detection, tt.inTree, text)
		}
	}
}

func TestTextOfTelemetryCannotSteerTheTerminal(t *testing.T) {
	x := explain.New(pack(t), explain.Config{Trees: true})
	for _, r := range x.Value([]byte(`{"EventID":13,"TargetObject":"HKLM\\a\u001b[2J\\Run","Image":"C:\\\u001b]0;x\u0007.exe","Details":"\u202e"}`)) {
		if text := r.Text(); strings.ContainsAny(text, "\x1b\x07\u202e") || !strings.Contains(text, `\u{1b}[2J`) {
			t.Errorf("%q", text)
		}
	}
}

func Example() {
	s, _, err := rules.Load(rules.Config{Pack: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	x := explain.New(s, explain.Config{Rules: []string{"2873508b-e074-4346-a06e-d455b691aec2"}})
	for _, r := range x.Value([]byte(`{"EventID":13,"Image":"C:\\Windows\\explorer.exe","TargetObject":"HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon\\Shell","Details":"cmd.exe"}`)) {
		fmt.Println(r.Rules[0].Because)
	}
	// Output: process.executable endswith "*\WmiPrvSE.exe": C:\Windows\explorer.exe
}
