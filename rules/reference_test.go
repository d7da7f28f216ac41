package rules

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/regtrap/regtrap/schemas"
)

// This file is an evaluator of Sigma written straight from the specification:
// a YAML document against an event that is a map from field to text. It shares
// no code with the package, knows no speed, and reads only what the generator
// below writes.

type plainEvent map[string]string

// refRule evaluates a rule's detection.
func refRule(detection map[string]any, ev plainEvent) bool {
	conditions, ok := detection["condition"].([]any)
	if !ok {
		conditions = []any{detection["condition"]}
	}
	for _, c := range conditions {
		// Words, and parentheses as words of their own.
		text := strings.NewReplacer("(", " ( ", ")", " ) ").Replace(c.(string))
		words := strings.Fields(text)
		if refOr(&words, detection, ev) {
			return true
		}
	}
	return false
}

func refOr(words *[]string, d map[string]any, ev plainEvent) bool {
	holds := refAnd(words, d, ev)
	for len(*words) > 0 && (*words)[0] == "or" {
		*words = (*words)[1:]
		right := refAnd(words, d, ev)
		holds = holds || right
	}
	return holds
}

func refAnd(words *[]string, d map[string]any, ev plainEvent) bool {
	holds := refNot(words, d, ev)
	for len(*words) > 0 && (*words)[0] == "and" {
		*words = (*words)[1:]
		right := refNot(words, d, ev)
		holds = holds && right
	}
	return holds
}

func refNot(words *[]string, d map[string]any, ev plainEvent) bool {
	w := (*words)[0]
	*words = (*words)[1:]
	switch {
	case w == "not":
		return !refNot(words, d, ev)
	case w == "(":
		holds := refOr(words, d, ev)
		*words = (*words)[1:] // )
		return holds
	case len(*words) > 1 && (*words)[0] == "of":
		pattern := (*words)[1]
		*words = (*words)[2:]
		n, total := 0, 0
		for name, s := range d {
			if name == "condition" || strings.HasPrefix(name, "_") && !strings.HasPrefix(pattern, "_") {
				continue
			}
			glob := "^" + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*") + "$"
			if pattern == "them" || regexp.MustCompile(glob).MatchString(name) {
				total++
				if refSelection(s, ev) {
					n++
				}
			}
		}
		if w == "all" {
			return n == total
		}
		return n > 0
	}
	return refSelection(d[w], ev)
}

func refSelection(s any, ev plainEvent) bool {
	switch s := s.(type) {
	case map[string]any:
		for key, value := range s {
			if !refItem(key, value, ev) {
				return false
			}
		}
		return true
	case []any:
		for _, e := range s {
			if refSelection(e, ev) {
				return true
			}
		}
		return false
	}
	return refItem("", s, ev)
}

func refItem(key string, value any, ev plainEvent) bool {
	parts := strings.Split(key, "|")
	values, ok := value.([]any)
	if !ok {
		values = []any{value}
	}
	all, neq := false, false
	for _, m := range parts[1:] {
		all, neq = all || m == "all", neq || m == "neq"
	}
	n := 0
	for _, v := range values {
		if refValue(parts[0], parts[1:], v, ev) {
			n++
		}
	}
	return neq != (n == len(values) || !all && n > 0)
}

func refValue(field string, modifiers []string, value any, ev plainEvent) bool {
	texts := []string{}
	if field == "" {
		for _, t := range ev {
			texts = append(texts, t)
		}
	} else if t, ok := ev[field]; ok {
		texts = append(texts, t)
	}
	if value == nil {
		return len(texts) == 0
	}
	patterns := []string{""} // regular expressions without anchors
	cased, kind, position := false, "", ""
	source := fmt.Sprint(value)
	patterns[0] = refPattern(source)
	for _, m := range modifiers {
		switch m {
		case "contains", "startswith", "endswith":
			position = m
		case "cased":
			cased = true
		case "re", "i", "exists", "gt", "gte", "lt", "lte", "fieldref", "cidr":
			kind += m
		case "windash":
			// One dash at most is in what the generator writes.
			if source != "" && source[0] == '-' {
				rest := refPattern(source[1:])
				patterns = []string{"-" + rest, "/" + rest, "–" + rest, "—" + rest, "―" + rest}
			}
		case "wide":
			var wide []byte
			for _, c := range []byte(source) {
				wide = append(wide, c, 0)
			}
			source = string(wide)
			patterns = []string{regexp.QuoteMeta(source)}
		case "base64":
			source = base64.StdEncoding.EncodeToString([]byte(source))
			patterns = []string{regexp.QuoteMeta(source)}
		}
	}
	switch kind {
	case "exists":
		return (len(texts) > 0) == value.(bool)
	case "re", "rei":
		for _, t := range texts {
			if regexp.MustCompile(map[string]string{"re": "", "rei": "(?i)"}[kind] + source).MatchString(t) {
				return true
			}
		}
		return false
	case "fieldref":
		other, ok := ev[source]
		for _, t := range texts {
			t, other := strings.ToUpper(t), strings.ToUpper(other)
			if ok && map[string]bool{
				"": t == other, "contains": strings.Contains(t, other),
				"startswith": strings.HasPrefix(t, other), "endswith": strings.HasSuffix(t, other),
			}[position] {
				return true
			}
		}
		return false
	case "cidr":
		for _, t := range texts {
			_, network, err := net.ParseCIDR(source)
			if ip := net.ParseIP(t); ip != nil && (err == nil && network.Contains(ip) || ip.Equal(net.ParseIP(source))) {
				return true
			}
		}
		return false
	case "gt", "gte", "lt", "lte":
		limit, _ := strconv.Atoi(source)
		for _, t := range texts {
			n, err := strconv.Atoi(t)
			if err == nil && (kind[0] == 'g' && n > limit || kind[0] == 'l' && n < limit || len(kind) == 3 && n == limit) {
				return true
			}
		}
		return false
	}
	for _, p := range patterns {
		if position == "contains" || position == "endswith" || position == "" && field == "" {
			p = ".*" + p
		}
		if position == "contains" || position == "startswith" || position == "" && field == "" {
			p += ".*"
		}
		flags := "(?si)"
		if cased {
			flags = "(?s)"
		}
		re := regexp.MustCompile(flags + "^(?:" + p + ")$")
		for _, t := range texts {
			if re.MatchString(t) {
				return true
			}
		}
	}
	return false
}

