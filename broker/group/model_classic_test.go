package group_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/group"
)

// partitions of topic a, which the members of a model share.
const shared = 4

// model is a classic group whose members come, go and fall silent at random, on a broker that loses power now and then.
type model struct {
	t *testing.T
	w *world

	mu     sync.Mutex
	gs     *group.Groups
	conns  context.Context // ends when the broker dies
	cut    context.CancelFunc
	last   int32                      // generation, the last
	owners map[int32]map[int32]string // by generation and partition
	done   map[int32]int64            // the last offset that the broker took
	calm   bool                       // nobody dies any more
	wg     sync.WaitGroup
	alive  map[string]int32 // generation of each member that runs
}

func TestModelOfClassicGroups(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			inBubble(t, group.Config{}, func(t *testing.T, w *world) {
				m := &model{t: t, w: w, gs: w.Groups, owners: map[int32]map[int32]string{}, done: map[int32]int64{}, alive: map[string]int32{}}
				m.conns, m.cut = context.WithCancel(context.Background())
				m.run(rand.New(rand.NewPCG(seed, 1)))
			})
		})
	}
}

func (m *model) run(rng *rand.Rand) {
	stop := make(chan struct{})
	for i := range 60 {
		m.mu.Lock()
		few := len(m.alive) < 5
		m.mu.Unlock()
		if few && rng.IntN(2) == 0 {
			m.spawn(fmt.Sprint("m", i), rand.New(rand.NewPCG(rng.Uint64(), 2)), stop)
		}
		if rng.IntN(12) == 0 {
			m.restart()
			synctest.Wait() // everybody has learned of it
		}
		time.Sleep(time.Duration(rng.IntN(15)) * time.Second)
	}
	m.mu.Lock()
	m.calm = true
	m.mu.Unlock()
	for i := range 2 {
		m.spawn(fmt.Sprint("last", i), rand.New(rand.NewPCG(rng.Uint64(), 3)), stop)
	}
	time.Sleep(5 * time.Minute)
	m.mu.Lock()
	generation := m.last
	if len(m.owners[generation]) != shared {
		m.t.Errorf("generation %d has %v", generation, m.owners[generation])
	}
	for name, at := range m.alive {
		if at != generation {
			m.t.Errorf("%s is in generation %d of %d", name, at, generation)
		}
	}
	m.mu.Unlock()
	same(m.t, "state", m.w.state("g"), "Stable")
	close(stop)
	m.wg.Wait()
	m.cut()
}

// restart kills the broker; requests under way get no answer.
func (m *model) restart() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cut()
	m.w.restart()
	m.gs = m.w.Groups
	m.conns, m.cut = context.WithCancel(context.Background())
}

func (m *model) broker() (*group.Groups, context.Context) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.gs, m.conns
}

// worker is a member that runs by itself.
type worker struct {
	m          *model
	name       string
	rng        *rand.Rand
	id         string
	instance   *string
	generation int32
	next       map[int32]int64 // by partition that it has: the offset that it commits next
}

func (m *model) spawn(name string, rng *rand.Rand, stop chan struct{}) {
	k := &worker{m: m, name: name, rng: rng}
	if rng.IntN(3) == 0 {
		k.instance = kmsg.StringPtr("instance of " + name)
	}
	m.mu.Lock()
	m.alive[name] = 0
	m.mu.Unlock()
	m.wg.Go(func() {
		defer func() {
			m.mu.Lock()
			delete(m.alive, name)
			m.mu.Unlock()
		}()
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Duration(1+rng.IntN(3)) * time.Second):
			}
			m.mu.Lock()
			calm := m.calm
			m.mu.Unlock()
			if !calm && rng.IntN(15) == 0 {
				k.die()
				return
			}
			k.turn()
		}
	})
}

// die leaves, or falls silent and tries to commit much later.
func (k *worker) die() {
	if k.rng.IntN(2) == 0 {
		gs, ctx := k.m.broker()
		req := kmsg.NewPtrLeaveGroupRequest()
		req.Version, req.Group = 5, "g"
		req.Members = []kmsg.LeaveGroupRequestMember{{MemberID: k.id, InstanceID: k.instance}}
		gs.LeaveGroup(ctx, nil, req)
		return
	}
	for range 4 {
		time.Sleep(time.Duration(k.rng.IntN(20)) * time.Second)
		k.commit()
	}
}

