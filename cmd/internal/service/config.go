package service

import (
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/agnivade/levenshtein"
	"github.com/caarlos0/env/v11"

	"github.com/regtrap/regtrap/consumer"
)

// Config is the configuration of a Service. Default returns it with its
// defaults, ParseConfig from the environment. The tags of a field are what
// Variables returns: the variable, its default, its unit, what it means, and
// what is allowed.
type Config struct {
	Brokers         []string       `env:"REGTRAP_BROKERS" required:"true" want:"host:port, comma separated" doc:"Kafka brokers to begin with"`
	Topics          []string       `env:"REGTRAP_TOPICS" required:"true" want:"topic names, comma separated" doc:"topics to read; one that does not exist yet is read when it appears"`
	AlertsTopic     string         `env:"REGTRAP_ALERTS_TOPIC" envDefault:"regtrap.alerts" want:"a topic name" doc:"topic of the alerts; never created by regtrap"`
	DeadLetterTopic string         `env:"REGTRAP_DEAD_LETTER_TOPIC" envDefault:"regtrap.dead-letters" want:"a topic name" doc:"topic of the records that cannot be read; never created by regtrap"`
	Group           string         `env:"REGTRAP_GROUP" envDefault:"regtrap" want:"a consumer group id" doc:"consumer group; its members share the partitions"`
	Start           consumer.Start `env:"REGTRAP_START" envDefault:"earliest" want:"earliest or latest" doc:"where a group that has never committed begins"`

	Rules       []string `env:"REGTRAP_RULES" want:"paths, comma separated" doc:"rule files, or folders read recursively; reloaded when they change, and on SIGHUP"`
	Pack        bool     `env:"REGTRAP_PACK" envDefault:"true" want:"true or false" doc:"run the built-in pack"`
	RulesStrict bool     `env:"REGTRAP_RULES_STRICT" envDefault:"false" want:"true or false" doc:"refuse to start when a rule is rejected; else it is logged and the others run"`

	RulesInclude  []string      `env:"REGTRAP_RULES_INCLUDE" want:"KEY=VALUE, comma separated; KEY is level (also medium+), status, tag, id, file or ruleset; * in tag and file is any text" doc:"run only rules that these fit, of each key one; empty means all"`
	RulesExclude  []string      `env:"REGTRAP_RULES_EXCLUDE" want:"KEY=VALUE, as for REGTRAP_RULES_INCLUDE" doc:"run no rule that one of these fits"`
	RulesSeverity []string      `env:"REGTRAP_RULES_SEVERITY" want:"ID=LEVEL, comma separated; informational, low, medium, high or critical" doc:"severities of rules, in place of their own"`
	RulesRisk     []string      `env:"REGTRAP_RULES_RISK" want:"ID=SCORE, comma separated; integers from 0 to 100" doc:"risk scores of rules, in place of their own"`
	RulesPoll     time.Duration `env:"REGTRAP_RULES_POLL" envDefault:"30s" unit:"duration" want:"a duration from 1s to 1h" doc:"how often the rule files are read to see changes of which the file system told nothing; one that is told is seen at once"`

	SessionTimeout time.Duration `env:"REGTRAP_SESSION_TIMEOUT" envDefault:"10s" unit:"duration" want:"a duration from 6s to 30m" doc:"how long the group waits for a member that has fallen silent; longer survives longer freezes, and delays what a dead member held"`
	CommitInterval time.Duration `env:"REGTRAP_COMMIT_INTERVAL" envDefault:"1s" unit:"duration" want:"a duration from 100ms to 5m" doc:"how often offsets are committed; what lies behind the last commit is read again after a crash"`
	DrainTimeout   time.Duration `env:"REGTRAP_DRAIN_TIMEOUT" envDefault:"20s" unit:"duration" want:"a duration from 1s to 1h" doc:"how long a shutdown may take, all together; keep it below the grace period of whatever sends SIGKILL"`
	FetchBytes     Size          `env:"REGTRAP_FETCH_BYTES" envDefault:"1MiB" unit:"bytes" want:"a size from 64KiB to 256MiB" doc:"asked for a partition and fetch, as compressed by the producer"`
	BudgetBytes    Size          `env:"REGTRAP_BUDGET_BYTES" envDefault:"64MiB" unit:"bytes" want:"a size of at least REGTRAP_FETCH_BYTES, up to 64GiB" doc:"batches in memory at one time, decompressed, of all partitions"`

	HTTPAddr  string     `env:"REGTRAP_HTTP_ADDR" envDefault:":9464" want:"host:port or :port" doc:"where /metrics, /healthz, /readyz, /rules, /version and /config listen; port 0 takes a free one"`
	PPROF     bool       `env:"REGTRAP_PPROF" envDefault:"false" want:"true or false" doc:"serve /debug/pprof on the same address"`
	LogLevel  slog.Level `env:"REGTRAP_LOG_LEVEL" envDefault:"info" want:"debug, info, warn or error" doc:"least level that is logged"`
	LogFormat string     `env:"REGTRAP_LOG_FORMAT" envDefault:"json" want:"json or text" doc:"form of the log on standard error"`

	TLS           bool   `env:"REGTRAP_TLS" envDefault:"false" want:"true or false" doc:"speak TLS with the brokers"`
	TLSCAFile     string `env:"REGTRAP_TLS_CA_FILE" want:"a readable PEM file" doc:"authorities that may sign the brokers' certificates; empty means the system's"`
	TLSCertFile   string `env:"REGTRAP_TLS_CERT_FILE" want:"a readable PEM file" doc:"client certificate, with its chain"`
	TLSKeyFile    string `env:"REGTRAP_TLS_KEY_FILE" want:"a readable PEM file" doc:"key of the client certificate"`
	TLSServerName string `env:"REGTRAP_TLS_SERVER_NAME" want:"a host name" doc:"name expected in the brokers' certificates; empty means the name that is dialled"`

	SASLMechanism    string `env:"REGTRAP_SASL_MECHANISM" want:"PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512" doc:"how to authenticate; empty means not at all"`
	SASLUsername     string `env:"REGTRAP_SASL_USERNAME" want:"a user name" doc:"user of the SASL authentication"`
	SASLPassword     Secret `env:"REGTRAP_SASL_PASSWORD" want:"a password" doc:"its password; prefer the file"`
	SASLPasswordFile string `env:"REGTRAP_SASL_PASSWORD_FILE" want:"a readable file" doc:"file that holds the password; one line end after it is left out"`

	AlertOriginal bool              `env:"REGTRAP_ALERT_ORIGINAL" envDefault:"false" want:"true or false" doc:"carry the raw record in each alert, as regtrap.original"`
	Labels        map[string]string `env:"REGTRAP_LABELS" want:"name=value, comma separated; names of letters, digits, _ and -" doc:"static labels of every alert"`
}

