package offsets

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/regtrap/regtrap/cmd/internal/admin"
)

// Selection is which partitions of a group are meant.
type Selection struct {
	Group      string
	Topics     []string
	Partitions []int // none: all
}

// Move is a change of one committed offset.
type Move struct {
	Topic      string
	Partition  int
	Committed  int64 // -1: nothing
	Offset     int64 // what is to be committed
	Start, End int64 // of the log
}

// Plan says what a target means for each selected partition. The error names
// every partition that cannot go there.
func Plan(ctx context.Context, c *admin.Client, s Selection, to Target) ([]Move, error) {
	var moves []Move
	var errs []error
	for _, topic := range s.Topics {
		list, err := s.plan(ctx, c, topic, to)
		moves = append(moves, list...)
		if err != nil {
			errs = append(errs, err)
		}
		if admin.General(err) {
			break
		}
	}
	return moves, errors.Join(errs...)
}

func (s *Selection) plan(ctx context.Context, c *admin.Client, topic string, to Target) ([]Move, error) {
	ids, err := s.partitions(ctx, c, topic)
	if err != nil {
		return nil, err
	}
	bounds, err := c.Bounds(ctx, topic, ids)
	if err != nil {
		return nil, err
	}
	commits, err := c.Commits(ctx, s.Group, topic, ids)
	if err != nil {
		return nil, err
	}
	var at map[int]int64
	if to.kind == moment {
		if at, err = c.At(ctx, topic, ids, to.at); err != nil {
			return nil, err
		}
	}
	var moves []Move
	var errs []error
	for _, id := range ids {
		m := Move{Topic: topic, Partition: id, Committed: commits[id].Offset, Start: bounds[id].Start, End: bounds[id].End}
		m.Offset = m.End // of a moment after the last record
		if offset, ok := at[id]; ok {
			m.Offset = offset
		}
		if to.kind == readable {
			if m.Offset, err = c.Readable(ctx, topic, id, max(m.Committed, m.Start), m.End); err != nil {
				errs = append(errs, err)
				continue
			}
		}
		if err := m.aim(to); err != nil {
			errs = append(errs, fmt.Errorf("topic %s, partition %d: %w", topic, id, err))
			continue
		}
		moves = append(moves, m)
	}
	return moves, errors.Join(errs...)
}

// aim sets the offset of a target that needs no further question, and checks it.
func (m *Move) aim(to Target) error {
	switch to.kind {
	case earliest:
		m.Offset = m.Start
	case latest:
		m.Offset = m.End
	case offset:
		m.Offset = to.n
	case shift:
		if m.Committed < 0 {
			return fmt.Errorf("nothing is committed, so there is nothing to shift by %s: name an offset", to)
		}
		m.Offset = m.Committed + to.n
	}
	if m.Offset < m.Start || m.Offset > m.End {
		return fmt.Errorf("offset %d is not in the log: want %d to %d", m.Offset, m.Start, m.End)
	}
	return nil
}

// partitions returns the selected partitions of a topic.
func (s *Selection) partitions(ctx context.Context, c *admin.Client, topic string) ([]int, error) {
	all, err := c.Partitions(ctx, topic)
	if err != nil || len(s.Partitions) == 0 {
		return all, err
	}
	for _, id := range s.Partitions {
		if !slices.Contains(all, id) {
			return nil, fmt.Errorf("topic %s: no partition %d: it has 0 to %d", topic, id, len(all)-1)
		}
	}
	return s.Partitions, nil
}

// MembersError says that a group is in use.
type MembersError struct {
	Group   string
	Members []admin.Member
}

// Error names the members.
func (e *MembersError) Error() string {
	var names []string
	for _, m := range e.Members {
		names = append(names, fmt.Sprintf("%s (%s)", m.ID, strings.TrimPrefix(m.Host, "/")))
	}
	what, whom := "members", "them"
	if len(names) == 1 {
		what, whom = "member", "it"
	}
	return fmt.Sprintf("group %s has %d %s: %s: stop %s first; one that was killed stays until its session times out", e.Group, len(names), what, strings.Join(names, ", "), whom)
}

// Free returns a *MembersError when the group has members.
func Free(ctx context.Context, c *admin.Client, group string) error {
	g, err := c.Group(ctx, group)
	if err != nil {
		return err
	}
	if len(g.Members) > 0 {
		return &MembersError{group, g.Members}
	}
	return nil
}

// Apply commits the moves, and reads back whether they are committed. The group
// must be free: nothing is changed otherwise.
func Apply(ctx context.Context, c *admin.Client, group string, moves []Move) error {
	if err := Free(ctx, c, group); err != nil {
		return err
	}
	offsets := make(map[string]map[int]int64)
	for _, m := range moves {
		if offsets[m.Topic] == nil {
			offsets[m.Topic] = make(map[int]int64)
		}
		offsets[m.Topic][m.Partition] = m.Offset
	}
	if err := c.Commit(ctx, group, offsets); err != nil {
		return err
	}
	var errs []error
	for topic, list := range offsets {
		var ids []int
		for id := range list {
			ids = append(ids, id)
		}
		commits, err := c.Commits(ctx, group, topic, ids)
		if err != nil {
			errs = append(errs, err)
		}
		for id, offset := range list {
			if got, ok := commits[id]; ok && got.Offset != offset {
				errs = append(errs, fmt.Errorf("topic %s, partition %d: %d was committed, but %d is read back: a member has joined meanwhile", topic, id, offset, got.Offset))
			}
		}
	}
	return errors.Join(errs...)
}