func (k *worker) turn() {
	if k.generation == 0 {
		k.join()
		return
	}
	k.commit()
	gs, ctx := k.m.broker()
	req := kmsg.NewPtrHeartbeatRequest()
	req.Version, req.Group, req.MemberID, req.InstanceID, req.Generation = 4, "g", k.id, k.instance, k.generation
	k.heed(gs.Heartbeat(ctx, nil, req).ErrorCode)
}

// heed does what an error asks for.
func (k *worker) heed(code int16) {
	switch kerr.ErrorForCode(code) {
	case nil:
		return
	case kerr.UnknownMemberID, kerr.FencedInstanceID:
		k.id = ""
	case kerr.RebalanceInProgress, kerr.IllegalGeneration, kerr.CoordinatorNotAvailable:
	default:
		k.m.t.Errorf("%s: %v", k.name, kerr.ErrorForCode(code))
	}
	k.generation = 0
}

func (k *worker) join() {
	gs, conn := k.m.broker()
	ctx, cancel := context.WithTimeout(conn, time.Duration(1+k.rng.IntN(60))*time.Second)
	defer cancel()
	c := &client{version: 9, group: "g", id: k.id, instance: k.instance, session: 10 * time.Second, balance: 20 * time.Second, protocols: []string{"x"}, topics: []string{"a"}}
	resp := gs.JoinGroup(ctx, nil, c.joinRequest())
	if resp.ErrorCode == kerr.MemberIDRequired.Code {
		k.id = resp.MemberID
		return
	}
	if resp.ErrorCode != 0 {
		k.heed(resp.ErrorCode)
		return
	}
	if conn.Err() != nil {
		return // the broker died before it could answer
	}
	k.m.mu.Lock()
	if resp.Generation < k.m.last {
		k.m.t.Errorf("generation %d after %d", resp.Generation, k.m.last)
	}
	k.m.last = max(k.m.last, resp.Generation)
	k.m.mu.Unlock()
	k.id = resp.MemberID
	req := kmsg.NewPtrSyncGroupRequest()
	req.Version, req.Group, req.MemberID, req.InstanceID, req.Generation = 5, "g", k.id, k.instance, resp.Generation
	if resp.LeaderID == k.id && !resp.SkipAssignment {
		for i, member := range resp.Members {
			var share []byte
			for p := i; p < shared; p += len(resp.Members) {
				share = append(share, byte(p))
			}
			req.GroupAssignment = append(req.GroupAssignment, kmsg.SyncGroupRequestGroupAssignment{MemberID: member.MemberID, MemberAssignment: share})
		}
	}
	if k.rng.IntN(8) == 0 { // too slow
		time.Sleep(time.Duration(k.rng.IntN(30)) * time.Second)
	}
	assigned := gs.SyncGroup(ctx, nil, req)
	k.heed(assigned.ErrorCode)
	if assigned.ErrorCode == 0 && conn.Err() == nil {
		k.take(resp.Generation, assigned.MemberAssignment)
	}
}

// take begins a generation where the group is.
func (k *worker) take(generation int32, share []byte) {
	m := k.m
	m.mu.Lock()
	defer m.mu.Unlock()
	k.generation, k.next = generation, map[int32]int64{}
	if _, ok := m.alive[k.name]; ok {
		m.alive[k.name] = generation
	}
	owners := m.owners[generation]
	if owners == nil {
		owners = map[int32]string{}
		m.owners[generation] = owners
	}
	for _, b := range share {
		p := int32(b)
		if other, ok := owners[p]; ok && other != k.name {
			m.t.Errorf("%s and %s both have partition %d in generation %d", other, k.name, p, generation)
		}
		owners[p] = k.name
		from, err := m.w.fetch("g", "a", p, true)
		if err != 0 || max(from, 0) < m.done[p] {
			m.t.Errorf("offset of %d is %d (%v), was %d", p, from, kerr.ErrorForCode(err), m.done[p])
		}
		k.next[p] = max(from, 0) + 1
	}
}

// commit goes on by one in each partition. What the broker takes must be more than what it took before.
func (k *worker) commit() {
	m := k.m
	for p := range k.next {
		m.mu.Lock()
		err := m.w.commit("g", k.id, k.generation, 8, "a", p, k.next[p])
		if err == 0 {
			if k.next[p] <= m.done[p] {
				m.t.Errorf("%s of generation %d set partition %d from %d to %d", k.name, k.generation, p, m.done[p], k.next[p])
			}
			m.done[p] = k.next[p]
			k.next[p]++
		}
		m.mu.Unlock()
		if err != 0 {
			return
		}
	}
}
