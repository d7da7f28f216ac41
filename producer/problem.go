package producer

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

// problem says an error of the output in words that an operator can act on:
// which topic, what is missing, what to do. The reason is a word of a fixed
// set, for metrics.
func problem(err error, topic string) (reason, words string) {
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
		return "tls", fmt.Sprintf("the brokers' certificate is not trusted: check REGTRAP_TLS_CA_FILE and REGTRAP_TLS_SERVER_NAME: %v", err)
	case errors.Is(err, kafka.SASLAuthenticationFailed), mentions(err, "SASL Authentication failed", "SCRAM", "scram", "invalid credentials"):
		return "authentication", "the brokers refuse the authentication: check REGTRAP_SASL_USERNAME, REGTRAP_SASL_PASSWORD and REGTRAP_SASL_MECHANISM"
	case errors.Is(err, kafka.UnsupportedSASLMechanism):
		return "authentication", "the brokers do not offer this authentication mechanism: check REGTRAP_SASL_MECHANISM"
	case errors.Is(err, kafka.TopicAuthorizationFailed):
		return "authorization", fmt.Sprintf("topic %s: this user may not write to it: grant WRITE and DESCRIBE on the topic", topic)
	case errors.Is(err, kafka.ClusterAuthorizationFailed):
		return "authorization", "this user has no rights on the cluster: grant them, or use another user"
	case errors.Is(err, kafka.UnknownTopicOrPartition):
		return "missing_topic", fmt.Sprintf("topic %s does not exist: create it; regtrap never does", topic)
	case errors.Is(err, kafka.NotEnoughReplicas), errors.Is(err, kafka.NotEnoughReplicasAfterAppend):
		return "replicas", fmt.Sprintf("topic %s: fewer replicas are in sync than min.insync.replicas asks for: bring brokers back", topic)
	case errors.Is(err, kafka.NotLeaderForPartition), errors.Is(err, kafka.LeaderNotAvailable), errors.Is(err, kafka.FencedLeaderEpoch), errors.Is(err, kafka.BrokerNotAvailable):
		return "leader", fmt.Sprintf("topic %s: a partition is between leaders", topic)
	case errors.Is(err, kafka.ThrottlingQuotaExceeded):
		return "quota", fmt.Sprintf("topic %s: this client is above its quota: raise it", topic)
	case errors.Is(err, kafka.RequestTimedOut), errors.Is(err, context.DeadlineExceeded):
		return "timeout", fmt.Sprintf("topic %s: the brokers did not acknowledge in time", topic)
	case errors.As(err, &code):
		return "refused", fmt.Sprintf("topic %s: the broker refuses: %s: %s", topic, code.Title(), code.Description())
	case mentions(err, "tls:"):
		return "tls", fmt.Sprintf("no TLS connection with the brokers: check REGTRAP_TLS and REGTRAP_BROKERS: %v", err)
	case errors.As(err, &network):
		return "network", fmt.Sprintf("no connection with the brokers: check REGTRAP_BROKERS and the network: %v", err)
	}
	return "network", fmt.Sprintf("the brokers close the connection: check REGTRAP_BROKERS, REGTRAP_TLS and the REGTRAP_SASL settings: %v", err)
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

// tooLarge reports whether the broker refuses the messages for their size.
func tooLarge(err error) bool {
	return errors.Is(err, kafka.MessageSizeTooLarge) || errors.Is(err, kafka.RecordListTooLarge)
}
