package bustest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"millrace/bus"
)

// table checks that two members of a cluster see the same table, whoever writes.
func (s *suite) table() {
	topic := s.topic(1) + "-table"
	ctx, cancel := context.WithCancel(s.ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	open := func() *bus.Table {
		t, err := s.bus.OpenTable(s.ctx, topic, 0)
		s.must(err)
		running.Go(func() {
			if err := t.Run(ctx); err != nil {
				s.Error(err)
			}
		})
		return t
	}
	one := open()
	for i := range 5 {
		s.must(one.Put(s.ctx, fmt.Sprintf("a/%d", i), []byte("first")))
	}
	s.must(one.Put(s.ctx, "a/1", []byte("second")))
	s.must(one.Put(s.ctx, "a/2", nil))
	s.must(one.Put(s.ctx, "b/0", []byte("other")))

	two := open()
	texts := func(t *bus.Table) map[string]string {
		got := map[string]string{}
		for k, v := range t.List("a/") {
			got[k] = string(v)
		}
		return got
	}
	want := map[string]string{"a/0": "first", "a/1": "second", "a/3": "first", "a/4": "first"}
	if diff := cmp.Diff(want, texts(two)); diff != "" {
		s.Error(diff)
	}
	if v, ok := two.Get("a/2"); ok {
		s.Errorf("deleted key has %q", v)
	}

	// A watcher sees what is there, then each change, deletions included.
	got := map[string]string{}
	done := make(chan struct{})
	running.Go(func() {
		defer close(done)
		enough := fmt.Errorf("enough")
		err := one.Watch(ctx, "a/", func(key string, value []byte) error {
			got[key] = string(value)
			if value == nil {
				delete(got, key)
			}
			if got["a/9"] == "end" && got["a/0"] == "" {
				return enough
			}
			return nil
		})
		if err != enough {
			s.Errorf("watch: %v", err)
		}
	})
	s.must(two.Put(s.ctx, "a/0", nil))
	s.must(two.Put(s.ctx, "a/9", []byte("end")))
	<-done
	want = map[string]string{"a/1": "second", "a/3": "first", "a/4": "first", "a/9": "end"}
	if diff := cmp.Diff(want, got); diff != "" {
		s.Error(diff)
	}
}

// holders notes which member holds which share.
type holders struct {
	mu      sync.Mutex
	by      map[int]string
	clashes []string
	changed chan struct{}
}

func (h *holders) set(share int, member string, gained bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch has := h.by[share]; {
	case gained && has != "":
		h.clashes = append(h.clashes, fmt.Sprintf("share %d is given to %s while %s has it", share, member, has))
	case !gained && has != member:
		h.clashes = append(h.clashes, fmt.Sprintf("share %d is taken from %s while %q has it", share, member, has))
	}
	if gained {
		h.by[share] = member
	} else {
		delete(h.by, share)
	}
	select {
	case h.changed <- struct{}{}:
	default:
	}
}

// counts is how many shares each member holds.
func (h *holders) counts() map[string]int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := map[string]int{}
	for _, member := range h.by {
		n[member]++
	}
	return n
}

// work checks that members share the shares out, each held by one at a time, and that those of a
// member that leaves go to the others.
func (s *suite) work() {
	const shares = 12
	group := s.topic(1) + "-work"
	h := &holders{by: map[int]string{}, changed: make(chan struct{}, 1)}
	join := func(name string) (leave func()) {
		ctx, cancel := context.WithCancel(s.ctx)
		done := make(chan error, 1)
		go func() {
			done <- s.open(s.T, bus.Config{}).Work(ctx, bus.WorkConfig{
				Group: group, Shares: shares,
				Gained: func(share int) { h.set(share, name, true) },
				Lost:   func(share int) { h.set(share, name, false) },
			})
		}()
		return func() {
			cancel()
			s.must(<-done)
		}
	}
	await := func(want map[string]int) {
		s.Helper()
		for {
			got := h.counts()
			if cmp.Equal(want, got) {
				return
			}
			select {
			case <-h.changed:
			case <-time.After(200 * time.Millisecond):
			case <-s.ctx.Done():
				s.Fatalf("want %v, have %v", want, got)
			}
		}
	}
	leaveOne := join("one")
	await(map[string]int{"one": 12})
	leaveTwo := join("two")
	await(map[string]int{"one": 6, "two": 6})
	leaveThree := join("three")
	await(map[string]int{"one": 4, "two": 4, "three": 4})
	leaveOne()
	await(map[string]int{"two": 6, "three": 6})
	leaveTwo()
	await(map[string]int{"three": 12})
	leaveThree()
	if len(h.counts()) > 0 || len(h.clashes) > 0 {
		s.Errorf("left: %v, clashes: %v", h.counts(), h.clashes)
	}
}
