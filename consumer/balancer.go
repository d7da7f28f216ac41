package consumer

import (
	"encoding/json"
	"slices"
	"sync"

	"github.com/segmentio/kafka-go"
)

// balancer shares all partitions of all topics among the members: evenly over
// the whole, where Range and RoundRobin go topic by topic and leave members
// idle, and sticky, so that a rebalance moves as little as it can. It
// implements kafka.GroupBalancer.
type balancer struct {
	mu    sync.Mutex
	owned []partition // what this member owned last
}

// claim is a member's user data: what it owned last.
type claim struct {
	Owned map[string][]int `json:"owned"`
}

// ProtocolName names the strategy and the version of its user data.
func (b *balancer) ProtocolName() string { return "regtrap-sticky-1" }

// UserData says what this member owned last.
func (b *balancer) UserData() ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := claim{Owned: make(map[string][]int)}
	for _, p := range b.owned {
		c.Owned[p.topic] = append(c.Owned[p.topic], p.id)
	}
	return json.Marshal(c)
}

// own notes what this member owns now.
func (b *balancer) own(list []partition) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.owned = slices.Clone(list)
}

// AssignGroups gives every partition to one member that subscribes to its
// topic. Loads of members with the same subscription differ by at most one. A
// claim that cannot be read is no claim.
func (b *balancer) AssignGroups(members []kafka.GroupMember, partitions []kafka.Partition) kafka.GroupMemberAssignments {
	members = slices.Clone(members)
	slices.SortFunc(members, func(a, b kafka.GroupMember) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	var all []partition
	for _, p := range partitions {
		all = append(all, partition{p.Topic, p.ID})
	}
	slices.SortFunc(all, comparePartitions)
	all = slices.Compact(all)

	held := make([][]partition, len(members))
	subscribes := func(m int, topic string) bool { return slices.Contains(members[m].Topics, topic) }
	// give hands p to the member of least load, of those that may have it.
	give := func(p partition) {
		best := -1
		for m := range members {
			if subscribes(m, p.topic) && (best < 0 || len(held[m]) < len(held[best])) {
				best = m
			}
		}
		if best >= 0 {
			held[best] = append(held[best], p)
		}
	}
	claimed := claims(members)
	most := 0
	if len(members) > 0 {
		most = (len(all) + len(members) - 1) / len(members)
	}
	var free []partition
	for _, p := range all {
		if m, ok := claimed[p]; ok && subscribes(m, p.topic) && len(held[m]) < most {
			held[m] = append(held[m], p)
		} else {
			free = append(free, p)
		}
	}
	for _, p := range free {
		give(p)
	}
	// Claims may have left one member at the upper bound and another two below.
	for moved := true; moved; {
		moved = false
		for from := range held {
			for i, p := range held[from] {
				to := -1
				for m := range held {
					if subscribes(m, p.topic) && len(held[m])+1 < len(held[from]) && (to < 0 || len(held[m]) < len(held[to])) {
						to = m
					}
				}
				if to >= 0 {
					held[to] = append(held[to], p)
					held[from] = slices.Delete(held[from], i, i+1)
					moved = true
					break
				}
			}
		}
	}

	assignments := make(kafka.GroupMemberAssignments)
	for m, list := range held {
		topics := make(map[string][]int)
		slices.SortFunc(list, comparePartitions)
		for _, p := range list {
			topics[p.topic] = append(topics[p.topic], p.id)
		}
		assignments[members[m].ID] = topics
	}
	return assignments
}

// claims returns the member that owned each partition last. Of two that claim
// the same, one of them stale, neither is believed.
func claims(members []kafka.GroupMember) map[partition]int {
	owner := make(map[partition]int)
	disputed := make(map[partition]bool)
	for m, member := range members {
		var c claim
		if json.Unmarshal(member.UserData, &c) != nil {
			continue // another version's: it owns nothing that we know of
		}
		for topic, ids := range c.Owned {
			for _, id := range ids {
				p := partition{topic, id}
				if _, ok := owner[p]; ok {
					disputed[p] = true
				}
				owner[p] = m
			}
		}
	}
	for p := range disputed {
		delete(owner, p)
	}
	return owner
}
