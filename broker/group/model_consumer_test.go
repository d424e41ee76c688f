package group_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/group"
)

// crowd is a group of KIP-848 whose members come, go, fall silent and lose answers at random.
type crowd struct {
	t     *testing.T
	w     *world
	rng   *rand.Rand
	live  []*subscriber
	dead  []*subscriber // silent, and sure that they still have what they had
	made  int
	epoch int32          // of the group, the last
	done  map[part]int64 // the last offset that the broker took
}

func TestModelOfKIP848(t *testing.T) {
	for seed := range uint64(40) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			inBubble(t, group.Config{}, func(t *testing.T, w *world) {
				c := &crowd{t: t, w: w, rng: rand.New(rand.NewPCG(seed, 848)), done: map[part]int64{}}
				for range 400 {
					c.step()
					c.check()
				}
				c.settle()
			})
		})
	}
}

func (c *crowd) step() {
	switch n := c.rng.IntN(100); {
	case len(c.live) == 0 || (n < 6 && len(c.live) < 8):
		c.join()
	case n < 60:
		c.beat(c.any())
	case n < 65: // an answer is lost
		s := c.any()
		c.w.ConsumerGroupHeartbeat(c.t.Context(), nil, s.request())
	case n < 80:
		c.commit(c.any())
	case n < 85 && len(c.dead) > 0:
		c.commit(c.dead[c.rng.IntN(len(c.dead))])
	case n < 88:
		s := c.any()
		c.drop(s)
		c.dead = append(c.dead, s)
	case n < 90:
		s := c.any()
		c.drop(s)
		was := s.epoch
		s.last(-1)
		s.epoch = was
		c.dead = append(c.dead, s)
	case n < 92:
		c.static()
	case n < 94:
		_, parts, _ := c.w.topics.Lookup("a")
		c.w.topics.set("a", min(parts+1, 12))
		synctest.Wait()
	case n < 96:
		c.w.restart()
	default:
		time.Sleep(time.Duration(c.rng.IntN(20)) * time.Second)
	}
}

func (c *crowd) any() *subscriber { return c.live[c.rng.IntN(len(c.live))] }

func (c *crowd) drop(gone *subscriber) {
	for i, s := range c.live {
		if s == gone {
			c.live = append(c.live[:i], c.live[i+1:]...)
			return
		}
	}
}

func (c *crowd) join() {
	c.made++
	s := c.w.subscriber(fmt.Sprint("m", c.made), [][]string{{"a"}, {"b"}, {"a", "b"}}[c.rng.IntN(3)]...)
	if c.rng.IntN(3) == 0 {
		s.instance = kmsg.StringPtr("instance of " + s.id)
	}
	if c.rng.IntN(3) == 0 {
		s.assignor = kmsg.StringPtr("range")
	}
	c.live = append(c.live, s)
	c.beat(s)
}

// beat sends a heartbeat as a client does: who is fenced joins anew with nothing.
func (c *crowd) beat(s *subscriber) {
	resp := s.beat()
	switch kerr.ErrorForCode(resp.ErrorCode) {
	case nil:
	case kerr.FencedMemberEpoch, kerr.UnknownMemberID, kerr.GroupIDNotFound:
		s.epoch = 0
		s.owned = map[part]bool{}
	case kerr.UnreleasedInstanceID:
		time.Sleep(5 * time.Second)
	default:
		c.t.Fatalf("heartbeat of %s at %d: %v", s.id, s.epoch, kerr.ErrorForCode(resp.ErrorCode))
	}
}

// static has a static member go for a moment and come back as somebody else.
func (c *crowd) static() {
	s := c.any()
	if s.instance == nil || s.epoch <= 0 {
		return
	}
	was := s.epoch
	if s.last(-2) != 0 {
		s.epoch = was
		return
	}
	c.drop(s)
	s.epoch = was
	c.dead = append(c.dead, s)
	c.made++
	next := c.w.subscriber(fmt.Sprint("m", c.made), s.names...)
	next.instance = s.instance
	c.live = append(c.live, next)
	c.beat(next)
}

// commit goes on by one in a partition that the member believes to have. What the broker takes must be more than what it took before.
func (c *crowd) commit(s *subscriber) {
	for p := range s.owned {
		from, err := c.w.fetch("g", p.topic, p.partition, false)
		code(c.t, "fetch", err, nil)
		if max(from, 0) < c.done[p] {
			c.t.Fatalf("offset of %v is %d, was %d", p, from, c.done[p])
		}
		next := max(from, 0) + 1
		switch kerr.ErrorForCode(c.w.commit("g", s.id, s.epoch, 9, p.topic, p.partition, next)) {
		case nil:
			for _, other := range c.live {
				if other != s && other.owned[p] && other.epoch >= s.epoch {
					c.t.Fatalf("%s at %d committed %v that %s has at %d", s.id, s.epoch, p, other.id, other.epoch)
				}
			}
			c.done[p] = next
		case kerr.StaleMemberEpoch, kerr.UnknownMemberID, kerr.GroupIDNotFound:
		default:
			c.t.Fatal("commit failed")
		}
		return
	}
}

// check looks at what must hold at any time.
func (c *crowd) check() {
	c.t.Helper()
	d := c.w.describe("g")
	if d.ErrorCode != 0 {
		return
	}
	if d.Epoch < c.epoch {
		c.t.Fatalf("group epoch %d after %d", d.Epoch, c.epoch)
	}
	c.epoch = d.Epoch
	has := map[part]string{}
	for _, m := range d.Members {
		for _, t := range m.Assignment.TopicPartitions {
			for _, p := range t.Partitions {
				at := part{t.Topic, p}
				if other, ok := has[at]; ok {
					c.t.Fatalf("%v is of %s and of %s", at, other, m.MemberID)
				}
				has[at] = m.MemberID
			}
		}
	}
	type claim struct {
		part
		epoch int32
	}
	claims := map[claim]string{}
	for _, s := range c.live {
		for p := range s.owned {
			if other, ok := claims[claim{p, s.epoch}]; ok {
				c.t.Fatalf("%s and %s both have %v at epoch %d", s.id, other, p, s.epoch)
			}
			claims[claim{p, s.epoch}] = s.id
		}
	}
}

// settle lets silent members be found out, and looks at what must hold in a stable group.
func (c *crowd) settle() {
	for len(c.live) < 2 {
		c.join()
	}
	c.live[0].names, c.live[0].epoch = []string{"a", "b"}, 0
	for range 30 {
		time.Sleep(5 * time.Second)
		for _, s := range c.live {
			c.beat(s)
			c.check()
		}
	}
	same(c.t, "state", c.w.state("g"), "Stable")
	has := map[part]bool{}
	for _, s := range c.live {
		for p := range s.owned {
			has[p] = true
		}
	}
	_, a, _ := c.w.topics.Lookup("a")
	same(c.t, "assigned partitions", len(has), a+2)
}
