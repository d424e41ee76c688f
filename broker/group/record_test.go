package group

import (
	"bytes"
	"math"
	"testing"
	"time"

	"millrace/broker/disk/disktest"
	"millrace/broker/keyed"
	"millrace/fault"
)

// noTopics is a broker without topics.
type noTopics struct{}

func (noTopics) Lookup(string) (id [16]byte, partitions int, ok bool) { return id, 0, false }
func (noTopics) Name([16]byte) string                                 { return "" }
func (noTopics) Names() []string                                      { return nil }
func (noTopics) Changed() <-chan struct{}                             { return nil }

func emptyGroups() *Groups {
	return &Groups{topics: noTopics{}, cfg: Config{}.filled(), groups: map[string]*group{}, agenda: agenda{wake: make(chan struct{}, 1)}}
}

// fullGroups returns a group of each kind with everything that a record can have.
func fullGroups() []*group {
	instance, rack := "instance", ""
	at := time.UnixMilli(1_700_000_000_000)
	o := offset{offset: math.MaxInt64, epoch: -1, metadata: "meta", at: at, topic: topicID{1, 2}, seq: 9}

	c := newGroup(emptyGroups(), "classic")
	c.epoch, c.emptySince, c.stored, c.seq = 7, at, true, 9
	c.classic.state, c.classic.protocolType, c.classic.protocol, c.classic.leader = stable, "consumer", "range", "m1"
	c.classic.members["m1"] = &member{
		id: "m1", instance: &instance, clientID: "c", host: "/::1", session: time.Second, balance: time.Minute,
		protocols: []protocol{{"range", []byte{1, 2}}, {"x", nil}}, assignment: []byte("mine"),
	}
	c.classic.members["m2"] = &member{id: "m2", session: time.Hour}
	c.offsets[spot{"topic", 3}] = o
	c.stage(-1, spot{"topic", 4}, stagedOffset{o, math.MaxInt16})

	k := newGroup(emptyGroups(), "consumer")
	k.classic, k.consumer = nil, newConsumer()
	k.epoch, k.emptySince, k.stored = math.MaxInt32, at, true
	k.consumer.targetEpoch, k.consumer.assignor, k.consumer.seen = 6, "uniform", math.MaxUint64
	k.consumer.members["m"] = &subscriber{
		id: "m", instance: &instance, rack: &rack, clientID: "c", host: "h", epoch: leftStatic, previous: 5, phase: unrevoked, balance: time.Second,
		assignor: "range", names: []string{"a", "b"}, pattern: "x.*", matched: []string{"xy"},
		assigned: map[slot]int32{{topicID{1}, 0}: 3, {topicID{1}, 7}: 4, {topicID{2}, 0}: 5}, revoking: map[slot]int32{{topicID{3}, 1}: 2}, target: map[slot]int32{},
	}
	return []*group{c, k}
}

// entries lists the records of a group.
func (g *group) entries() []keyed.Entry {
	list := []keyed.Entry{g.record()}
	if g.consumer != nil {
		for _, s := range g.consumer.sorted() {
			list = append(list, s.entry(g.name))
		}
	}
	for at, o := range g.offsets {
		list = append(list, offsetEntry(g.name, at, o))
	}
	for producer, staged := range g.staged {
		for at, o := range staged {
			list = append(list, stagedEntry(g.name, producer, at, o))
		}
	}
	return list
}

func TestRecordsReadAsTheyWereWritten(t *testing.T) {
	for _, g := range fullGroups() {
		gs := emptyGroups()
		want := g.entries()
		for _, e := range want {
			if err := gs.read(e.Key, e.Value); err != nil {
				t.Fatalf("%q: %v", e.Key, err)
			}
		}
		got := gs.groups[g.name].entries()
		if len(got) != len(want) {
			t.Fatalf("%s: %d records, want %d", g.name, len(got), len(want))
		}
		for i := range want {
			if !bytes.Equal(got[i].Key, want[i].Key) || !bytes.Equal(got[i].Value, want[i].Value) {
				t.Errorf("%s, record %d:\n%q\n%q", g.name, i, got[i], want[i])
			}
		}
		if gs.groups[g.name].seq != g.seq {
			t.Errorf("%s: sequence %d, want %d", g.name, gs.groups[g.name].seq, g.seq)
		}
	}
}

func TestRecordsThatCannotBeReadAreRefused(t *testing.T) {
	good := fullGroups()[0].record()
	newer := bytes.Clone(good.Value)
	newer[0]++
	for name, c := range map[string]struct {
		entry keyed.Entry
		want  fault.Kind
	}{
		"newer version": {keyed.Entry{Key: good.Key, Value: newer}, fault.Invalid},
		"cut":           {keyed.Entry{Key: good.Key, Value: good.Value[:len(good.Value)-1]}, fault.Corrupt},
		"too long":      {keyed.Entry{Key: good.Key, Value: append(bytes.Clone(good.Value), 0)}, fault.Corrupt},
		"empty":         {keyed.Entry{Key: good.Key, Value: []byte{}}, fault.Corrupt},
		"kind":          {keyed.Entry{Key: append([]byte{'x'}, good.Key[1:]...), Value: good.Value}, fault.Corrupt},
		"orphan":        {offsetEntry("none", spot{"t", 0}, offset{}), fault.Corrupt},
	} {
		store, err := keyed.Open(disktest.New(), "state", keyed.Options{})
		if err != nil {
			t.Fatal(err)
		}
		space := store.Space("groups")
		if _, err := space.Put(c.entry); err != nil {
			t.Fatal(err)
		}
		_, err = Open(space, noTopics{}, Config{})
		if fault.KindOf(err) != c.want {
			t.Errorf("%s: %v, want a fault of kind %v", name, err, c.want)
		}
		if c.want == fault.Invalid && fault.HintOf(err) == "" {
			t.Errorf("%s: no hint", name)
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// FuzzRecord reads what is no record: an error, or something that reads the same when it was written again.
func FuzzRecord(f *testing.F) {
	for _, g := range fullGroups() {
		for _, e := range g.entries() {
			f.Add(e.Key, e.Value)
		}
	}
	f.Fuzz(func(t *testing.T, key, value []byte) {
		gs := emptyGroups()
		for _, g := range fullGroups() {
			for _, e := range g.entries() {
				if err := gs.read(e.Key, e.Value); err != nil {
					t.Fatal(err)
				}
			}
		}
		if gs.read(key, value) != nil {
			return
		}
		again := emptyGroups()
		for _, g := range gs.groups {
			g.resume()
			for _, e := range g.entries() {
				if err := again.read(e.Key, e.Value); err != nil {
					t.Fatalf("%q %q: written anew as %q %q: %v", key, value, e.Key, e.Value, err)
				}
			}
		}
	})
}
