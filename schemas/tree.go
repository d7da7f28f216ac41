package schemas

import (
	"encoding/binary"
	"maps"
	"math/bits"
	"slices"
	"strings"
)

// A node is an object of the tree of wanted paths. For the wanted paths
//
//	winlog.event_id
//	winlog.event_data.Image
//	event.kind
//
// the tree is
//
//	(root) ─┬─ "winlog" ─────────────────┬─ "event_id"         → slot 0
//	        │                            ├─ "event_data" ─ "Image" → slot 1
//	        │                            └─ "event_data.Image" → slot 1
//	        ├─ "winlog.event_id"         → slot 0
//	        ├─ "winlog.event_data" ─ "Image" → slot 1
//	        ├─ "winlog.event_data.Image" → slot 1
//	        ├─ "event" ─ "kind"          → slot 2
//	        └─ "event.kind"              → slot 2
//
// so that nested, dotted and mixed spellings of a path meet in one slot by one
// look-up a key. A look-up first asks a bitmap (is there a key of this length
// that begins with such a byte: most keys end here), then a hash table, of
// which a quarter is filled. Nodes are read only once built.
type node struct {
	slot  int    // of a scalar or array at this place; -1 when none is wanted
	tells uint64 // bit n: the slot is one by which the table n may be told
	id    bool   // an event id sits here
	// number says that only a number is an event id here: a text is another source's.
	number bool
	wraps  uint64 // bit n: the wrapper n is here, and an object fills the slot too

	items      *node // an array here holds names and texts of that node's keys
	attributes bool  // some keys are those of XML attributes

	// begin[c&63] has bit n set where there is a key of n bytes that begins with
	// the byte c; bit 63 stands for all longer ones.
	begin [64]uint64
	shift uint8
	table []uint16 // by hash: 1 + the index of an edge; 0 when there is none here or further on
	edges []edge
}

// An edge is a key and the node behind it.
type edge struct {
	head, tail uint64 // its first and last eight bytes, see words
	size       int
	key        string
	to         *node
}

// words returns the first eight and the last eight bytes of the key
// b[from:to]; of a shorter key head is all there is. Together with the size
// they are the key when that has at most sixteen bytes.
func words(b []byte, from, to int) (head, tail uint64) {
	size := to - from
	switch {
	case size >= 8:
		return binary.LittleEndian.Uint64(b[from:]), binary.LittleEndian.Uint64(b[to-8:])
	case from+8 <= len(b):
		return binary.LittleEndian.Uint64(b[from:]) & (1<<(8*uint(size)) - 1), 0
	}
	for i := range size {
		head |= uint64(b[from+i]) << (8 * uint(i))
	}
	return head, 0
}

// find returns the node behind the key b[from:to], nil when it is not wanted.
func (n *node) find(b []byte, from, to int) *node {
	size := to - from
	if size == 0 || n.begin[b[from]&63]>>min(uint(size), 63)&1 == 0 {
		return nil
	}
	head, tail := words(b, from, to)
	if size <= 16 {
		return n.short(head, tail, size)
	}
	for at := n.hash(head, tail, size); ; at++ {
		k := n.table[at&uint64(len(n.table)-1)]
		if k == 0 {
			return nil
		}
		if e := &n.edges[k-1]; string(b[from:to]) == e.key {
			return e.to
		}
	}
}

// short is find for a key of at most sixteen bytes, given by its words.
func (n *node) short(head, tail uint64, size int) *node {
	for at := n.hash(head, tail, size); ; at++ {
		k := n.table[at&uint64(len(n.table)-1)]
		if k == 0 {
			return nil
		}
		if e := &n.edges[k-1]; e.head == head && e.tail == tail && e.size == size {
			return e.to
		}
	}
}

func (n *node) hash(head, tail uint64, size int) uint64 {
	return (head ^ bits.RotateLeft64(tail, 29) ^ uint64(size)<<56) * 0x9e3779b97f4a7c15 >> n.shift
}

func (n *node) leaf() bool { return n.table == nil }

// place is a place in the documents that are read: where wanted paths lead, and
// where they branch.
type place struct {
	slot     int
	children map[string]*place
	node     *node
}

func (p *place) child(name string) *place {
	next := p.children[name]
	if next == nil {
		next = &place{slot: -1, children: map[string]*place{}}
		p.children[name] = next
	}
	return next
}

// at returns the place of a path.
func (p *place) at(path string) *place {
	for name := range strings.SplitSeq(path, ".") {
		p = p.child(name)
	}
	return p
}

// buildTree returns the tree of the given paths; the slot of a path is its
// place in the list.
func buildTree(paths []string) *place {
	root := &place{slot: -1, children: map[string]*place{}}
	for slot, path := range paths {
		root.at(path).slot = slot
	}
	root.build()
	return root
}

// build makes the node of a place and those below it. Each place has one,
// however it is spelled.
func (p *place) build() *node {
	if p.node != nil {
		return p.node
	}
	p.node = &node{slot: p.slot}
	below := make(map[string]*node)
	var collect func(prefix string, p *place)
	collect = func(prefix string, p *place) {
		for name, child := range p.children {
			below[prefix+name] = child.build()
			collect(prefix+name+".", child)
		}
	}
	collect("", p)
	if len(below) > 0 {
		p.node.fill(below)
	}
	return p.node
}

// fill makes the bitmap and the hash table.
func (n *node) fill(below map[string]*node) {
	size := bits.Len(uint(len(below)*4 - 1))
	n.shift, n.table = uint8(64-size), make([]uint16, 1<<size)
	for _, key := range slices.Sorted(maps.Keys(below)) { // so that the tree is the same in every process
		b := []byte(key)
		n.attributes = n.attributes || b[0] == '@'
		n.begin[b[0]&63] |= 1 << min(uint(len(b)), 63)
		head, tail := words(b, 0, len(b))
		at := n.hash(head, tail, len(b))
		for n.table[at&uint64(len(n.table)-1)] != 0 {
			at++
		}
		n.edges = append(n.edges, edge{head, tail, len(b), key, below[key]})
		n.table[at&uint64(len(n.table)-1)] = uint16(len(n.edges))
	}
}
