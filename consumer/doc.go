// Package consumer reads Kafka topics as a member of a consumer group and
// commits an offset only behind records that are handled.
//
// # How it works
//
//	           ┌──────────── a generation of the group ────────────┐
//	metadata ─▶│ start offsets ─▶ fetcher ─▶ queue ─▶ worker ─▶ watermark ─▶ committer
//	  watch    │                  (leaders)  (one a    (one a                (every second)
//	           │                             partition) partition)
//	           └───────────────────────────────────────────────────┘
//
// One goroutine owns a partition from batch to watermark. Batches are handled
// in order, so everything below the watermark is handled and no holes need a
// book. A fetcher asks each leader for all owned partitions that are ready for
// data, several requests at a time, so that a busy partition does not wait for
// the long poll of idle ones; the next batch of a partition is fetched while
// this one is handled.
//
// When the group rebalances, or on shutdown, fetching stops, the batch in hand
// may finish for half the session timeout, and the watermark is committed as
// the member and generation that own it. What does not finish is abandoned and
// will be redelivered.
//
// # Where a partition begins
//
// At the committed offset, where there is one and the log has it.
//
//   - Below the log's start (retention overtook the group): at the earliest
//     record, and what was missed is counted.
//   - Above the log's end (truncated, failed over or recreated): at the
//     earliest record. Everything is read again: alert ids are the same, so
//     readers drop what they know by key.
//   - In range, but the record before it is not the one that was handled, by
//     leader epoch and timestamp in the commit's metadata: the topic was
//     recreated, and begins at its earliest record. When the record before it
//     is gone (compaction, retention), this cannot be told.
//   - Without a commit and with Start Earliest: at the earliest record. With
//     Latest it is decided by topic: when the group has no commit for any
//     partition of it, owners commit the end of the partitions that they own
//     at once; when it has some, a partition without one is new and is read
//     from its start.
//
// The same is looked at while a partition is read: after every failure the last
// record must still be the one at its place, and leader epochs only grow; else
// the topic was recreated meanwhile. What cannot be told: a topic that is
// recreated with a record of the same timestamp at the same offset, or whose
// record there is not in the new log.
//
// # What it does not do
//
// Cooperative rebalancing, static membership and KIP-848 groups are not in
// kafka-go. Topics are never created. A batch that cannot be read is never
// skipped: its partition waits.
package consumer
