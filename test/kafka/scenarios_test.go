package kafka

import (
	"fmt"
	"slices"
	"testing"
)

// Sizes of the scenarios.
const (
	partitions = 6
	perCodec   = 300
	perStep    = 600
)

// TestClients lets each library work in each role.
func TestClients(t *testing.T) {
	onEach(t, func(t *testing.T, addr string) {
		classes := &javaClasses{dir: t.TempDir()}
		for _, c := range libraries(classes) {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				t.Run("Produce", func(t *testing.T) { t.Parallel(); c.produces(t, addr) })
				for _, g := range c.groups {
					t.Run("Group/"+g[0]+g[1], func(t *testing.T) { t.Parallel(); c.sharesGroups(t, addr, g) })
				}
				t.Run("Transactions", func(t *testing.T) { t.Parallel(); c.commitsAndAborts(t, addr) })
				t.Run("Fencing", func(t *testing.T) { t.Parallel(); c.isFenced(t, addr) })
				t.Run("Relay", func(t *testing.T) { t.Parallel(); c.relaysExactlyOnce(t, addr) })
			})
		}
	})
}

// produces sends with each codec, idempotent, and reads it back.
func (c client) produces(t *testing.T, addr string) {
	s := settings{Addr: addr, Topic: createTopic(t, addr, "in", partitions), Partitions: partitions, Count: perCodec}
	sent := newLedger()
	for _, codec := range c.codecs {
		s.Codec = codec
		sent.add(c.play(t, "produce", s).done().said("sent")...)
		s.First += perCodec
	}
	if want := perCodec * len(c.codecs); len(sent.sent) != want || len(sent.at) != want {
		t.Errorf("%d outcomes, %d offsets of %d records", len(sent.sent), len(sent.at), want)
	}
	if err := sent.holds(t, addr, s.Topic); err != nil {
		t.Error(err)
	}
	s.Group, s.Protocol, s.Isolation = s.Topic, "classic", "read_uncommitted"
	reader := c.play(t, "consume", s)
	reader.until(func() error { return hasCommitted(len(sent.sent), reader) })
	if err := sent.check(reader.leave().records()); err != nil {
		t.Error(err)
	}
}

// hasCommitted says whether members together have read and committed a number of records.
func hasCommitted(want int, members ...*actor) error {
	total := 0
	for _, m := range members {
		total += m.committed()
	}
	if total < want {
		return fmt.Errorf("%d records are read and committed, want %d", total, want)
	}
	return nil
}

// sharesGroups lets one member read, a second join, the first leave, and a third go on from what was committed.
func (c client) sharesGroups(t *testing.T, addr string, how [2]string) {
	s := settings{
		Addr: addr, Topic: createTopic(t, addr, "in", partitions), Partitions: partitions, Count: perStep,
		Group: t.Name(), Protocol: how[0], Assignor: how[1], Isolation: "read_committed",
	}
	sent := newLedger()
	more := func() {
		t.Helper()
		sent.add(c.play(t, "produce", s).done().said("sent")...)
		s.First += s.Count
	}
	more()
	first := c.play(t, "consume", s)
	first.until(func() error { return hasCommitted(perStep, first) })
	second := c.play(t, "consume", s)
	second.until(func() error { return split(partitions, first, second) })
	more()
	second.until(func() error { return hasCommitted(2*perStep, first, second) })
	first.leave()
	second.until(func() error { return split(partitions, second) })
	more()
	second.until(func() error { return hasCommitted(3*perStep, first, second) })
	second.leave()
	more()
	third := c.play(t, "consume", s)
	third.until(func() error { return hasCommitted(perStep, third) })
	third.leave()

	if n := len(third.records()); n != perStep {
		t.Errorf("the third member read %d records, want the %d that came after the second left", n, perStep)
	}
	read := slices.Concat(first.records(), second.records(), third.records())
	// Each member read its partitions in order; together they did so one after the other.
	slices.SortStableFunc(read, func(a, b record) int { return int(a.offset - b.offset) })
	if err := sent.check(read); err != nil {
		t.Error(err)
	}
}

