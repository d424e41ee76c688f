package group

import (
	"fmt"
	"strconv"

	"millrace/fault"
)

// load reads all groups. Sessions begin anew: a member that lives says so within its timeout.
func (gs *Groups) load() error {
	err := gs.store.Range(func(key, value []byte) error {
		if err := gs.read(key, value); err != nil {
			return fmt.Errorf("read groups: record %s: %w", strconv.QuoteToASCII(string(key)), err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, g := range gs.groups {
		g.resume()
	}
	return nil
}

// read takes one record in. Those of a group come after the group itself.
func (gs *Groups) read(key, value []byte) error {
	k := &decoder{b: key}
	kind, name := k.byte(), k.string()
	if k.bad {
		return fault.New(fault.Corrupt, "the key cannot be read")
	}
	d, err := open(value)
	if err != nil {
		return err
	}
	g := gs.groups[name]
	if g == nil {
		if kind != recordGroup {
			return fault.New(fault.Corrupt, "it belongs to group %q, which is not there", name)
		}
		g = newGroup(gs, name)
		gs.groups[name] = g
	}
	switch kind {
	case recordGroup:
		g.stored = true
		g.decode(d)
	case recordMember:
		s := &subscriber{id: k.string()}
		s.decode(d)
		if g.consumer == nil {
			return fault.New(fault.Corrupt, "member %q is of KIP-848, its group is not", s.id)
		}
		g.consumer.members[s.id] = s
	case recordOffset:
		var o offset
		at := k.spot()
		o.decode(d)
		g.offsets[at] = o
		g.seq = max(g.seq, o.seq)
	case recordStaged:
		var o stagedOffset
		producer, at := k.int(), k.spot()
		o.producerEpoch = int16(d.int32())
		o.decode(d)
		g.stage(producer, at, o)
		g.seq = max(g.seq, o.seq)
	default:
		return fault.New(fault.Corrupt, "kind %q is unknown", kind)
	}
	if !k.done() || !d.done() {
		return fault.New(fault.Corrupt, "it cannot be read")
	}
	return nil
}

// resume starts the timers of a group that was read.
func (g *group) resume() {
	if g.consumer != nil {
		g.consumer.resume(g.now(), g.gs.cfg.Session)
	} else {
		g.classic.resume(g.now())
	}
	if due := g.due(); !due.IsZero() {
		g.gs.agenda.by(g, due)
	}
}
