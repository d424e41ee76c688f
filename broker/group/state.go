package group

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"millrace/broker/keyed"
)

// group is one group: exactly one of classic and consumer says what it is. A group that only has
// offsets is a classic one without protocol type (Kafka's simple group).
type group struct {
	gs   *Groups
	name string
	slot agendaSlot

	mu     sync.Mutex
	dead   bool // taken off the map, or about to be
	stored bool // it has a record

	epoch      int32     // generation of a classic group, group epoch of KIP-848; never goes back, also not when the group changes its kind
	emptySince time.Time // when the last member went, or the group was made

	classic  *classic
	consumer *consumer

	offsets map[spot]offset
	staged  map[int64]map[spot]stagedOffset // by producer
	seq     uint64                          // of the last commit; a staged offset that is older than a commit does not replace it

	last *write // the last change of the store; what is read was durable once it is
}

// spot is a partition by name, as offsets are kept.
type spot struct {
	topic     string
	partition int32
}

// slot is a partition by id, as KIP-848 assigns it.
type slot struct {
	topic     topicID
	partition int32
}

func newGroup(gs *Groups, name string) *group {
	return &group{
		gs: gs, name: name, emptySince: gs.cfg.Now(), classic: newClassic(), slot: agendaSlot{at: -1},
		offsets: map[spot]offset{}, staged: map[int64]map[spot]stagedOffset{},
	}
}

// memberless says that nobody is in the group.
func (g *group) memberless() bool {
	if g.consumer != nil {
		return len(g.consumer.members) == 0
	}
	return g.classic.state == empty
}

// vacant says that nothing would be lost with the group but its epoch.
func (g *group) vacant() bool {
	return g.memberless() && len(g.offsets) == 0 && len(g.staged) == 0 && (g.classic == nil || len(g.classic.promised) == 0)
}

func (g *group) now() time.Time { return g.gs.cfg.Now() }

// kinds of groups as ListGroups names them.
const (
	kindClassic  = "classic"
	kindConsumer = "consumer"
)

func (g *group) kind() string {
	if g.consumer != nil {
		return kindConsumer
	}
	return kindClassic
}

func (g *group) stateName() string {
	if g.consumer != nil {
		return g.consumer.stateName(g.epoch)
	}
	return g.classic.state.String()
}

func (g *group) protocolType() string {
	if g.consumer != nil {
		return protocolConsumer
	}
	return g.classic.protocolType
}

// due is when the group has next to be looked at; zero: never.
func (g *group) due() time.Time {
	if g.consumer != nil {
		return g.consumer.due()
	}
	return g.classic.due()
}

// earlier returns the earlier of two times, of which zero is never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

// write is a change on its way to the disk. Any number of goroutines may await it.
type write struct {
	waits   []func(context.Context) error
	claimed atomic.Bool
	done    chan struct{}
	err     error // read after done
}

// await returns when the change, and all before it, are durable, or the error of the disk. A nil write is.
func (w *write) await() error {
	if w == nil {
		return nil
	}
	if w.claimed.CompareAndSwap(false, true) {
		for _, wait := range w.waits {
			if err := wait(context.Background()); err != nil {
				w.err = err // the context never ends, so the disk refuses
			}
		}
		close(w.done)
	}
	<-w.done
	return w.err
}

// code is await for requests: 0, or what a client is told when the disk refuses; it tries again.
func (w *write) code() int16 {
	if w.await() != nil {
		return kerr.CoordinatorNotAvailable.Code
	}
	return 0
}

// put changes the store. The caller holds mu. A change that the store refused is a write that has failed.
func (g *group) put(entries ...keyed.Entry) *write {
	w := &write{done: make(chan struct{})}
	for _, part := range split(entries) {
		wait, err := g.gs.store.Put(part...)
		if err != nil {
			w.err = err
			w.claimed.Store(true)
			close(w.done)
			break
		}
		w.waits = append(w.waits, wait)
	}
	g.last = w
	return w
}

// split cuts a long change into such as the store takes. Only changes of many offsets are so long, whose parts may each be there without the others.
func split(entries []keyed.Entry) [][]keyed.Entry {
	const most = 4 * maxGroupBytes
	var parts [][]keyed.Entry
	from, size := 0, 0
	for i, e := range entries {
		n := len(e.Key) + len(e.Value) + 32
		if i > from && size+n > most {
			parts = append(parts, entries[from:i])
			from, size = i, 0
		}
		size += n
	}
	if from < len(entries) {
		parts = append(parts, entries[from:])
	}
	return parts
}

// remove deletes the group with all it has.
func (g *group) remove() *write {
	var entries []keyed.Entry
	for _, at := range slices.Collect(maps.Keys(g.offsets)) {
		entries = append(entries, keyed.Entry{Key: offsetKey(g.name, at)})
	}
	for producer, list := range g.staged {
		for at := range list {
			entries = append(entries, keyed.Entry{Key: stagedKey(g.name, producer, at)})
		}
	}
	if g.consumer != nil {
		for id := range g.consumer.members {
			entries = append(entries, keyed.Entry{Key: memberKey(g.name, id)})
		}
	}
	g.dead = true
	if g.stored { // last: what a crash leaves of a long change still belongs to a group
		entries = append(entries, keyed.Entry{Key: groupKey(g.name)})
	}
	if len(entries) == 0 {
		return nil
	}
	return g.put(entries...)
}
