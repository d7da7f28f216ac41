package schemas

import (
	"bytes"
	"encoding/json"
	"time"
)

// ECSVersion is the version of the Elastic Common Schema that the alert's
// fields were checked against.
const ECSVersion = "9.4.0"

// Alert is the document that is published when a rule fires on an event: one
// JSON object in ECS field names, nested, described by alert.schema.json.
// What the event does not say is left out. Fields outside ECS are under
// Regtrap.
//
// An Alert owns its memory: it stays valid when the event is gone.
type Alert struct {
	Timestamp time.Time         `json:"@timestamp"` // when the event happened, UTC
	ECS       AlertECS          `json:"ecs"`
	Event     AlertEvent        `json:"event"`
	Message   string            `json:"message"` // one sentence, one line
	Tags      []string          `json:"tags,omitempty"`
	Labels    map[string]string `json:"labels,omitempty"` // static labels of the deployment
	Rule      AlertRule         `json:"rule"`
	Threat    *AlertThreat      `json:"threat,omitempty"`
	Registry  AlertRegistry     `json:"registry"`
	Process   *AlertProcess     `json:"process,omitempty"`
	User      *AlertUser        `json:"user,omitempty"`
	Host      AlertHost         `json:"host"`
	Related   *AlertRelated     `json:"related,omitempty"`
	Regtrap   AlertRegtrap      `json:"regtrap"`
}

// AlertECS names the version of ECS.
type AlertECS struct {
	Version string `json:"version"`
}

// AlertEvent is ECS event.*.
type AlertEvent struct {
	ID        string    `json:"id"`       // the alert id: also the Kafka key
	Kind      string    `json:"kind"`     // "alert"
	Category  []string  `json:"category"` // ["registry"]
	Type      []string  `json:"type,omitempty"`
	Action    string    `json:"action,omitempty"`
	Code      string    `json:"code,omitempty"`
	Provider  string    `json:"provider,omitempty"`
	Dataset   string    `json:"dataset,omitempty"`
	Severity  int       `json:"severity"`         // 5, 21, 47, 73 or 99
	RiskScore int       `json:"risk_score"`       // 0 to 100
	Created   time.Time `json:"created,omitzero"` // Kafka timestamp of the record
	Ingested  time.Time `json:"ingested"`         // when the alert was made
}

// AlertRule is ECS rule.*.
type AlertRule struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	// Author and Reference are arrays, as ECS has it for the author and as
	// rules have it for references.
	Author    []string `json:"author,omitempty"`
	License   string   `json:"license,omitempty"`
	Reference []string `json:"reference,omitempty"`
	Ruleset   string   `json:"ruleset"` // pack or sigma
	Version   string   `json:"version,omitempty"`
}

// AlertThreat is ECS threat.*: the arrays of one object are parallel.
type AlertThreat struct {
	Framework string          `json:"framework"` // "MITRE ATT&CK"
	Tactic    *AlertThreatRef `json:"tactic,omitempty"`
	Technique *AlertTechnique `json:"technique,omitempty"`
}

// AlertThreatRef is a list of tactics or sub-techniques.
type AlertThreatRef struct {
	ID        []string `json:"id"`
	Name      []string `json:"name"`
	Reference []string `json:"reference"`
}

// AlertTechnique is a list of techniques, and of their sub-techniques.
type AlertTechnique struct {
	ID           []string        `json:"id"`
	Name         []string        `json:"name"`
	Reference    []string        `json:"reference"`
	Subtechnique *AlertThreatRef `json:"subtechnique,omitempty"`
}

// AlertRegistry is ECS registry.*, canonical but for the control set's number.
type AlertRegistry struct {
	Path  string             `json:"path"`
	Hive  string             `json:"hive,omitempty"`
	Key   string             `json:"key,omitempty"`
	Value *string            `json:"value,omitempty"` // nil for a key; empty for the unnamed value
	Data  *AlertRegistryData `json:"data,omitempty"`
}

// AlertRegistryData is ECS registry.data.*: integers in decimal, no strings
// when the source hid them.
type AlertRegistryData struct {
	Type    string   `json:"type,omitempty"`
	Strings []string `json:"strings,omitempty"`
}

// AlertProcess is ECS process.*.
type AlertProcess struct {
	Executable    string              `json:"executable,omitempty"`
	Name          string              `json:"name,omitempty"`
	PID           uint64              `json:"pid,omitempty"`
	EntityID      string              `json:"entity_id,omitempty"`
	CommandLine   string              `json:"command_line,omitempty"`
	Args          []string            `json:"args,omitempty"`
	PE            *AlertPE            `json:"pe,omitempty"`
	CodeSignature *AlertCodeSignature `json:"code_signature,omitempty"`
	Parent        *AlertProcess       `json:"parent,omitempty"`
}

