package group

import (
	"encoding/binary"
	"math"
	"slices"
	"time"
)

// encoder appends what the store keeps: varints, and strings with their length before them.
type encoder []byte

func (e *encoder) byte(b byte)     { *e = append(*e, b) }
func (e *encoder) uint(v uint64)   { *e = binary.AppendUvarint(*e, v) }
func (e *encoder) int(v int64)     { *e = binary.AppendVarint(*e, v) }
func (e *encoder) string(s string) { e.uint(uint64(len(s))); *e = append(*e, s...) }
func (e *encoder) bytes(b []byte)  { e.uint(uint64(len(b))); *e = append(*e, b...) }

// maybe appends a string that may be absent.
func (e *encoder) maybe(s *string) {
	if s == nil {
		e.byte(0)
		return
	}
	e.byte(1)
	e.string(*s)
}

// time appends a time in milliseconds.
func (e *encoder) time(t time.Time) { e.int(t.UnixMilli()) }

// duration appends a duration in milliseconds.
func (e *encoder) duration(d time.Duration) { e.int(d.Milliseconds()) }

func (e *encoder) strings(list []string) {
	e.uint(uint64(len(list)))
	for _, s := range list {
		e.string(s)
	}
}

// slots appends partitions, by topic, each with the number that the map has for it.
func (e *encoder) slots(m map[slot]int32) {
	topics := byTopic(m)
	e.uint(uint64(len(topics)))
	for _, t := range topics {
		*e = append(*e, t.id[:]...)
		e.uint(uint64(len(t.partitions)))
		for _, p := range t.partitions {
			e.uint(uint64(p))
			e.int(int64(m[slot{t.id, p}]))
		}
	}
}

// topicSlots are the partitions of one topic, in order.
type topicSlots struct {
	id         topicID
	partitions []int32
}

// byTopic lists partitions by topic, in order.
func byTopic[V any](m map[slot]V) []topicSlots {
	if len(m) == 0 {
		return nil
	}
	keys := make([]slot, 0, len(m))
	for s := range m {
		keys = append(keys, s)
	}
	slices.SortFunc(keys, compareSlots)
	var list []topicSlots
	for _, s := range keys {
		if len(list) == 0 || list[len(list)-1].id != s.topic {
			list = append(list, topicSlots{id: s.topic})
		}
		t := &list[len(list)-1]
		t.partitions = append(t.partitions, s.partition)
	}
	return list
}

func compareSlots(a, b slot) int {
	if c := slices.Compare(a.topic[:], b.topic[:]); c != 0 {
		return c
	}
	return int(a.partition) - int(b.partition)
}

// decoder reads what encoder wrote. After the first thing that cannot be read, bad is set and everything else reads as nothing.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) fail() { d.b, d.bad = nil, true }

func (d *decoder) byte() byte {
	if len(d.b) == 0 {
		d.fail()
		return 0
	}
	b := d.b[0]
	d.b = d.b[1:]
	return b
}

func (d *decoder) uint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) int() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) int32() int32 {
	v := d.int()
	if v < math.MinInt32 || v > math.MaxInt32 {
		d.fail()
		return 0
	}
	return int32(v)
}

// partition reads a number of a partition.
func (d *decoder) partition() int32 {
	v := d.uint()
	if v > math.MaxInt32 {
		d.fail()
		return 0
	}
	return int32(v)
}

// count reads how many things follow, each of at least size bytes.
func (d *decoder) count(size int) int {
	n := d.uint()
	if n > uint64(len(d.b)/size) {
		d.fail()
		return 0
	}
	return int(n)
}

func (d *decoder) bytes() []byte {
	n := d.uint()
	if n > uint64(len(d.b)) {
		d.fail()
		return nil
	}
	b := d.b[:n:n]
	d.b = d.b[n:]
	return slices.Clone(b)
}

func (d *decoder) string() string { return string(d.bytes()) }

func (d *decoder) maybe() *string {
	if d.flag() {
		s := d.string()
		return &s
	}
	return nil
}

// flag reads a byte that is 0 or 1.
func (d *decoder) flag() bool {
	b := d.byte()
	if b > 1 {
		d.fail()
	}
	return b == 1
}

func (d *decoder) time() time.Time { return time.UnixMilli(d.int()) }

func (d *decoder) duration() time.Duration {
	ms := d.int()
	if ms < 0 || ms > math.MaxInt32 {
		d.fail()
		return 0
	}
	return time.Duration(ms) * time.Millisecond
}

func (d *decoder) strings() []string {
	n := d.count(1)
	if n == 0 {
		return nil
	}
	list := make([]string, n)
	for i := range list {
		list[i] = d.string()
	}
	return list
}

func (d *decoder) topic() (id topicID) {
	if len(d.b) < len(id) {
		d.fail()
		return id
	}
	copy(id[:], d.b)
	d.b = d.b[len(id):]
	return id
}

func (d *decoder) slots() map[slot]int32 {
	m := map[slot]int32{}
	for range d.count(17) {
		id := d.topic()
		for range d.count(2) {
			p := d.partition()
			m[slot{id, p}] = d.int32()
		}
	}
	return m
}

// done says whether all was read, and nothing else was there.
func (d *decoder) done() bool { return !d.bad && len(d.b) == 0 }
