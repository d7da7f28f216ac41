// Package diagnose says errors of a connection with Kafka in words that an
// operator can act on. Consumer and producer share it, so one fault has one
// name on both sides.
package diagnose

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/segmentio/kafka-go"
)

// Reasons of Connection: a fixed set, for metrics.
const (
	TLS            = "tls"
	Authentication = "authentication"
	Authorization  = "authorization"
	Timeout        = "timeout"
	Network        = "network"
	Refused        = "refused" // the broker answers with another error code
)

// Connection returns what is wrong: a reason of the fixed set, and words that
// name the setting to look at. It never repeats a secret.
func Connection(err error) (reason, words string) {
	var (
		unknownAuthority x509.UnknownAuthorityError
		wrongHost        x509.HostnameError
		invalid          x509.CertificateInvalidError
		verification     *tls.CertificateVerificationError
		network          net.Error
		code             kafka.Error
	)
	switch {
	case errors.As(err, &unknownAuthority), errors.As(err, &wrongHost), errors.As(err, &invalid), errors.As(err, &verification):
		return TLS, fmt.Sprintf("the brokers' certificate is not trusted: check REGTRAP_TLS_CA_FILE and REGTRAP_TLS_SERVER_NAME: %v", err)
	case errors.Is(err, kafka.SASLAuthenticationFailed), mentions(err, "SASL Authentication failed", "SCRAM", "scram", "invalid credentials"):
		return Authentication, "the brokers refuse the authentication: check REGTRAP_SASL_USERNAME, REGTRAP_SASL_PASSWORD and REGTRAP_SASL_MECHANISM"
	case errors.Is(err, kafka.UnsupportedSASLMechanism):
		return Authentication, "the brokers do not offer this authentication mechanism: check REGTRAP_SASL_MECHANISM"
	case errors.Is(err, kafka.ClusterAuthorizationFailed):
		return Authorization, "this user has no rights on the cluster: grant them, or use another user"
	case errors.Is(err, kafka.RequestTimedOut), errors.Is(err, context.DeadlineExceeded):
		return Timeout, "the brokers did not answer in time: check REGTRAP_BROKERS and the brokers' load"
	case errors.As(err, &code):
		return Refused, fmt.Sprintf("the broker refuses: %s: %s", code.Title(), code.Description())
	case mentions(err, "tls:"):
		return TLS, fmt.Sprintf("no TLS connection with the brokers: check REGTRAP_TLS and REGTRAP_BROKERS: %v", err)
	case errors.As(err, &network):
		return Network, fmt.Sprintf("no connection with the brokers: check REGTRAP_BROKERS and the network: %v", err)
	}
	return Network, fmt.Sprintf("the brokers close the connection: check REGTRAP_BROKERS, REGTRAP_TLS and the REGTRAP_SASL settings: %v", err)
}

// mentions finds errors that kafka-go and the SASL library give as text only.
func mentions(err error, texts ...string) bool {
	for _, text := range texts {
		if strings.Contains(err.Error(), text) {
			return true
		}
	}
	return false
}
