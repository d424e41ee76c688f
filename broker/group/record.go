package group

import (
	"time"

	"millrace/broker/keyed"
	"millrace/fault"
)

// The records. A key is its kind, the name of the group, and what else tells it apart; a value begins with version.
//
//	g group                          → the group, with its members if it is a classic one
//	m group member                   → a member of KIP-848
//	o group topic partition          → a committed offset
//	p group producer topic partition → an offset of a transaction that is not over
//
// In the order of keys a group comes before all that belongs to it.
const (
	recordGroup  = 'g'
	recordMember = 'm'
	recordOffset = 'o'
	recordStaged = 'p'

	version = 1
)

func keyOf(kind byte, group string) encoder {
	e := make(encoder, 0, len(group)+64)
	e.byte(kind)
	e.string(group)
	return e
}

func groupKey(group string) []byte { return keyOf(recordGroup, group) }

func memberKey(group, member string) []byte {
	e := keyOf(recordMember, group)
	e.string(member)
	return e
}

func (e *encoder) spot(at spot) {
	e.string(at.topic)
	e.uint(uint64(at.partition))
}

func (d *decoder) spot() spot { return spot{topic: d.string(), partition: d.partition()} }

func offsetKey(group string, at spot) []byte {
	e := keyOf(recordOffset, group)
	e.spot(at)
	return e
}

func stagedKey(group string, producer int64, at spot) []byte {
	e := keyOf(recordStaged, group)
	e.int(producer)
	e.spot(at)
	return e
}

// begin starts a value.
func begin(size int) encoder {
	e := make(encoder, 0, size)
	e.byte(version)
	return e
}

// offset is where a group is in a partition.
type offset struct {
	offset   int64
	epoch    int32 // of the partition's leader, -1: unknown
	metadata string
	at       time.Time // of the commit
	topic    topicID   // which topic of the name: a new one begins anew
	seq      uint64    // order of commits in the group
}

func (o *offset) encode(e *encoder) {
	e.int(o.offset)
	e.int(int64(o.epoch))
	e.string(o.metadata)
	e.time(o.at)
	*e = append(*e, o.topic[:]...)
	e.uint(o.seq)
}

func (o *offset) decode(d *decoder) {
	o.offset, o.epoch, o.metadata, o.at, o.topic, o.seq = d.int(), d.int32(), d.string(), d.time(), d.topic(), d.uint()
}

func offsetEntry(group string, at spot, o offset) keyed.Entry {
	e := begin(64 + len(o.metadata))
	o.encode(&e)
	return keyed.Entry{Key: offsetKey(group, at), Value: e}
}

// stagedOffset is an offset within a transaction.
type stagedOffset struct {
	offset
	producerEpoch int16
}

func stagedEntry(group string, producer int64, at spot, o stagedOffset) keyed.Entry {
	e := begin(64 + len(o.metadata))
	e.int(int64(o.producerEpoch))
	o.encode(&e)
	return keyed.Entry{Key: stagedKey(group, producer, at), Value: e}
}

// record is the entry of the group itself.
func (g *group) record() keyed.Entry {
	g.stored = true
	e := begin(256)
	e.int(int64(g.epoch))
	e.time(g.emptySince)
	if c := g.consumer; c != nil {
		e.byte(1)
		e.int(int64(c.targetEpoch))
		e.string(c.assignor)
		e.uint(c.seen)
	} else {
		e.byte(0)
		g.classic.encode(&e)
	}
	return keyed.Entry{Key: groupKey(g.name), Value: e}
}

func (g *group) decode(d *decoder) {
	g.epoch, g.emptySince = d.int32(), d.time()
	if d.flag() {
		g.classic, g.consumer = nil, newConsumer()
		g.consumer.targetEpoch, g.consumer.assignor, g.consumer.seen = d.int32(), d.string(), d.uint()
		return
	}
	g.classic, g.consumer = newClassic(), nil
	g.classic.decode(d)
}

func (c *classic) encode(e *encoder) {
	e.string(c.protocolType)
	e.string(c.protocol)
	e.string(c.leader)
	e.byte(byte(c.state))
	e.uint(uint64(len(c.members)))
	for _, m := range c.sorted() {
		m.encode(e)
	}
}

func (c *classic) decode(d *decoder) {
	c.protocolType, c.protocol, c.leader, c.state = d.string(), d.string(), d.string(), state(d.byte())
	for range d.count(9) {
		m := &member{}
		m.decode(d)
		c.members[m.id] = m
		if m.instance != nil {
			c.static[*m.instance] = m.id
		}
	}
	// Only what completeJoin, SyncGroup and the last member's leaving write is ever there.
	ok := c.state == empty || c.state == completing || c.state == stable
	if !ok || (c.state == empty) != (len(c.members) == 0) || (c.leader != "" && c.members[c.leader] == nil) {
		d.fail()
	}
}

func (m *member) encode(e *encoder) {
	e.string(m.id)
	e.maybe(m.instance)
	e.string(m.clientID)
	e.string(m.host)
	e.duration(m.session)
	e.duration(m.balance)
	e.uint(uint64(len(m.protocols)))
	for _, p := range m.protocols {
		e.string(p.name)
		e.bytes(p.metadata)
	}
	e.bytes(m.assignment)
}

func (m *member) decode(d *decoder) {
	m.id, m.instance, m.clientID, m.host, m.session, m.balance = d.string(), d.maybe(), d.string(), d.string(), d.duration(), d.duration()
	for range d.count(2) {
		m.protocols = append(m.protocols, protocol{d.string(), d.bytes()})
	}
	m.assignment = d.bytes()
}

// entry is the record of a member of KIP-848.
func (s *subscriber) entry(group string) keyed.Entry {
	e := begin(256)
	e.maybe(s.instance)
	e.maybe(s.rack)
	e.string(s.clientID)
	e.string(s.host)
	e.int(int64(s.epoch))
	e.int(int64(s.previous))
	e.byte(byte(s.phase))
	e.duration(s.balance)
	e.string(s.assignor)
	e.strings(s.names)
	e.string(s.pattern)
	e.strings(s.matched)
	e.slots(s.assigned)
	e.slots(s.revoking)
	e.slots(s.target)
	return keyed.Entry{Key: memberKey(group, s.id), Value: e}
}

func (s *subscriber) decode(d *decoder) {
	s.instance, s.rack, s.clientID, s.host, s.epoch, s.previous = d.maybe(), d.maybe(), d.string(), d.string(), d.int32(), d.int32()
	s.phase, s.balance, s.assignor, s.names, s.pattern, s.matched = phase(d.byte()), d.duration(), d.string(), d.strings(), d.string(), d.strings()
	s.assigned, s.revoking, s.target = d.slots(), d.slots(), d.slots()
	if s.phase > unreleased || s.compile() != nil {
		d.fail()
	}
}

// open begins to read a value.
func open(value []byte) (*decoder, error) {
	d := &decoder{b: value}
	switch v := d.byte(); {
	case d.bad:
		return nil, fault.New(fault.Corrupt, "an empty record")
	case v != version:
		return nil, fault.New(fault.Invalid, "record version %d is unknown: this program knows version %d", v, version).
			WithHint("start the version of the program that wrote it, or a newer one")
	}
	return d, nil
}