// refPattern makes a regular expression of a value by the table of escapes.
func refPattern(s string) string {
	var b strings.Builder
	for s != "" {
		n := 1
		switch {
		case strings.HasPrefix(s, `\\`), strings.HasPrefix(s, `\*`), strings.HasPrefix(s, `\?`):
			b.WriteString(regexp.QuoteMeta(s[1:2]))
			n = 2
		case s[0] == '*':
			b.WriteString(".*")
		case s[0] == '?':
			b.WriteString(".")
		default:
			b.WriteString(regexp.QuoteMeta(s[:1]))
		}
		s = s[n:]
	}
	return b.String()
}

// refFields are fields that have one text, and a number as process ids do.
var refFields = map[string]schemas.Field{
	"RuleName": schemas.RuleName, "CommandLine": schemas.ProcessCommandLine, "ParentCommandLine": schemas.ProcessParentCommandLine,
	"OriginalFileName": schemas.ProcessOriginalFileName, "ProcessId": schemas.ProcessPID,
}

var refNames = []string{"RuleName", "CommandLine", "ParentCommandLine", "OriginalFileName"}

// TestRandomRulesAgreeWithTheSpecification compares the compiled set with the
// evaluator above. REGTRAP_SIGMA_PAIRS sets how many pairs of rule and event
// are tried.
func TestRandomRulesAgreeWithTheSpecification(t *testing.T) {
	const rules, seed = 100, 2
	pairs := 30_000
	if n, err := strconv.Atoi(os.Getenv("REGTRAP_SIGMA_PAIRS")); err == nil {
		pairs = n
	}
	g := generator{rand.New(rand.NewPCG(seed, seed))}
	held, bad := 0, 0
	for done := 0; done < pairs && bad < 5; {
		var file bytes.Buffer
		var texts []string
		var parsed [rules]struct{ Detection map[string]any }
		for i := range rules {
			d, err := yaml.Marshal(map[string]any{"detection": g.detection()})
			if err != nil {
				t.Fatal(err)
			}
			texts = append(texts, string(d))
			if err := yaml.Unmarshal(d, &parsed[i]); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&file, "---\ntitle: r%d\nid: 00000000-0000-0000-0000-%012d\nlevel: low\nlogsource: {category: registry_set}\n%s", i, i, d)
		}
		s, problems := loadText(t, "f.yml", file.String())
		if len(problems) > 0 || len(s.Rules) != rules {
			t.Fatalf("%d rules; %v", len(s.Rules), problems)
		}
		m := s.Set.NewMatcher()
		for range 100 {
			ev := g.event()
			fields := map[schemas.Field][]string{}
			for name, text := range ev {
				fields[refFields[name]] = []string{text}
			}
			event := schemas.BuildEvent(fields, schemas.ValueSet)
			// Keywords look into every field, also those that are derived.
			searched := plainEvent{}
			for name, f := range map[string]schemas.Field{"EventType": schemas.SysmonEventType, "EventID": schemas.SysmonEventID} {
				if v, ok := event.First(f); ok {
					searched[name] = v
				}
			}
			for name, text := range ev {
				searched[name] = text
			}
			got := map[int32]bool{}
			for _, h := range m.Match(nil, event) {
				got[h] = true
			}
			for i := range rules {
				want := refRule(parsed[i].Detection, searched)
				if want {
					held++
				}
				if done++; want != got[int32(i)] {
					bad++
					t.Errorf("%v\nthe rule fires: %v, by the specification %v\n%s%v", ev, got[int32(i)], want, texts[i], s.Rules[i].Condition)
				}
				if bad >= 5 {
					return
				}
			}
		}
	}
	if held < pairs/20 || held > pairs*19/20 {
		t.Errorf("of %d pairs %d held: too one-sided to show anything", pairs, held)
	}
}
