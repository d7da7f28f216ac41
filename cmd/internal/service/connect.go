package service

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"slices"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"
)

const (
	clientID = "regtrap"

	// offsetsTopic is where the brokers keep what the group has committed.
	offsetsTopic = "__consumer_offsets"

	// dialTimeout bounds TCP, TLS and SASL together.
	dialTimeout = 10 * time.Second

	// idleTimeout is above the longest pause between two requests to a
	// broker that is in use, and below connections.max.idle.ms (10 min).
	idleTimeout = time.Minute

	// metadataTTL is how old the transport's view of leaders gets, and also
	// the deadline of its metadata request: with one second a broker that
	// answered in 1.2 s never answered at all.
	metadataTTL = 4 * time.Second
)

// connections holds the two ways in which kafka-go reaches brokers: the
// transport for requests, the dialer for group membership.
type connections struct {
	transport *kafka.Transport
	dialer    *kafka.Dialer
}

// connections returns what the consumer and the producer share.
func (c *Config) connections() (*connections, error) {
	tlsConfig, err := c.tlsConfig()
	if err != nil {
		return nil, err
	}
	mechanism, err := c.mechanism()
	if err != nil {
		return nil, err
	}
	return &connections{
		transport: &kafka.Transport{
			Dial:        (&net.Dialer{Timeout: dialTimeout, KeepAlive: 15 * time.Second}).DialContext,
			DialTimeout: dialTimeout,
			IdleTimeout: idleTimeout,
			MetadataTTL: metadataTTL,
			// Without names every refresh pulls all topics of the cluster.
			MetadataTopics: append(slices.Clone(c.Topics), c.AlertsTopic, c.DeadLetterTopic, offsetsTopic),
			ClientID:       clientID,
			TLS:            tlsConfig,
			SASL:           mechanism,
		},
		dialer: &kafka.Dialer{
			ClientID:      clientID,
			Timeout:       dialTimeout,
			KeepAlive:     15 * time.Second,
			DualStack:     true,
			TLS:           tlsConfig,
			SASLMechanism: mechanism,
		},
	}, nil
}

// close closes connections that no request uses.
func (c *connections) close() { c.transport.CloseIdleConnections() }

func (c *Config) tlsConfig() (*tls.Config, error) {
	if !c.TLS {
		return nil, nil
	}
	t := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: c.TLSServerName}
	if c.TLSCAFile != "" {
		pool, err := readAuthorities(c.TLSCAFile)
		if err != nil {
			return nil, err
		}
		t.RootCAs = pool
	}
	if c.TLSCertFile != "" {
		cert, err := tls.LoadX509KeyPair(c.TLSCertFile, c.TLSKeyFile)
		if err != nil {
			return nil, err
		}
		t.Certificates = []tls.Certificate{cert}
	}
	return t, nil
}

func readAuthorities(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("no certificate in it")
	}
	return pool, nil
}

func (c *Config) mechanism() (sasl.Mechanism, error) {
	if c.SASLMechanism == "" {
		return nil, nil
	}
	password, err := c.password()
	if err != nil {
		return nil, err
	}
	switch c.SASLMechanism {
	case "PLAIN":
		return plain.Mechanism{Username: c.SASLUsername, Password: string(password)}, nil
	case "SCRAM-SHA-256":
		return scram.Mechanism(scram.SHA256, c.SASLUsername, string(password))
	case "SCRAM-SHA-512":
		return scram.Mechanism(scram.SHA512, c.SASLUsername, string(password))
	}
	return nil, fmt.Errorf("unknown SASL mechanism %q", c.SASLMechanism)
}

// password returns the password, from its file when there is one.
func (c *Config) password() (Secret, error) {
	if c.SASLPasswordFile == "" {
		return c.SASLPassword, nil
	}
	b, err := os.ReadFile(c.SASLPasswordFile)
	if err != nil {
		return "", err
	}
	b = bytes.TrimSuffix(b, []byte("\n"))
	b = bytes.TrimSuffix(b, []byte("\r"))
	if len(b) == 0 {
		return "", errors.New("it is empty")
	}
	return Secret(b), nil
}

