package service

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regtrap/regtrap/consumer"
)

const testPassword = "hunter2-Zq81"

func TestVariablesAreDocumented(t *testing.T) {
	golden(t, "variables.md", VariableTable())
	seen := make(map[string]bool)
	for _, v := range Variables() {
		if !strings.HasPrefix(v.Name, "REGTRAP_") || v.Meaning == "" || v.Allowed == "" || seen[v.Name] {
			t.Errorf("variable %+v: want a name of its own, a meaning, and what is allowed", v)
		}
		seen[v.Name] = true
	}
}

// The names and defaults that dashboards and charts are written against.
func TestEveryVariableOfTheContractExists(t *testing.T) {
	contract := map[string]string{
		"BROKERS": "", "TOPICS": "", "ALERTS_TOPIC": "regtrap.alerts", "DEAD_LETTER_TOPIC": "regtrap.dead-letters",
		"GROUP": "regtrap", "START": "earliest", "RULES": "", "PACK": "true", "RULES_STRICT": "false",
		"SESSION_TIMEOUT": "10s", "COMMIT_INTERVAL": "1s", "FETCH_BYTES": "1MiB", "HTTP_ADDR": ":9464",
		"LOG_LEVEL": "info", "LOG_FORMAT": "json", "TLS": "false", "TLS_CA_FILE": "", "TLS_CERT_FILE": "",
		"TLS_KEY_FILE": "", "TLS_SERVER_NAME": "", "SASL_MECHANISM": "", "SASL_USERNAME": "", "SASL_PASSWORD": "",
		"SASL_PASSWORD_FILE": "", "ALERT_ORIGINAL": "false", "LABELS": "", "PPROF": "false",
	}
	for name, want := range contract {
		v, ok := variable("REGTRAP_" + name)
		if !ok || v.Default != want {
			t.Errorf("REGTRAP_%s: known %v, default %q: want default %q", name, ok, v.Default, want)
		}
	}
}