// AlertPE is ECS pe.*.
type AlertPE struct {
	OriginalFileName string `json:"original_file_name"`
}

// AlertCodeSignature is ECS code_signature.*.
type AlertCodeSignature struct {
	Exists      *bool  `json:"exists,omitempty"`
	Trusted     *bool  `json:"trusted,omitempty"`
	Status      string `json:"status,omitempty"`
	SubjectName string `json:"subject_name,omitempty"`
}

// AlertUser is ECS user.*: the acting user.
type AlertUser struct {
	ID     string `json:"id,omitempty"` // SID
	Name   string `json:"name,omitempty"`
	Domain string `json:"domain,omitempty"`
}

// AlertHost is ECS host.*.
type AlertHost struct {
	ID   string      `json:"id,omitempty"`
	Name string      `json:"name,omitempty"`
	OS   AlertHostOS `json:"os"`
}

// AlertHostOS is ECS host.os.*.
type AlertHostOS struct {
	Type string `json:"type"` // "windows"
}

// AlertRelated is ECS related.*.
type AlertRelated struct {
	User  []string `json:"user,omitempty"`
	Hosts []string `json:"hosts,omitempty"`
}

// AlertRegtrap holds what ECS has no field for.
type AlertRegtrap struct {
	Severity       string            `json:"severity"` // informational, low, medium, high or critical
	Note           string            `json:"note,omitempty"`
	FalsePositives []string          `json:"false_positives,omitempty"`
	Matched        []AlertMatch      `json:"matched"`
	RelatedRules   []string          `json:"related_rules,omitempty"`
	Shape          string            `json:"shape"`
	TimeSource     string            `json:"time_source"` // the text that @timestamp was read from
	Source         AlertSource       `json:"source"`
	Replay         *Replay           `json:"replay,omitempty"` // of a record that was replayed from the dead letters
	Registry       AlertWireRegistry `json:"registry"`
	Event          *AlertSourceEvent `json:"event,omitempty"`
	Effective      *AlertProcess     `json:"effective_process,omitempty"` // the true requester, where the source knows it
	Version        string            `json:"version"`
	RulesVersion   string            `json:"rules_version"`
	Trimmed        []string          `json:"trimmed,omitempty"`  // fields that were cut or dropped to fit the broker's limit
	Original       string            `json:"original,omitempty"` // the raw record, when it is valid UTF-8
	OriginalBase64 []byte            `json:"original_base64,omitempty"`
}

// AlertMatch is one test that held.
type AlertMatch struct {
	Field    string `json:"field"` // ECS name
	Operator string `json:"operator"`
	Pattern  string `json:"pattern"`
	Value    string `json:"value"`
	Spelling string `json:"spelling"` // wire, canonical, sysmon, defend or derived
}

// AlertSource is where the event was read.
type AlertSource struct {
	Topic     string `json:"topic"` // offline: the file
	Partition int    `json:"partition"`
	Offset    int64  `json:"offset"` // offline: number of the record, from 0
	Index     int    `json:"index"`  // of the event within the Kafka value, from 0
}

// AlertWireRegistry is the registry as the source wrote it.
type AlertWireRegistry struct {
	Path    string `json:"path"`
	NewPath string `json:"new_path,omitempty"` // of a rename, canonical
	Opaque  bool   `json:"opaque"`             // the source hid the data
}

// AlertSourceEvent is what the source itself had in event.*, message, tags and
// rule.*, in its own words.
type AlertSourceEvent struct {
	ID       string   `json:"id,omitempty"`
	Kind     string   `json:"kind,omitempty"`
	Category []string `json:"category,omitempty"`
	Type     []string `json:"type,omitempty"`
	Action   string   `json:"action,omitempty"`
	Module   string   `json:"module,omitempty"`
	Channel  string   `json:"channel,omitempty"`
	Message  string   `json:"message,omitempty"`
	Tags     []string `json:"tags,omitempty"`
	RuleName string   `json:"rule_name,omitempty"` // rule.name, or RuleName of Sysmon's own configuration
}

// AppendJSON appends the alert as one line of JSON, without the line's end.
// Text that is no valid UTF-8 is written with U+FFFD; `<`, `>` and `&` are
// not escaped. The only error is a time outside the years 0 to 9999.
func (a *Alert) AppendJSON(dst []byte) ([]byte, error) {
	return appendJSON(dst, a)
}

func appendJSON(dst []byte, v any) ([]byte, error) {
	b := bytes.NewBuffer(dst)
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return dst, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
