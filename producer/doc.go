// Package producer writes messages to Kafka and returns when all in-sync
// replicas have them.
//
// It speaks to the brokers through kafka-go's Client, not its Writer: that
// acknowledges nothing by default, ignores keys when it chooses a partition,
// fails a whole batch for one message that is too large, and goes on writing
// after its caller has given up.
//
// What may go wrong with the output falls into two kinds. A message that is
// larger than its topic takes is refused for ever, and given back to the
// caller. Everything else (a broker that is away, a topic that does not exist,
// a right that is missing, too few replicas in sync) may end, so Publish tries
// again until it does, or until its context is done, and says meanwhile in
// Status, metrics and log what it waits for.
package producer
