package rules

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/regtrap/regtrap/schemas"
)

// categories are Sigma's log sources of registry events.
func categories() map[string]schemas.Actions {
	return map[string]schemas.Actions{
		"registry_set":    schemas.ActionSet(schemas.ValueSet),
		"registry_add":    schemas.ActionSet(schemas.KeyCreated),
		"registry_delete": schemas.ActionSet(schemas.KeyDeleted, schemas.ValueDeleted),
		"registry_rename": schemas.ActionSet(schemas.KeyRenamed, schemas.ValueRenamed),
		// Everything that Sysmon reports; reads are no Sysmon event.
		"registry_event": schemas.ActionSet(schemas.ValueSet, schemas.KeyCreated, schemas.KeyDeleted,
			schemas.ValueDeleted, schemas.KeyRenamed, schemas.ValueRenamed, schemas.ActionUnknown),
	}
}

var uuid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// document reads one Sigma document: a rule or an exception. Both are nil when
// it cannot be used.
func (r *reader) document(root *yaml.Node) (*Rule, *exception) {
	if root.Kind != yaml.MappingNode {
		r.problem(root, CodeAttribute, "not a Sigma rule but a list or a text", "a map with title, id, logsource, detection and level")
		return nil, nil
	}
	filter := false
	for i := 0; i+1 < len(root.Content); i += 2 {
		if k := root.Content[i]; k.Kind == yaml.ScalarNode {
			if v := root.Content[i+1]; k.Value == "title" || k.Value == "id" && r.rule == "" {
				r.rule = v.Value
			}
			filter = filter || k.Value == "filter"
		}
	}
	if !r.expand(root) {
		return nil, nil
	}
	if filter {
		return nil, r.exception(root)
	}
	return r.sigma(root), nil
}

// sigma reads one Sigma rule, or returns nil when it cannot be used.
func (r *reader) sigma(root *yaml.Node) *Rule {
	rule := &Rule{File: r.file, Line: root.Line, Severity: Informational}
	found := make(map[string]*yaml.Node)
	for key, value := range r.mapping(root, "the rule") {
		switch key.Value {
		case "action", "global":
			r.problem(key, CodeUnsupported, fmt.Sprintf("%s: rule collections (action: %s) ended with Sigma 2", key.Value, value.Value), "a rule of its own, complete")
			return nil
		case "correlation":
			r.problem(key, CodeUnsupported, "correlation rules are not supported: "+cmp.Or(r.rule, "it has no title"), "a rule on one event")
			return nil
		}
		found[key.Value] = value
	}
	misspelled := r.misspelled(root, found)
	for _, name := range []string{"title", "id", "level", "logsource", "detection"} {
		if n := found[name]; n == nil || n.ShortTag() == "!!null" {
			if key := misspelled[name]; key != nil {
				r.problem(key, CodeAttribute, fmt.Sprintf("the rule has no %s, but %s", name, key.Value), name)
			} else {
				r.problem(root, CodeAttribute, "the rule has no "+name, name+": …")
			}
			delete(found, name)
			delete(misspelled, name)
		}
	}
	for _, name := range attributes() {
		key := misspelled[name]
		if key == nil {
			continue
		}
		r.warn(key, CodeAttribute, fmt.Sprintf("%s is no attribute of Sigma, and is passed over", key.Value), name)
	}
	r.metadata(rule, found)
	if n := found["logsource"]; n != nil {
		rule.Actions, rule.category = r.logsource(n, false)
	}
	if n := found["detection"]; n != nil {
		rule.Condition = r.detection(n, "detection")
	}
	if n := found["regtrap"]; n != nil {
		r.extra(rule, n)
	}
	if len(r.problems) > 0 {
		return nil
	}
	rule.Warnings = r.warnings
	for i := range rule.Warnings {
		rule.Warnings[i].Rule = rule.Name
	}
	return rule
}

// misspelled returns keys that are most likely meant as attributes that the rule
// does not have, by those. Others may have any name.
func (r *reader) misspelled(root *yaml.Node, found map[string]*yaml.Node) map[string]*yaml.Node {
	keys := make(map[string]*yaml.Node)
	known := attributes()
	for key := range r.mapping(root, "the rule") {
		if name := nearest(key.Value, known); name != "" && found[name] == nil {
			keys[name] = key
		}
	}
	return keys
}

