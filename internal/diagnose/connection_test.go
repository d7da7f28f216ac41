package diagnose_test

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/segmentio/kafka-go"

	"github.com/regtrap/regtrap/internal/diagnose"
)

func TestConnectionNamesWhatToCheck(t *testing.T) {
	for _, test := range []struct {
		err           error
		reason, words string
	}{
		{fmt.Errorf("dial: %w", x509.UnknownAuthorityError{}), diagnose.TLS, "REGTRAP_TLS_CA_FILE"},
		{kafka.SASLAuthenticationFailed, diagnose.Authentication, "REGTRAP_SASL_PASSWORD"},
		{kafka.UnsupportedSASLMechanism, diagnose.Authentication, "REGTRAP_SASL_MECHANISM"},
		{kafka.ClusterAuthorizationFailed, diagnose.Authorization, "rights"},
		{fmt.Errorf("wrapped: %w", kafka.RequestTimedOut), diagnose.Timeout, "in time"},
		{kafka.InvalidRecord, diagnose.Refused, "the broker refuses"},
		{errors.New("tls: first record does not look like a TLS handshake"), diagnose.TLS, "REGTRAP_TLS"},
		{io.ErrUnexpectedEOF, diagnose.Network, "REGTRAP_SASL"},
	} {
		reason, words := diagnose.Connection(test.err)
		if reason != test.reason || !strings.Contains(words, test.words) {
			t.Errorf("Connection(%v) = %s, %q; want %s and %q", test.err, reason, words, test.reason, test.words)
		}
	}
}

func ExampleConnection() {
	reason, words := diagnose.Connection(kafka.SASLAuthenticationFailed)
	fmt.Println(reason)
	fmt.Println(words)
	// Output:
	// authentication
	// the brokers refuse the authentication: check REGTRAP_SASL_USERNAME, REGTRAP_SASL_PASSWORD and REGTRAP_SASL_MECHANISM
}
