package producer

import (
	"time"

	"github.com/segmentio/kafka-go"
)

// refreshEvery bounds how often refresh drops connections. A leader that moves
// is found within that time, and a hundred Publish calls that wait for one do
// not each open new connections.
const refreshEvery = 250 * time.Millisecond

// ownTransport returns a transport like t, without its connections. The client
// can be made to ask anew who leads only by dropping all connections; a
// transport that others share would drop theirs.
func ownTransport(t *kafka.Transport, topics []string) *kafka.Transport {
	return &kafka.Transport{
		Dial:           t.Dial,
		DialTimeout:    t.DialTimeout,
		IdleTimeout:    t.IdleTimeout,
		MetadataTTL:    t.MetadataTTL,
		MetadataTopics: topics, // without names every refresh pulls all topics of the cluster
		ClientID:       t.ClientID,
		TLS:            t.TLS,
		SASL:           t.SASL,
		Resolver:       t.Resolver,
		Context:        t.Context,
	}
}

// refresh makes the next request ask who leads, instead of within MetadataTTL.
func (p *Producer) refresh() {
	p.mu.Lock()
	recent := time.Since(p.refreshed) < refreshEvery
	if !recent {
		p.refreshed = time.Now()
	}
	p.mu.Unlock()
	if !recent {
		p.transport.CloseIdleConnections()
	}
}