func TestDefaultsNeedOnlyBrokersAndTopics(t *testing.T) {
	want := Default()
	want.Brokers, want.Topics = []string{"kafka-1.corp.example:9092"}, []string{"winlog"}
	got, warnings, err := ParseConfig([]string{"REGTRAP_BROKERS=kafka-1.corp.example:9092", "REGTRAP_TOPICS=winlog", "PATH=/bin", "REGTRAP_GROUP="})
	if err != nil || len(warnings) > 0 {
		t.Fatal(warnings, err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if err := got.Validate(); err != nil {
		t.Error(err)
	}
}

func TestParseConfigReadsEveryVariable(t *testing.T) {
	dir := t.TempDir()
	ca, cert, key := certificateFiles(t, dir)
	got, warnings, err := ParseConfig([]string{
		"REGTRAP_BROKERS=kafka-1.corp.example:9093, kafka-2.corp.example:9093", "REGTRAP_TOPICS= winlog,\tsysmon ,",
		"REGTRAP_ALERTS_TOPIC=a", "REGTRAP_DEAD_LETTER_TOPIC=d", "REGTRAP_GROUP=g", "REGTRAP_START=latest",
		"REGTRAP_RULES=/etc/regtrap/rules", "REGTRAP_PACK=false", "REGTRAP_RULES_STRICT=true",
		"REGTRAP_RULES_INCLUDE=level=medium+, tag=attack.t1547*", "REGTRAP_RULES_EXCLUDE=status=deprecated",
		"REGTRAP_RULES_SEVERITY=00000000-0000-4000-8000-000000000001=low", "REGTRAP_RULES_RISK=00000000-0000-4000-8000-000000000001=7", "REGTRAP_RULES_POLL=1m",
		"REGTRAP_SESSION_TIMEOUT=30s", "REGTRAP_COMMIT_INTERVAL=500ms", "REGTRAP_DRAIN_TIMEOUT=1m",
		"REGTRAP_FETCH_BYTES=2MiB", "REGTRAP_BUDGET_BYTES=134217728", "REGTRAP_HTTP_ADDR=127.0.0.1:0", "REGTRAP_PPROF=true",
		"REGTRAP_LOG_LEVEL=debug", "REGTRAP_LOG_FORMAT=text",
		"REGTRAP_TLS=true", "REGTRAP_TLS_CA_FILE=" + ca, "REGTRAP_TLS_CERT_FILE=" + cert, "REGTRAP_TLS_KEY_FILE=" + key,
		"REGTRAP_TLS_SERVER_NAME=kafka.corp.example",
		"REGTRAP_SASL_MECHANISM=SCRAM-SHA-512", "REGTRAP_SASL_USERNAME=ana", "REGTRAP_SASL_PASSWORD= spaces matter ",
		"REGTRAP_ALERT_ORIGINAL=true", "REGTRAP_LABELS=tenant=acme, site=vie=1",
	})
	if err != nil || len(warnings) > 0 {
		t.Fatal(warnings, err)
	}
	want := Config{
		Brokers: []string{"kafka-1.corp.example:9093", "kafka-2.corp.example:9093"}, Topics: []string{"winlog", "sysmon"},
		AlertsTopic: "a", DeadLetterTopic: "d", Group: "g", Start: consumer.Latest,
		Rules: []string{"/etc/regtrap/rules"}, RulesStrict: true,
		RulesInclude: []string{"level=medium+", "tag=attack.t1547*"}, RulesExclude: []string{"status=deprecated"},
		RulesSeverity: []string{versionID(1) + "=low"}, RulesRisk: []string{versionID(1) + "=7"}, RulesPoll: time.Minute,
		SessionTimeout: 30 * time.Second, CommitInterval: 500 * time.Millisecond, DrainTimeout: time.Minute,
		FetchBytes: 2 << 20, BudgetBytes: 128 << 20, HTTPAddr: "127.0.0.1:0", PPROF: true,
		LogLevel: slog.LevelDebug, LogFormat: "text",
		TLS: true, TLSCAFile: ca, TLSCertFile: cert, TLSKeyFile: key, TLSServerName: "kafka.corp.example",
		SASLMechanism: "SCRAM-SHA-512", SASLUsername: "ana", SASLPassword: " spaces matter ",
		AlertOriginal: true, Labels: map[string]string{"tenant": "acme", "site": "vie=1"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	cn, err := got.connections()
	if err != nil {
		t.Fatal(err)
	}
	if cn.transport.TLS.ServerName != "kafka.corp.example" || len(cn.transport.TLS.Certificates) != 1 || cn.transport.TLS.RootCAs == nil {
		t.Errorf("TLS of the transport: %+v", cn.transport.TLS)
	}
	if cn.transport.SASL.Name() != "SCRAM-SHA-512" || cn.dialer.SASLMechanism.Name() != "SCRAM-SHA-512" || cn.dialer.TLS == nil {
		t.Error("transport and dialer are not set up alike")
	}
	if d := cmp.Diff([]string{"winlog", "sysmon", "a", "d", "__consumer_offsets"}, cn.transport.MetadataTopics); d != "" {
		t.Error(d)
	}
}

// Each case is an environment; the golden file holds what is said about it.
func TestEveryMistakeIsReportedAtOnce(t *testing.T) {
	dir := t.TempDir()
	ca, cert, key := certificateFiles(t, dir)
	empty := filepath.Join(dir, "empty")
	write(t, empty, "\n")
	good := []string{"REGTRAP_BROKERS=kafka:9092", "REGTRAP_TOPICS=winlog"}
	cases := []struct {
		name    string
		environ []string
	}{
		{"nothing", nil},
		{"every type wrong", []string{"REGTRAP_BROKERS=kafka", "REGTRAP_TOPICS=win log", "REGTRAP_START=newest", "REGTRAP_PACK=yes",
			"REGTRAP_RULES_STRICT=2", "REGTRAP_SESSION_TIMEOUT=10", "REGTRAP_COMMIT_INTERVAL=soon", "REGTRAP_DRAIN_TIMEOUT=-", "REGTRAP_FETCH_BYTES=1MB",
			"REGTRAP_BUDGET_BYTES=-1", "REGTRAP_HTTP_ADDR=9464", "REGTRAP_PPROF=on", "REGTRAP_LOG_LEVEL=loud", "REGTRAP_LOG_FORMAT=xml",
			"REGTRAP_TLS=ja", "REGTRAP_ALERT_ORIGINAL=maybe", "REGTRAP_LABELS=tenant", "REGTRAP_ALERTS_TOPIC=.", "REGTRAP_DEAD_LETTER_TOPIC=a/b"}},
		{"every range", append(good, "REGTRAP_SESSION_TIMEOUT=5999ms", "REGTRAP_COMMIT_INTERVAL=1h", "REGTRAP_DRAIN_TIMEOUT=0s",
			"REGTRAP_FETCH_BYTES=1KiB", "REGTRAP_BUDGET_BYTES=100GiB", "REGTRAP_HTTP_ADDR=:65536", "REGTRAP_GROUP="+strings.Repeat("g", 256))},
		{"session too long", append(good, "REGTRAP_SESSION_TIMEOUT=31m")},
		{"budget below fetch", append(good, "REGTRAP_FETCH_BYTES=2MiB", "REGTRAP_BUDGET_BYTES=1MiB")},
		{"brokers", []string{"REGTRAP_TOPICS=t", "REGTRAP_BROKERS=:9092,kafka:0,kafka:https,[::1]:9092,kafka:9092"}},
		{"topics", []string{"REGTRAP_BROKERS=kafka:9092", "REGTRAP_TOPICS=a,b,a,.."}},
		{"output among inputs", []string{"REGTRAP_BROKERS=kafka:9092", "REGTRAP_TOPICS=regtrap.alerts,regtrap.dead-letters"}},
		{"one output for both", append(good, "REGTRAP_ALERTS_TOPIC=x", "REGTRAP_DEAD_LETTER_TOPIC=x")},
		{"nothing to detect", append(good, "REGTRAP_PACK=false")},
		{"rules to choose", append(good, "REGTRAP_RULES_INCLUDE=high,lvl=high,level=severe", "REGTRAP_RULES_EXCLUDE=id=x,level=low",
			"REGTRAP_RULES_SEVERITY="+versionID(1)+"=low,"+versionID(1)+"=high,x=low", "REGTRAP_RULES_RISK="+versionID(1)+"=101", "REGTRAP_RULES_POLL=10ms")},
		{"labels", append(good, "REGTRAP_LABELS=tenant=acme,a.b=c")},
		{"label twice", append(good, "REGTRAP_LABELS=a=1,a=2")},
		{"label without value", append(good, "REGTRAP_LABELS=a=")},
		{"tls settings without tls", append(good, "REGTRAP_TLS_CA_FILE="+ca, "REGTRAP_TLS_CERT_FILE="+cert, "REGTRAP_TLS_KEY_FILE="+key, "REGTRAP_TLS_SERVER_NAME=k")},
		{"tls files unreadable", append(good, "REGTRAP_TLS=true", "REGTRAP_TLS_CA_FILE="+dir+"/none", "REGTRAP_TLS_CERT_FILE="+dir+"/none.crt", "REGTRAP_TLS_KEY_FILE="+dir)},
		{"tls files are something else", append(good, "REGTRAP_TLS=true", "REGTRAP_TLS_CA_FILE="+empty, "REGTRAP_TLS_CERT_FILE="+key, "REGTRAP_TLS_KEY_FILE="+cert)},
		{"certificate without key", append(good, "REGTRAP_TLS=true", "REGTRAP_TLS_CERT_FILE="+cert)},
		{"key without certificate", append(good, "REGTRAP_TLS=true", "REGTRAP_TLS_KEY_FILE="+key)},
		{"sasl settings without mechanism", append(good, "REGTRAP_SASL_USERNAME=ana", "REGTRAP_SASL_PASSWORD="+testPassword, "REGTRAP_SASL_PASSWORD_FILE="+ca)},
		{"mechanism alone", append(good, "REGTRAP_SASL_MECHANISM=PLAIN")},
		{"unknown mechanism", append(good, "REGTRAP_SASL_MECHANISM=scram", "REGTRAP_SASL_USERNAME=ana", "REGTRAP_SASL_PASSWORD="+testPassword)},
		{"password twice", append(good, "REGTRAP_SASL_MECHANISM=PLAIN", "REGTRAP_SASL_USERNAME=ana", "REGTRAP_SASL_PASSWORD="+testPassword, "REGTRAP_SASL_PASSWORD_FILE="+ca)},
		{"password file missing", append(good, "REGTRAP_SASL_MECHANISM=PLAIN", "REGTRAP_SASL_USERNAME=ana", "REGTRAP_SASL_PASSWORD_FILE="+dir+"/none")},
		{"password file empty", append(good, "REGTRAP_SASL_MECHANISM=PLAIN", "REGTRAP_SASL_USERNAME=ana", "REGTRAP_SASL_PASSWORD_FILE="+empty)},
		{"password that SCRAM refuses", append(good, "REGTRAP_SASL_MECHANISM=SCRAM-SHA-256", "REGTRAP_SASL_USERNAME=ana", "REGTRAP_SASL_PASSWORD="+testPassword+"\x07")},
		{"misspelt", []string{"REGTRAP_BROKER=kafka:9092", "REGTRAP_TOPIC=t", "REGTRAP_SASL_PASWORD=" + testPassword}},
	}
	var b strings.Builder
	for _, c := range cases {
		_, warnings, err := ParseConfig(c.environ)
		var mistakes *ConfigError
		if !errors.As(err, &mistakes) {
			t.Errorf("%s: error %v: want a *ConfigError", c.name, err)
			continue
		}
		fmt.Fprintf(&b, "# %s\n", c.name)
		for _, w := range warnings {
			fmt.Fprintf(&b, "warning: %s\n", w)
		}
		fmt.Fprintf(&b, "%s\n\n", err)
	}
	got := strings.ReplaceAll(b.String(), dir, "DIR")
	if strings.Contains(got, testPassword) {
		t.Errorf("a password shows:\n%s", got)
	}
	golden(t, "mistakes.txt", got)
}

func TestUnknownVariableNamesTheNearest(t *testing.T) {
	for name, want := range map[string]string{
		"REGTRAP_TOPIC": "REGTRAP_TOPICS", "REGTRAP_SESSION_TIMOUT": "REGTRAP_SESSION_TIMEOUT", "REGTRAP_PPORF": "REGTRAP_PPROF",
	} {
		_, warnings, err := ParseConfig([]string{"REGTRAP_BROKERS=kafka:9092", "REGTRAP_TOPICS=t", name + "=x"})
		if err != nil || len(warnings) != 1 || warnings[0] != (Warning{name, want}) {
			t.Errorf("%s: warnings %v, error %v: want %s", name, warnings, err, want)
		}
	}
}

func TestSecretNeverShows(t *testing.T) {
	s := Secret(testPassword)
	c := Config{SASLPassword: s}
	j, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	newLogger(&log, slog.LevelInfo, "json").Info("x", "secret", s, "config", c, "settings", settingsAttr(c.Settings()))
	newLogger(&log, slog.LevelInfo, "text").Info("x", "secret", s, "config", c, "settings", settingsAttr(c.Settings()))
	for _, text := range []string{string(j), log.String(), fmt.Sprintf("%v %+v %#v %s %q", s, c, c, s, s), fmt.Sprint(c.Settings())} {
		if strings.Contains(text, testPassword) {
			t.Errorf("the secret shows in %s", text)
		}
		if !strings.Contains(text, "[redacted]") {
			t.Errorf("nothing says that there is a secret in %s", text)
		}
	}
}

func TestPasswordFileLosesOneLineEnd(t *testing.T) {
	for content, want := range map[string]Secret{"p": "p", "p\n": "p", "p\r\n": "p", " p \n\n": " p \n"} {
		c := Default()
		c.SASLPasswordFile = filepath.Join(t.TempDir(), "password")
		write(t, c.SASLPasswordFile, content)
		if got, err := c.password(); err != nil || string(got) != string(want) {
			t.Errorf("password of %q: %q, %v: want %q", content, string(got), err, string(want))
		}
	}
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]Size{"0": 0, "1": 1, "1KiB": 1 << 10, "3 MiB": 3 << 20, "2GiB": 2 << 30, "1536KiB": 1536 << 10} {
		got, err := parseSize(text)
		if err != nil || got != want {
			t.Errorf("parseSize(%q) = %d, %v: want %d", text, got, err, want)
		}
		if back, err := parseSize(got.String()); err != nil || back != got {
			t.Errorf("%q does not read back: %d, %v", got.String(), back, err)
		}
	}
	for _, text := range []string{"", "-1", "1.5MiB", "1MB", "9999999999GiB", "MiB", "1e6"} {
		if got, err := parseSize(text); err == nil {
			t.Errorf("parseSize(%q) = %d: want an error", text, got)
		}
	}
}

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func FuzzParseConfig(f *testing.F) {
	f.Add("REGTRAP_LABELS", "a=b,c=d")
	f.Add("REGTRAP_LABELS", ",")
	f.Add("REGTRAP_SESSION_TIMEOUT", "10s")
	f.Add("REGTRAP_FETCH_BYTES", "1MiB")
	f.Add("REGTRAP_BROKERS", "[::1]:9092")
	f.Fuzz(func(t *testing.T, name, value string) {
		if strings.HasSuffix(name, "_FILE") {
			return // the paths of files are for the tables above
		}
		environ := []string{"REGTRAP_BROKERS=kafka:9092", "REGTRAP_TOPICS=winlog", name + "=" + value}
		c, _, err := ParseConfig(environ)
		if err != nil {
			return
		}
		// What is accepted is written so that it reads back.
		var again []string
		for _, s := range c.Settings() {
			if s.Variable != "REGTRAP_SASL_PASSWORD" {
				again = append(again, s.Variable+"="+s.Value)
			}
		}
		back, _, err := ParseConfig(again)
		if err != nil {
			t.Fatalf("settings %q do not read back: %v", again, err)
		}
		back.SASLPassword = c.SASLPassword
		if d := cmp.Diff(c, back); d != "" {
			t.Fatal(d)
		}
	})
}