// Secret is a text that never shows itself: it prints, logs and encodes as
// [redacted], or as nothing when empty. Convert it to a string to use it.
type Secret string

// String returns [redacted], or nothing for the empty secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "[redacted]"
}

// GoString keeps the secret out of %#v.
func (s Secret) GoString() string { return strconv.Quote(s.String()) }

// MarshalText keeps the secret out of JSON.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue keeps the secret out of the log.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Size is a number of bytes. Its text is a number with an optional KiB, MiB
// or GiB behind it.
type Size int64

var sizeUnits = [...]struct {
	name  string
	bytes Size
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}

// String is the size in the largest unit that leaves no fraction.
func (s Size) String() string {
	for _, u := range sizeUnits {
		if s != 0 && s%u.bytes == 0 {
			return strconv.FormatInt(int64(s/u.bytes), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

func parseSize(text string) (Size, error) {
	unit := Size(1)
	for _, u := range sizeUnits {
		if t, ok := strings.CutSuffix(text, u.name); ok {
			text, unit = strings.TrimSpace(t), u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, err
	}
	if n < 0 || Size(n) > (1<<62)/unit {
		return 0, strconv.ErrRange
	}
	return Size(n) * unit, nil
}

// parsers reads the types that env does not know, or reads differently.
func parsers() map[reflect.Type]env.ParserFunc {
	return map[reflect.Type]env.ParserFunc{
		reflect.TypeFor[Size](): func(v string) (any, error) { return parseSize(v) },
		reflect.TypeFor[[]string](): func(v string) (any, error) {
			return splitList(v), nil
		},
		reflect.TypeFor[consumer.Start](): func(v string) (any, error) {
			switch v {
			case "earliest":
				return consumer.Earliest, nil
			case "latest":
				return consumer.Latest, nil
			}
			return nil, fmt.Errorf("no start is called %q", v)
		},
		reflect.TypeFor[map[string]string](): func(v string) (any, error) {
			var labels map[string]string
			for _, l := range splitList(v) {
				// What has no "=" becomes a label without value, refused later.
				name, value, _ := strings.Cut(l, "=")
				name, value = strings.TrimSpace(name), strings.TrimSpace(value)
				if _, twice := labels[name]; twice {
					return nil, fmt.Errorf("label %q is named twice", name)
				}
				if labels == nil {
					labels = make(map[string]string)
				}
				labels[name] = value
			}
			return labels, nil
		},
	}
}

// splitList splits at commas and drops white space and empty elements.
func splitList(v string) []string {
	var list []string
	for e := range strings.SplitSeq(v, ",") {
		if e = strings.TrimSpace(e); e != "" {
			list = append(list, e)
		}
	}
	return list
}

// Default returns the configuration with every default and nothing else:
// Brokers and Topics are still to be set.
func Default() Config {
	c, _, _ := decode(nil)
	return c
}

// ParseConfig reads the REGTRAP_* variables of environ, whose elements have
// the form of os.Environ. An empty variable counts as unset. Warnings name
// variables that do not exist; err is a *ConfigError with every mistake.
func ParseConfig(environ []string) (c Config, warnings []Warning, err error) {
	values := make(map[string]string)
	for _, e := range environ {
		name, value, _ := strings.Cut(e, "=")
		if !strings.HasPrefix(name, prefix) {
			continue
		}
		v, known := variable(name)
		switch {
		case !known:
			warnings = append(warnings, Warning{name, nearest(name)})
		case v.Secret:
			values[name] = value // its white space may be part of it
		default:
			values[name] = strings.TrimSpace(value)
		}
	}
	slices.SortFunc(warnings, func(a, b Warning) int { return strings.Compare(a.Variable, b.Variable) })
	c, mistakes, err := decode(values)
	if err != nil {
		return c, warnings, err
	}
	failed := make(map[string]bool)
	for _, m := range mistakes {
		failed[m.Variable] = true
	}
	shown := make(map[string]string)
	for _, s := range c.Settings() {
		shown[s.Variable] = s.Value
	}
	for _, m := range c.mistakes() {
		if failed[m.Variable] {
			continue // could not be read and has its zero value: no second complaint
		}
		if v, _ := variable(m.Variable); !v.Secret && m.Value == shown[m.Variable] && values[m.Variable] != "" {
			m.Value = values[m.Variable] // 5999ms as it was written, not 5.999s
		}
		mistakes = append(mistakes, m)
	}
	return c, warnings, configError(mistakes)
}

// decode fills a Config from values. The mistakes are of values that are not
// even of their type.
func decode(values map[string]string) (c Config, mistakes []Mistake, err error) {
	if values == nil {
		values = map[string]string{}
	}
	err = env.ParseWithOptions(&c, env.Options{Environment: values, FuncMap: parsers()})
	if err == nil {
		return c, nil, nil
	}
	aggregate, ok := err.(env.AggregateError)
	if !ok {
		return c, nil, err
	}
	for _, e := range aggregate.Errors {
		p, ok := e.(env.ParseError)
		if !ok {
			return c, nil, err
		}
		// The error itself is dropped: it holds the value, which may be secret.
		f, _ := reflect.TypeFor[Config]().FieldByName(p.Name)
		v := variableOf(f)
		mistakes = append(mistakes, v.mistake(values[v.Name]))
	}
	return c, mistakes, nil
}

// Warning is a variable that has the prefix of regtrap's and is none of them.
type Warning struct {
	Variable string
	Nearest  string // the one that was probably meant
}

// String is the warning for a person.
func (w Warning) String() string {
	return fmt.Sprintf("%s: no such variable: the nearest is %s", w.Variable, w.Nearest)
}

// nearest returns the known variable with the least edit distance.
func nearest(name string) string {
	best, distance := "", -1
	for _, v := range Variables() {
		if d := levenshtein.ComputeDistance(name, v.Name); distance < 0 || d < distance {
			best, distance = v.Name, d
		}
	}
	return best
}
