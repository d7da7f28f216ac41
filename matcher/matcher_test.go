package matcher

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/regtrap/regtrap/schemas"
)

// wmi is the condition of a value set below a Run key through WMI.
const wmi = `(process.name : "WmiPrvSE.exe" and registry.data.strings exists` +
	` and (registry.path : "HKEY_USERS\*\Software\Microsoft\Windows\CurrentVersion\Run\*" or registry.path : "HKLM\Software\Microsoft\Windows\CurrentVersion\Run\*")` +
	` and not user.id : "S-1-5-18")`

func valueSet(image, path, data string) *schemas.Event {
	return schemas.BuildEvent(map[schemas.Field][]string{
		schemas.ProcessExecutable:   {image},
		schemas.RegistryPath:        {path},
		schemas.RegistryDataStrings: {data},
		schemas.UserID:              {"S-1-5-21-1-2-3-1001"},
		schemas.HostName:            {"ws-041.corp.example"},
	}, schemas.ValueSet)
}

func compile(t testing.TB, conditions ...string) *Set {
	t.Helper()
	rules := make([]Rule, len(conditions))
	for i, c := range conditions {
		rules[i] = Rule{mustParse(t, c), schemas.AllActions}
	}
	set, err := Compile(rules)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestMatchAllocatesNothing(t *testing.T) {
	set := compile(t, wmi, `registry.path : "*\Run\?pdater"`, `not registry.path : "*\Run\*"`)
	m := set.NewMatcher()
	hit := valueSet(`C:\Windows\System32\wbem\WmiPrvSE.exe`, `HKLM\Software\Microsoft\Windows\CurrentVersion\Run\updater`, `C:\u.exe`)
	miss := valueSet(`C:\Windows\explorer.exe`, `HKLM\Software\Microsoft\Windows\CurrentVersion\Run\other`, `C:\u.exe`)
	dst := make([]int32, 0, 4)
	for _, tt := range []struct {
		ev   *schemas.Event
		want []int32
	}{{hit, []int32{0, 1}}, {miss, nil}} {
		if got := m.Match(dst[:0], tt.ev); !slices.Equal(got, tt.want) {
			t.Errorf("rules %v, want %v", got, tt.want)
		}
		if n := testing.AllocsPerRun(100, func() { m.Match(dst[:0], tt.ev) }); n != 0 {
			t.Errorf("%v allocations with rules %v", n, tt.want)
		}
	}
}

func TestASetServesManyGoroutines(t *testing.T) {
	set := compile(t, wmi, `registry.path : "*\Run\?pdater"`, `registry.path matches "Run"`, `not registry.path exists`)
	ev := valueSet(`C:\Windows\System32\wbem\WmiPrvSE.exe`, `HKLM\Software\Microsoft\Windows\CurrentVersion\Run\updater`, `C:\u.exe`)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			m := set.NewMatcher()
			var dst []int32
			for range 200 {
				dst = m.Match(dst[:0], ev)
				if !slices.Equal(dst, []int32{0, 1, 2}) || len(m.Explain(ev, 0).Reasons()) != 3 {
					t.Errorf("rules %v", dst)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestReasonsAreTheLeavesThatMadeItHold(t *testing.T) {
	set := compile(t, `((registry.path : "*\a" or registry.path : "*\b") and not (registry.path : "*\b" and user.id exists) and (user.id : "x" or not user.id : "x") and true)`)
	ev := record{schemas.RegistryPath: {value(`HKLM\B`)}}
	trace := set.explain(ev, set.roots[0], set.rules[0].Condition)
	var got []string
	for _, r := range trace.Reasons() {
		text := "-"
		if r.Value != nil {
			text = r.Value.Text
		}
		got = append(got, fmt.Sprintf("%v by %s", r.Expr, text))
	}
	want := []string{`registry.path : "*\b" by HKLM\B`, `true by -`}
	if !slices.Equal(got, want) {
		t.Errorf("reasons %q, want %q", got, want)
	}
	if !trace.Parts[1].Parts[0].Parts[0].Holds {
		t.Error("a leaf below a Not was not evaluated")
	}
	if reasons := set.explain(record{}, set.roots[0], set.rules[0].Condition).Reasons(); reasons != nil {
		t.Errorf("reasons %v of a condition that does not hold", reasons)
	}
}

// synthetic returns n rules in the manner of public ones: most say where a
// path contains or ends in something, many with an image or data beside it.
func synthetic(n int) []Rule {
	g := gen{newRand()}
	words := []string{"Office", "Outlook", "Security", "Options", "Providers", "Lsa", "Print", "Monitors", "Terminal Server", "Debugger", "Shell", "Command", "Handler", "Clsid", "InprocServer32", "AppCert", "Winlogon", "Notify", "Run", "Load"}
	name := func() string { return fmt.Sprintf("%s%04d", words[g.IntN(len(words))], g.IntN(5000)) }
	rules := make([]Rule, n)
	for i := range rules {
		var paths Or
		for range 1 + g.IntN(3) {
			star := Token{Kind: Star}
			lit := Token{Kind: Literal, Literal: `\Software\Microsoft\Windows\CurrentVersion\` + name() + `\` + name()}
			if g.IntN(2) == 0 {
				lit.Literal = `\` + name() + `\` + name() + `\`
			}
			tokens := []Token{star, lit}
			if g.IntN(3) > 0 {
				tokens = append(tokens, star)
			}
			paths = append(paths, Match{Field: schemas.RegistryPath, Pattern: NewPattern(tokens...)})
		}
		x := And{paths}
		if g.IntN(2) == 0 {
			x = append(x, Not{Match{Field: schemas.ProcessExecutable, Pattern: NewPattern(Token{Kind: Star}, Token{Kind: Literal, Literal: `\` + name() + `.exe`})}})
		}
		if g.IntN(2) == 0 {
			x = append(x, Match{Field: schemas.RegistryDataStrings, Pattern: literal(fmt.Sprintf("DWORD (0x%08x)", g.IntN(3)))})
		}
		rules[i] = Rule{x, schemas.AllActions}
	}
	return rules
}

func BenchmarkMatch(b *testing.B) {
	events := []*schemas.Event{
		valueSet(`C:\Windows\explorer.exe`, `HKU\S-1-5-21-1-2-3-1001\Software\Microsoft\Windows\CurrentVersion\Explorer\UserAssist\{CEBFF5CD-ACE2-4F4F-9178-9926F41749EA}\Count\pzq.rkr`, `Binary Data`),
		valueSet(`C:\Windows\system32\svchost.exe`, `HKLM\System\CurrentControlSet\Services\bam\State\UserSettings\S-1-5-21-1-2-3-1001\SequenceNumber`, `DWORD (0x00000004)`),
		valueSet(`C:\Windows\System32\wbem\WmiPrvSE.exe`, `HKLM\Software\Microsoft\Windows\CurrentVersion\Authentication\LogonUI\LastLoggedOnUser`, `CORP\ana`),
	}
	for _, n := range []int{0, 300, 10_000} {
		rules := append(synthetic(n), pack(b))
		b.Run(fmt.Sprintf("rules=%d", len(rules)), func(b *testing.B) {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			set, err := Compile(rules)
			if err != nil {
				b.Fatal(err)
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			m := set.NewMatcher()
			var dst []int32
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				dst = m.Match(dst[:0], events[i%len(events)])
				i++
			}
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(len(rules)), "B/rule")
			runtime.KeepAlive(set)
		})
	}
}

// pack returns a rule of the form and the size of the built-in one: 24 paths.
func pack(t testing.TB) Rule {
	t.Helper()
	var paths Or
	for _, hive := range []string{`HKLM\`, `HKEY_USERS\*\`} {
		for _, s := range []string{
			`Software\Microsoft\Windows\CurrentVersion\Run\*`, `Software\Microsoft\Windows\CurrentVersion\RunOnce\*`,
			`Software\Microsoft\Windows\CurrentVersion\Policies\Explorer\Run\*`, `SYSTEM\*ControlSet*\Services\*\ImagePath`,
			`SYSTEM\*ControlSet*\Services\*\ServiceDLL`, `Environment\UserInitMprLogonScript`,
			`Software\Microsoft\Windows NT\CurrentVersion\Winlogon\Shell`, `Software\Microsoft\Windows NT\CurrentVersion\Windows\Load`,
			`Software\Policies\Microsoft\Windows\System\Scripts\Logon\Script`, `Software\Microsoft\Ctf\LangBarAddin\*\FilePath`,
			`Software\Microsoft\Internet Explorer\Extensions\*\Exec`, `Software\Microsoft\Command Processor\Autorun`,
		} {
			paths = append(paths, Match{Field: schemas.RegistryPath, Pattern: parsePattern(t, hive+s)})
		}
	}
	return Rule{And{paths, Exists{Field: schemas.RegistryDataStrings}}, schemas.AllActions}
}

func BenchmarkCompile(b *testing.B) {
	rules := synthetic(10_000)
	for b.Loop() {
		if _, err := Compile(rules); err != nil {
			b.Fatal(err)
		}
	}
}