type checkFunc = func(ok bool, variable, what string)

func (c *Config) checkTLS(check checkFunc) {
	files := []struct{ name, value string }{
		{"REGTRAP_TLS_CA_FILE", c.TLSCAFile},
		{"REGTRAP_TLS_CERT_FILE", c.TLSCertFile},
		{"REGTRAP_TLS_KEY_FILE", c.TLSKeyFile},
		{"REGTRAP_TLS_SERVER_NAME", c.TLSServerName},
	}
	if !c.TLS {
		for _, f := range files {
			// Silence here would be a connection in clear text.
			check(f.value == "", f.name, "is set, but REGTRAP_TLS is not true")
		}
		return
	}
	if c.TLSCAFile != "" {
		_, err := readAuthorities(c.TLSCAFile)
		check(err == nil, "REGTRAP_TLS_CA_FILE", fileProblem(err))
	}
	if c.TLSCertFile == "" || c.TLSKeyFile == "" {
		check(c.TLSKeyFile == "", "REGTRAP_TLS_KEY_FILE", "a key without REGTRAP_TLS_CERT_FILE")
		check(c.TLSCertFile == "", "REGTRAP_TLS_CERT_FILE", "a certificate without REGTRAP_TLS_KEY_FILE")
		return
	}
	certErr, keyErr := readable(c.TLSCertFile), readable(c.TLSKeyFile)
	check(certErr == nil, "REGTRAP_TLS_CERT_FILE", fileProblem(certErr))
	check(keyErr == nil, "REGTRAP_TLS_KEY_FILE", fileProblem(keyErr))
	if certErr == nil && keyErr == nil {
		_, err := tls.LoadX509KeyPair(c.TLSCertFile, c.TLSKeyFile)
		check(err == nil, "REGTRAP_TLS_CERT_FILE", fileProblem(err))
	}
}

func (c *Config) checkSASL(check checkFunc) {
	if c.SASLMechanism == "" {
		check(c.SASLUsername == "", "REGTRAP_SASL_USERNAME", "is set, but REGTRAP_SASL_MECHANISM is not")
		check(c.SASLPassword == "", "REGTRAP_SASL_PASSWORD", "is set, but REGTRAP_SASL_MECHANISM is not")
		check(c.SASLPasswordFile == "", "REGTRAP_SASL_PASSWORD_FILE", "is set, but REGTRAP_SASL_MECHANISM is not")
		return
	}
	known := slices.Contains([]string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}, c.SASLMechanism)
	check(known, "REGTRAP_SASL_MECHANISM", "")
	check(c.SASLUsername != "", "REGTRAP_SASL_USERNAME", "required with REGTRAP_SASL_MECHANISM")
	switch {
	case c.SASLPassword == "" && c.SASLPasswordFile == "":
		check(false, "REGTRAP_SASL_PASSWORD", "this or REGTRAP_SASL_PASSWORD_FILE is required with REGTRAP_SASL_MECHANISM")
		return
	case c.SASLPassword != "" && c.SASLPasswordFile != "":
		check(false, "REGTRAP_SASL_PASSWORD", "is set together with REGTRAP_SASL_PASSWORD_FILE: one of them")
		return
	}
	if _, err := c.password(); err != nil {
		check(false, "REGTRAP_SASL_PASSWORD_FILE", fileProblem(err))
	} else if known {
		// SCRAM prepares the password and refuses some characters.
		_, err := c.mechanism()
		from := "REGTRAP_SASL_PASSWORD"
		if c.SASLPasswordFile != "" {
			from = "REGTRAP_SASL_PASSWORD_FILE"
		}
		check(err == nil, from, "user name and password cannot be used with "+c.SASLMechanism)
	}
}

func readable(file string) error {
	_, err := os.ReadFile(file)
	return err
}

// fileProblem is err without the name of the file, which stands beside it.
func fileProblem(err error) string {
	var p *fs.PathError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &p):
		return p.Err.Error()
	}
	return err.Error()
}
