package consumer

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/segmentio/kafka-go"
)

func members(rng *rand.Rand, n int, topics []string) []kafka.GroupMember {
	var list []kafka.GroupMember
	for i := range n {
		list = append(list, kafka.GroupMember{ID: fmt.Sprintf("m%02d", i), Topics: topics})
	}
	rng.Shuffle(n, func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

func topicPartitions(topics map[string]int) (list []kafka.Partition) {
	for topic, n := range topics {
		for id := range n {
			list = append(list, kafka.Partition{Topic: topic, ID: id})
		}
	}
	return list
}

// flat turns an assignment round, and fails when a partition has two owners.
func flat(t *testing.T, a kafka.GroupMemberAssignments) map[partition]string {
	t.Helper()
	owner := make(map[partition]string)
	for member, topics := range a {
		for topic, ids := range topics {
			for _, id := range ids {
				p := partition{topic, id}
				if other, ok := owner[p]; ok {
					t.Fatalf("%v is given to %s and to %s", p, other, member)
				}
				owner[p] = member
			}
		}
	}
	return owner
}

// claim has members say what an assignment gave them.
func claimed(t *testing.T, list []kafka.GroupMember, a kafka.GroupMemberAssignments) []kafka.GroupMember {
	t.Helper()
	for i := range list {
		var b balancer
		var own []partition
		for topic, ids := range a[list[i].ID] {
			for _, id := range ids {
				own = append(own, partition{topic, id})
			}
		}
		b.own(own)
		data, err := b.UserData()
		if err != nil {
			t.Fatal(err)
		}
		list[i].UserData = data
	}
	return list
}

func TestEveryPartitionHasOneOwnerAndLoadsAreEven(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		topics := make(map[string]int)
		var names []string
		for i := range 1 + rng.IntN(5) {
			name := fmt.Sprintf("t%d", i)
			topics[name] = 1 + rng.IntN(12)
			names = append(names, name)
		}
		list := members(rng, 1+rng.IntN(12), names)
		parts := topicPartitions(topics)
		var b balancer
		first := b.AssignGroups(list, parts)
		for range 3 { // members come and go
			owners := flat(t, first)
			if len(owners) != len(parts) {
				t.Fatalf("%d of %d partitions are given", len(owners), len(parts))
			}
			least, most := len(parts), 0
			for _, m := range list {
				n := 0
				for _, ids := range first[m.ID] {
					n += len(ids)
				}
				least, most = min(least, n), max(most, n)
			}
			if most-least > 1 {
				t.Fatalf("loads from %d to %d", least, most)
			}
			list = claimed(t, list, first)
			if len(list) > 1 && rng.IntN(2) == 0 {
				list = list[1:]
			} else {
				list = append(list, kafka.GroupMember{ID: fmt.Sprintf("new%d", rng.Uint64()), Topics: names, UserData: []byte("garbage")})
			}
			first = b.AssignGroups(list, parts)
		}
	}
}

func TestAMemberThatLeavesMovesOnlyItsOwn(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	list := members(rng, 4, []string{"a"})
	parts := topicPartitions(map[string]int{"a": 12})
	var b balancer
	before := b.AssignGroups(list, parts)
	list = claimed(t, list, before)
	gone := list[0].ID
	after := flat(t, b.AssignGroups(list[1:], parts))
	for p, owner := range flat(t, before) {
		if owner != gone && after[p] != owner {
			t.Errorf("%v moved from %s to %s though %s stayed", p, owner, after[p], owner)
		}
	}
}

func TestBalanceDoesNotDependOnTheOrderOfMembers(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	parts := topicPartitions(map[string]int{"a": 7, "b": 3})
	var b balancer
	want := b.AssignGroups(members(rng, 4, []string{"a", "b"}), parts)
	for range 20 {
		rng.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
		if diff := cmp.Diff(want, b.AssignGroups(members(rng, 4, []string{"a", "b"}), parts)); diff != "" {
			t.Fatal(diff)
		}
	}
}

func TestOnlySubscribersGetATopic(t *testing.T) {
	var b balancer
	list := []kafka.GroupMember{{ID: "x", Topics: []string{"a"}}, {ID: "y", Topics: []string{"a", "b"}}}
	got := flat(t, b.AssignGroups(list, topicPartitions(map[string]int{"a": 4, "b": 4, "c": 1})))
	for p, owner := range got {
		if p.topic == "b" && owner != "y" || p.topic == "c" {
			t.Errorf("%v is given to %s", p, owner)
		}
	}
	if len(got) != 8 {
		t.Errorf("%d partitions are given, want 8", len(got))
	}
}

// Four topics of three partitions keep twelve members busy: Range would use three.
func TestTopicsAreBalancedTogether(t *testing.T) {
	var b balancer
	topics := map[string]int{"a": 3, "b": 3, "c": 3, "d": 3}
	a := b.AssignGroups(members(rand.New(rand.NewPCG(7, 8)), 12, []string{"a", "b", "c", "d"}), topicPartitions(topics))
	for member, list := range a {
		if len(list) != 1 {
			t.Errorf("%s owns %v", member, list)
		}
	}
}
