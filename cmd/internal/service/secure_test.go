package service

import (
	"crypto/tls"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
)

// secureBus is a bus that takes TLS with SASL only. Its own test client does
// not get in.
func secureBus(t *testing.T) (b *bus, ca string) {
	t.Helper()
	ca, cert, key := certificateFiles(t, t.TempDir())
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	b = newBus(t, outputs(), kfake.TLS(&tls.Config{Certificates: []tls.Certificate{pair}}), kfake.EnableSASL(),
		kfake.Superuser("PLAIN", "app", testPassword), kfake.Superuser("SCRAM-SHA-256", "app", testPassword),
		kfake.Superuser("SCRAM-SHA-512", "app", testPassword))
	return b, ca
}

func secureConfig(b *bus, ca, mechanism, password string) Config {
	c := testConfig(b)
	c.TLS, c.TLSCAFile = true, ca
	c.SASLMechanism, c.SASLUsername, c.SASLPassword = mechanism, "app", Secret(password)
	return c
}

// secretStaysIn fails when any of the service's surfaces shows the secret.
func secretStaysIn(t *testing.T, s *running, secret string) {
	t.Helper()
	for _, path := range []string{"/", "/config", "/metrics", "/readyz", "/healthz", "/version"} {
		if _, body := s.get(path); strings.Contains(body, secret) {
			t.Errorf("%s shows the password", path)
		}
	}
	if _, body := s.get("/config"); !strings.Contains(body, `"REGTRAP_SASL_PASSWORD": "[redacted]"`) {
		t.Errorf("/config does not say that there is a password: %s", body)
	}
	if s.log.contains(secret) {
		t.Errorf("the log shows the password")
	}
}

func TestSASLOverTLS(t *testing.T) {
	for _, mechanism := range []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"} {
		t.Run(mechanism, func(t *testing.T) {
			b, ca := secureBus(t)
			s := start(t, secureConfig(b, ca, mechanism, testPassword))
			s.readiness("true", func(r Readiness) bool { return r.Ready && len(r.Partitions) == 3 })
			secretStaysIn(t, s, testPassword)
		})
	}
}

func TestWrongCredentialsAreSaidAndSurvived(t *testing.T) {
	b, ca := secureBus(t)
	other, _, _ := certificateFiles(t, t.TempDir())
	for name, c := range map[string]struct {
		config Config
		says   string
	}{
		"password":  {secureConfig(b, ca, "SCRAM-SHA-512", "wrong-"+testPassword), "REGTRAP_SASL"},
		"authority": {secureConfig(b, other, "SCRAM-SHA-512", testPassword), "certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, c.config)
			r := s.readiness("says why", func(r Readiness) bool {
				return !r.Ready && strings.Contains(strings.Join(r.Reasons, "\n"), c.says) && !r.Output.Writable
			})
			if r.Member {
				t.Errorf("readiness %+v", r)
			}
			if status, body := s.get("/healthz"); status != 200 {
				t.Errorf("/healthz %d: a wrong password must not restart the process: %s", status, body)
			}
			secretStaysIn(t, s, testPassword)
		})
	}
}