// metadata reads what a rule says about itself.
func (r *reader) metadata(rule *Rule, found map[string]*yaml.Node) {
	rule.Ruleset = "sigma"
	text := func(name string) string {
		if n := found[name]; n != nil {
			return strings.TrimSpace(r.text(n, name))
		}
		return ""
	}
	texts := func(name string) []string {
		if n := found[name]; n != nil {
			return r.texts(n, name)
		}
		return nil
	}
	rule.Name = text("title")
	rule.name = text("name")
	rule.Description = text("description")
	rule.License = text("license")
	rule.Author = text("author")
	rule.References = texts("references")
	rule.FalsePositives = texts("falsepositives")
	rule.Tags = texts("tags")
	for i, tag := range rule.Tags {
		if attackTag.MatchString(tag) {
			r.warn(tagNode(found["tags"], i), CodeAttack, fmt.Sprintf("tag %q names no place in ATT&CK, as it lacks the namespace", tag), "attack."+strings.ToLower(tag))
		}
	}
	var unknown []int
	rule.Threat, unknown = threat(rule.Tags)
	for _, i := range unknown {
		n := tagNode(found["tags"], i)
		r.warn(n, CodeAttack, fmt.Sprintf("ATT&CK has no %q", strings.TrimPrefix(strings.ToLower(n.Value), "attack.")), "a tactic or technique of ATT&CK Enterprise 19")
	}
	rule.Version = text("modified")
	if rule.Version == "" {
		rule.Version = text("date")
	}
	if n := found["id"]; n != nil {
		r.places.idAt(place{n.Line, n.Column})
		if rule.ID = strings.ToLower(text("id")); !uuid.MatchString(rule.ID) {
			r.problem(n, CodeAttribute, fmt.Sprintf("id %q is no UUID", n.Value), "id: as in "+`"6f9619ff-8b86-4d01-b42d-00cf4fc964ff"`)
		}
	}
	statuses := []string{"stable", "test", "experimental", "deprecated", "unsupported"}
	if rule.Status = text("status"); rule.Status != "" && !slices.Contains(statuses, rule.Status) {
		r.problem(found["status"], CodeAttribute, fmt.Sprintf("status %q is unknown", rule.Status), suggest(rule.Status, statuses))
	}
	if n := found["level"]; n != nil {
		level := slices.Index(severities(), text("level"))
		if level < 0 {
			r.problem(n, CodeAttribute, fmt.Sprintf("level %q is unknown", n.Value), suggest(n.Value, severities()))
			level = 0
		}
		rule.Severity = Severity(level)
		rule.RiskScore = rule.Severity.Score()
	}
}

// attackTag is a technique, sub-technique or tactic without attack. before it.
var attackTag = regexp.MustCompile(`(?i)^(t[0-9]{4}(\.[0-9]{3})?|ta[0-9]{4})$`)

// tagNode returns the node of tag i; null is no tag.
func tagNode(node *yaml.Node, i int) *yaml.Node {
	if node.Kind != yaml.SequenceNode {
		return node
	}
	for _, n := range node.Content {
		if n.ShortTag() == "!!null" {
			continue
		}
		if i == 0 {
			return n
		}
		i--
	}
	return node
}

func severities() []string {
	var names []string
	for s := Informational; s <= Critical; s++ {
		names = append(names, s.String())
	}
	return names
}

// logsource returns the actions and the category of a log source. That of an
// exception may have none, and so mean every category.
func (r *reader) logsource(node *yaml.Node, exception bool) (actions schemas.Actions, category string) {
	for key, value := range r.mapping(node, "logsource") {
		text := r.text(value, key.Value)
		switch key.Value {
		case "category":
			category = text
			var ok bool
			if actions, ok = categories()[text]; !ok {
				r.problem(value, CodeLogsource, fmt.Sprintf("logsource category %q holds no registry events", text),
					suggest(text, slices.Sorted(maps.Keys(categories()))))
			}
		case "product":
			if text != "windows" {
				r.problem(value, CodeLogsource, fmt.Sprintf("logsource product %q has no registry", text), "product: windows")
			}
		case "definition":
		default:
			r.problem(key, CodeLogsource, fmt.Sprintf("logsource %s %q is not supported", key.Value, text), "category: registry_set (or _add, _delete, _rename, _event), product: windows")
		}
	}
	if category == "" && !exception && node.Kind == yaml.MappingNode {
		r.problem(node, CodeLogsource, "the logsource has no category", "category: registry_set (or _add, _delete, _rename, _event)")
	}
	return actions, category
}

// extra reads the attributes of regtrap's own, see the package comment.
func (r *reader) extra(rule *Rule, node *yaml.Node) {
	for key, value := range r.mapping(node, "regtrap") {
		switch key.Value {
		case "risk_score":
			n, err := strconv.Atoi(r.text(value, "risk_score"))
			if err != nil || n < 0 || n > 100 {
				r.problem(value, CodeAttribute, fmt.Sprintf("risk_score %q is no score", value.Value), "an integer from 0 to 100")
			}
			rule.RiskScore = n
		case "note":
			rule.Note = r.text(value, "note")
		case "tags":
			rule.Tags = r.texts(value, "tags")
		case "supersedes":
			for _, n := range r.oneOrMore(value, "supersedes") {
				id := strings.ToLower(n.Value)
				if !uuid.MatchString(id) {
					r.problem(n, CodeAttribute, fmt.Sprintf("supersedes %q, which is no UUID", n.Value), "the id of a rule")
				}
				rule.Supersedes = append(rule.Supersedes, id)
			}
		default:
			r.problem(key, CodeAttribute, fmt.Sprintf("regtrap has no attribute %q", key.Value), "risk_score, note, tags, supersedes")
		}
	}
}
