package service

import (
	"errors"
	"slices"
	"strings"

	"github.com/segmentio/kafka-go"
)

// Access is how a command of an operator reaches the cluster that the service
// reads: with the same variables, of which it needs but some.
type Access struct {
	Config    Config           // only what Open was told to use is checked
	Transport *kafka.Transport // how to reach them; to be copied
	Warnings  []Warning        // variables that do not exist
}

// Open reads the variables that say how brokers are reached, and those of uses.
// What is wrong with any other is no concern of the caller: a command that only
// looks at offsets runs where no rules are. The error is a *ConfigError. It
// connects with nobody yet.
func Open(environ []string, uses ...string) (*Access, error) {
	c, warnings, err := ParseConfig(environ)
	var wrong *ConfigError
	switch {
	case errors.As(err, &wrong):
		mistakes := slices.DeleteFunc(slices.Clone(wrong.Mistakes), func(m Mistake) bool { return !connects(m.Variable) && !slices.Contains(uses, m.Variable) })
		if err := configError(mistakes); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, err
	}
	connections, err := c.connections()
	if err != nil {
		return nil, err
	}
	return &Access{Config: c, Transport: connections.transport, Warnings: warnings}, nil
}

// connects reports whether a variable says how brokers are reached.
func connects(variable string) bool {
	for _, beginning := range []string{"REGTRAP_BROKERS", "REGTRAP_CLIENT_", "REGTRAP_TLS", "REGTRAP_SASL", "REGTRAP_OAUTH", "REGTRAP_AWS"} {
		if strings.HasPrefix(variable, beginning) {
			return true
		}
	}
	return false
}