// commitsAndAborts makes transactions over all partitions, of which readers of committed records see all or nothing.
func (c client) commitsAndAborts(t *testing.T, addr string) {
	s := settings{
		Addr: addr, Topic: createTopic(t, addr, "in", partitions), Partitions: partitions, TxID: t.Name(),
		Count: 300, Size: 20, AbortEvery: 3,
	}
	a := c.play(t, "transact", s).done()
	sent := newLedger()
	sent.add(a.said("sent")...)
	sent.add(a.said("transaction")...)
	if len(sent.whole) != 15 || len(sent.gone) != 5 {
		t.Fatalf("%d transactions, %d of them aborted, want 15 and 5", len(sent.whole), len(sent.gone))
	}
	sent.ids(0, s.Count) // kafka-python is not told of records that it aborts; all were written
	if err := sent.holds(t, addr, s.Topic); err != nil {
		t.Error(err)
	}
	if n := len(inTopic(t, addr, s.Topic, true)); n != s.Count {
		t.Errorf("readers of uncommitted records see %d of %d", n, s.Count)
	}
	s.Group, s.Protocol, s.Isolation = s.Topic, "classic", "read_committed"
	reader := c.play(t, "consume", s)
	reader.until(func() error { return hasCommitted(200, reader) })
	if err := sent.check(reader.leave().records()); err != nil {
		t.Errorf("%s as reader: %v", c.name, err)
	}
}

// isFenced opens a transaction, lets a second producer take its transactional id, and wants the first refused.
func (c client) isFenced(t *testing.T, addr string) {
	s := settings{Addr: addr, Topic: createTopic(t, addr, "in", partitions), Partitions: partitions, TxID: t.Name(), Count: 30, Size: 30, AbortEvery: 100}
	zombie := c.play(t, "hold", s)
	zombie.until(func() error {
		if len(zombie.said("ready")) == 0 {
			return fmt.Errorf("%s has not opened its transaction", zombie.who)
		}
		return nil
	})
	s.First = s.Count
	taker := c.play(t, "transact", s).done()
	if _, err := zombie.stdin.Write([]byte("commit\n")); err != nil {
		t.Fatal(err)
	}
	zombie.done()
	end := zombie.said("transaction")
	if len(end) != 1 || end[0].Outcome != "fenced" {
		t.Errorf("the first producer says %+v, want it fenced", end)
	}
	sent := newLedger()
	for _, a := range []*actor{zombie, taker} {
		sent.add(a.said("sent")...)
		sent.add(a.said("transaction")...)
	}
	if err := sent.holds(t, addr, s.Topic); err != nil {
		t.Error(err)
	}
}

// relaysExactlyOnce carries records from topic to topic in transactions with their offsets, by a process that is killed.
func (c client) relaysExactlyOnce(t *testing.T, addr string) {
	const count, kills = 3000, 2
	s := settings{
		Addr: addr, Topic: createTopic(t, addr, "in", partitions), Partitions: partitions, Out: createTopic(t, addr, "out", partitions),
		Group: t.Name(), Protocol: "classic", TxID: t.Name(), Count: count / (kills + 1),
	}
	sent := newLedger()
	var relay *actor
	for range kills + 1 {
		relay = c.play(t, "relay", s)
		sent.add(c.play(t, "produce", s).done().said("sent")...)
		s.First += s.Count
		relay.until(func() error {
			if len(relay.said("relayed")) == 0 {
				return fmt.Errorf("%s has relayed nothing", relay.who)
			}
			return nil
		})
		if s.First < count {
			relay.kill()
		}
	}
	relay.until(func() error {
		if n := len(inTopic(t, addr, s.Out, false)); n < count {
			return fmt.Errorf("%d of %d records are relayed", n, count)
		}
		return nil
	})
	relay.leave()
	clear(sent.at) // they are elsewhere now
	if err := sent.holds(t, addr, s.Out); err != nil {
		t.Error(err)
	}
}
