package rules

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/regtrap/regtrap/schemas"
)

func ruleID(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

// choiceOf parses a choice: include, exclude, severity or risk, each before
// its text.
func choiceOf(t testing.TB, texts ...string) Choice {
	t.Helper()
	var c Choice
	for _, text := range texts {
		kind, text, _ := strings.Cut(text, " ")
		var s Selector
		var o Override
		var err error
		switch kind {
		case "include":
			s, err = ParseSelector("--include", text)
			c.Include = append(c.Include, s)
		case "exclude":
			s, err = ParseSelector("--exclude", text)
			c.Exclude = append(c.Exclude, s)
		case "severity":
			o, err = ParseSeverityOverride("--severity", text)
			c.Overrides = append(c.Overrides, o)
		case "risk":
			o, err = ParseRiskOverride("--risk", text)
			c.Overrides = append(c.Overrides, o)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// choiceSources are five rules in four files.
func choiceSources() []source {
	rule := func(n int, level, status, tags string) string {
		return sigmaRule("6f9619ff-8b86-4d01-b42d-00cf4fc964ff", ruleID(n), "status: test\n", status, "level: low", "level: "+level+"\ntags: ["+tags+"]",
			"title: Small rule", fmt.Sprintf("title: Rule %d", n))
	}
	return []source{
		{"pack/one.yml", []byte(rule(1, "high", "status: stable\n", "attack.persistence, attack.t1547.001")), true},
		{"/etc/rules/two.yml", []byte(rule(2, "low", "status: test\n", "attack.privilege_escalation, attack.t1547") + "---\n" + rule(3, "medium", "", "cve.2021.1675")), false},
		{"/etc/rules/deprecated/four.yml", []byte(rule(4, "critical", "status: deprecated\n", "attack.t1112")), false},
		{"/etc/rules/deprecated/old/five.yml", []byte(rule(5, "informational", "status: experimental\n", "attack.ta0005")), false},
	}
}

func TestRulesAreChosen(t *testing.T) {
	for _, tt := range []struct {
		choice string // separated by ;
		want   string // numbers of the rules that run
	}{
		{"", "12345"},
		{"include level=high", "1"},
		{"include level=HIGH+", "14"},
		{"include level=low;include level=high+", "124"},
		{"exclude level=informational", "1234"},
		{"include level=informational+", "12345"},
		{"include status=stable;include status=test", "12"},
		{"exclude status=deprecated;exclude status=experimental", "123"},
		{"include status=", "3"},
		{"exclude status=", "1245"},
		{"include tag=attack.t1547*", "12"},
		{"include tag=ATTACK.T1547.001", "1"},
		{"include tag=T1547", "12"},        // a sub-technique brings its technique along
		{"include tag=attack.ta0003", "1"}, // by id, though the rule has the name
		{"include tag=attack.privilege-escalation", "2"},
		{"include tag=attack.privilege_escalation", "2"},
		{"include tag=cve.*.1675", "3"},
		{"include tag=attack.t154?", "12"},
		{"include tag=attack.stealth", "5"},
		{"include tag=attack.defense-evasion", "5"}, // as it was called
		{"include tag=stealth", ""},
		{"include id=" + ruleID(4), "4"},
		{"exclude id=" + strings.ToUpper(ruleID(4)), "1235"},
		{"include file=two.yml", "23"},
		{"include file=wo.yml", ""},
		{"include file=TWO.yml", ""},
		{"exclude file=deprecated/*", "123"},
		{"exclude file=/etc/*", "1"},
		{"include file=/etc/rules/*/four.yml", "4"},
		{"include file=f???.yml", "45"},
		{"include ruleset=pack", "1"},
		{"exclude ruleset=Pack", "2345"},
		{"include ruleset=elastic;include ruleset=sigma", "2345"},
		// One of each key that is named must fit.
		{"include level=medium+;include ruleset=sigma", "34"},
		{"include level=medium+;include status=test;include status=stable", "1"},
		// What is excluded is out, whatever includes it.
		{"include id=" + ruleID(1) + ";exclude level=high", ""},
		{"include level=high+;exclude tag=t1112", "1"},
		// A level is that of the alerts.
		{"include level=high+;severity " + ruleID(5) + "=high", "145"},
		{"include level=high+;severity " + ruleID(1) + "=low", "4"},
	} {
		var texts []string
		if tt.choice != "" {
			texts = strings.Split(tt.choice, ";")
		}
		s, _, err := load(choiceSources(), choiceOf(t, texts...))
		if tt.want == "" {
			if err == nil || !strings.Contains(err.Error(), " none of the 5 rules") {
				t.Errorf("%s: %v: want an error that nothing is left", tt.choice, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.choice, err)
			continue
		}
		got := ""
		for _, r := range s.Rules {
			got += r.ID[len(r.ID)-1:]
		}
		if got != tt.want {
			t.Errorf("%s: rules %s: want %s", tt.choice, got, tt.want)
		}
	}
}

func TestWhatNoRuleAnswersToIsReported(t *testing.T) {
	s, problems, err := load(choiceSources(), choiceOf(t,
		"include level=low+", "exclude id="+ruleID(9), "exclude file=six.yml", "exclude tag=attack.t9999", "exclude status=unsupported",
		"severity "+ruleID(8)+"=low", "risk "+ruleID(7)+"=3", "exclude ruleset=elastic"))
	if err != nil || len(s.Rules) != 4 {
		t.Fatal(len(s.Rules), err)
	}
	var got []string
	for _, p := range problems {
		if !p.Warning || p.Code != CodeChoice {
			t.Errorf("%+v", p)
		}
		got = append(got, p.String())
	}
	want := []string{
		"--exclude: warning: id=" + ruleID(9) + ": no rule has this id: the id of a rule that is read",
		"--exclude: warning: file=six.yml: no rule is from such a file: a path as regtrap rules shows it, or its end; * is any text",
		"--exclude: warning: tag=attack.t9999: no rule has such a tag: a tag of a rule that is read; * is any text",
		"--severity: warning: " + ruleID(8) + ": no rule has this id: the id of a rule that is read",
		"--risk: warning: " + ruleID(7) + ": no rule has this id: the id of a rule that is read",
	}
	if !slices.Equal(got, want) {
		t.Errorf("problems\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestSeverityAndRiskAreOverridden(t *testing.T) {
	plain, _, err := load(choiceSources(), Choice{})
	if err != nil {
		t.Fatal(err)
	}
	id := ruleID(2) // low, so 21
	for _, tt := range []struct {
		choice   string
		severity Severity
		risk     int
		same     bool // hash
	}{
		{"severity " + id + "=high", High, 73, false},
		{"severity " + id + "=Critical", Critical, 99, false},
		{"severity " + id + "=low", Low, 21, true},
		{"risk " + id + "=80", Low, 80, false},
		{"risk " + id + "=21", Low, 21, true},
		{"severity " + id + "=high;risk " + id + "=0", High, 0, false},
		{"risk " + id + "=0;severity " + id + "=high", High, 0, false},
		{"risk " + id + "=21;severity " + id + "=high", High, 21, false},
		{"risk " + strings.ToUpper(id) + "=100", Low, 100, false},
	} {
		s, problems, err := load(choiceSources(), choiceOf(t, strings.Split(tt.choice, ";")...))
		if err != nil || len(problems) > 0 {
			t.Fatal(err, problems)
		}
		r, was := s.Rules[1], plain.Rules[1]
		if r.Severity != tt.severity || r.RiskScore != tt.risk {
			t.Errorf("%s: %s %d: want %s %d", tt.choice, r.Severity, r.RiskScore, tt.severity, tt.risk)
		}
		if (r.Hash == was.Hash) != tt.same || (s.Hash == plain.Hash) != tt.same {
			t.Errorf("%s: hashes %s of %s, %s of %s: want the same: %v", tt.choice, r.Hash, was.Hash, s.Hash, plain.Hash, tt.same)
		}
		if s.Rules[0].Hash != plain.Rules[0].Hash {
			t.Errorf("%s: another rule's hash changed", tt.choice)
		}
	}
}

func TestAGivenRiskScoreDoesNotFollowTheSeverity(t *testing.T) {
	text := sigmaRule("level: low", "level: low\nregtrap: {risk_score: 40}")
	s, _, err := load([]source{{"f.yml", []byte(text), false}}, choiceOf(t, "severity 6f9619ff-8b86-4d01-b42d-00cf4fc964ff=high"))
	if err != nil || s.Rules[0].RiskScore != 40 || s.Rules[0].Severity != High {
		t.Errorf("%s %d, %v: want high, 40", s.Rules[0].Severity, s.Rules[0].RiskScore, err)
	}
}

func TestAnExceptionMayNameARuleThatIsNotChosen(t *testing.T) {
	sources := append(choiceSources(), source{"filter.yml", []byte(`title: Known
logsource: {product: windows, category: registry_set}
filter:
    rules: ["` + ruleID(2) + `"]
    selection: {Details: y}
    condition: not selection
`), false})
	s, problems, err := load(sources, choiceOf(t, "exclude id="+ruleID(2)))
	if err != nil || len(problems) > 0 || len(s.Rules) != 4 || s.Exceptions["filter.yml"] != 1 {
		t.Errorf("%v, %v: want no complaint", problems, err)
	}
}

// A copy of a rule of the pack, changed, runs when the pack's own is out.
func TestARuleThatIsOutLeavesItsIDToAnother(t *testing.T) {
	sources := choiceSources()
	sources = append(sources, source{"mine.yml", []byte(sigmaRule("6f9619ff-8b86-4d01-b42d-00cf4fc964ff", ruleID(1))), false})
	_, problems, err := load(sources, Choice{})
	if err != nil || len(problems) != 1 || problems[0].Code != CodeDuplicateID {
		t.Fatal(problems, err)
	}
	s, problems, err := load(sources, choiceOf(t, "exclude ruleset=pack"))
	if err != nil || len(problems) > 0 || len(s.Rules) != 5 || s.Rules[4].File != "mine.yml" {
		t.Errorf("%d rules, %v, %v: want the rule of mine.yml among them", len(s.Rules), problems, err)
	}
}

func TestADisabledSpecialCaseLeavesTheFirstRulesAlert(t *testing.T) {
	event := func() *schemas.Event {
		d := schemas.NewDecoder()
		d.Reset([]byte(`{"EventID":13,"Image":"C:\\Windows\\System32\\wbem\\WmiPrvSE.exe","TargetObject":"HKLM\\Software\\Microsoft\\Windows\\CurrentVersion\\Run\\u","Details":"C:\\u.exe"}`))
		ev, _ := d.Next()
		return ev
	}
	const special = "Detect WMI Registry Persistence via Run Keys"
	pack, _, err := Load(Config{Pack: true})
	if err != nil {
		t.Fatal(err)
	}
	alerts := func(s *Snapshot) (names []string) {
		for _, h := range s.Fold(nil, s.Set.NewMatcher().Match(nil, event())) {
			names = append(names, fmt.Sprint(h.Rule.Name, len(h.Related)))
		}
		return names
	}
	if got := alerts(pack); !slices.Equal(got, []string{special + "1"}) {
		t.Fatalf("alerts %q", got)
	}
	i := slices.IndexFunc(pack.Rules, func(r *Rule) bool { return r.Name == special })
	s, _, err := Load(Config{Pack: true, Choice: choiceOf(t, "exclude id="+pack.Rules[i].ID)})
	if err != nil {
		t.Fatal(err)
	}
	if got := alerts(s); !slices.Equal(got, []string{"Persistence via WMI Standard Registry Provider0"}) {
		t.Errorf("alerts %q: want the first rule's", got)
	}
}

func TestMistakesOfAChoiceSayWhatIsAllowed(t *testing.T) {
	selector := func(text string) error { _, err := ParseSelector("--include", text); return err }
	severity := func(text string) error { _, err := ParseSeverityOverride("--severity", text); return err }
	risk := func(text string) error { _, err := ParseRiskOverride("--risk", text); return err }
	for _, tt := range []struct {
		err  error
		want string
	}{
		{selector("high"), `--include: "high": no =: want KEY=VALUE`},
		{selector(""), `--include: "": no =`},
		{selector("lvl=high"), `rules have no "lvl": want KEY=VALUE, KEY one of level`},
		{selector("level=severe"), `level "severe" is unknown: want informational, low`},
		{selector("level=+"), `level "" is unknown`},
		{selector("level=high-"), `level "high-" is unknown`},
		{selector("level="), "no value"},
		{selector("status=done"), "no such status: want stable, test"},
		{selector("id=run-keys"), "no UUID: want the id of a rule"},
		{selector("ruleset=custom"), "no such ruleset: want pack, sigma, elastic"},
		{severity(ruleID(1)), "no =: want ID=LEVEL"},
		{severity("x=high"), `"x" is no UUID`},
		{severity(ruleID(1) + "=severe"), `level "severe" is unknown`},
		{severity(ruleID(1) + "=high+"), `level "high+" is unknown`},
		{risk(ruleID(1) + "=101"), `"101" is no score: want ID=SCORE, SCORE an integer from 0 to 100`},
		{risk(ruleID(1) + "=-1"), `"-1" is no score`},
		{risk(ruleID(1) + "=high"), `"high" is no score`},
	} {
		var e *ChoiceError
		if !errors.As(tt.err, &e) || !strings.Contains(e.Error(), tt.want) {
			t.Errorf("%v: want %s", tt.err, tt.want)
		}
	}
}

func TestEveryMistakeOfAChoiceIsReported(t *testing.T) {
	c, errs := ParseChoice(ChoiceTexts{
		Include: []string{"level=severe", "level=high"}, Exclude: []string{"id=x"},
		Severity: []string{ruleID(1) + "=low", ruleID(2) + "=low", strings.ToUpper(ruleID(1)) + "=high"},
		Risk:     []string{ruleID(1) + "=3", ruleID(2) + "=300"},

		IncludeFrom: "--include", ExcludeFrom: "--exclude", SeverityFrom: "--severity", RiskFrom: "--risk",
	})
	var got []string
	for _, err := range errs {
		from, _, _ := strings.Cut(err.Error(), ":")
		got = append(got, from)
	}
	if want := []string{"--include", "--exclude", "--severity", "--risk"}; !slices.Equal(got, want) {
		t.Errorf("%v: want a mistake of each of %q", errs, want)
	}
	if len(c.Include) != 1 || len(c.Exclude) != 0 || len(c.Overrides) != 3 {
		t.Errorf("read %+v", c)
	}
}

func FuzzParseSelector(f *testing.F) {
	for _, text := range []string{"level=high+", "tag=attack.t1547*", "file=a/*.yml", "status=", "id=" + ruleID(1), "=", "level=+", "tag=\xff*"} {
		f.Add(text)
	}
	s, _, err := load(choiceSources(), Choice{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		sel, err := ParseSelector("--include", text)
		if err != nil {
			return
		}
		again, err := ParseSelector("--include", sel.String())
		if err != nil || again != sel {
			t.Errorf("%q is read as %+v, and that as %+v, %v", text, sel, again, err)
		}
		for _, r := range s.Rules {
			sel.fits(r)
		}
	})
}

func ExampleParseChoice() {
	choice, errs := ParseChoice(ChoiceTexts{
		Include: []string{"level=high+", "tag=attack.t1543*"}, IncludeFrom: "--include",
		Risk: []string{"d6ad9b22-9f4d-4a9b-a4a0-0b9e7c5f3a11"}, RiskFrom: "--risk",
	})
	fmt.Println(errs[0])
	s, _, err := Load(Config{Pack: true, Choice: choice})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range s.Rules {
		fmt.Println(r.Name)
	}
	// Output:
	// --risk: "d6ad9b22-9f4d-4a9b-a4a0-0b9e7c5f3a11": no =: want ID=SCORE, SCORE an integer from 0 to 100
	// Persistence via WMI Standard Registry Provider
	// Detect WMI Registry Persistence via Service ImagePath Modification
}
