package connectortest

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"millrace/connector"
)

// Again calls Collect again and again, as a node does, until something holds or the test fails after a minute. With
// cut above 0 each Collect is ended at a random moment within that time, or within twice that of the one before if
// that one brought nothing, so that a slow machine gets on. It returns the errors of those that ended by themselves.
func Again(t *testing.T, c connector.Collector, site *Site, cut time.Duration, until func() bool) (errs []error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	done, stop := context.WithCancel(ctx)
	defer stop()
	awaited := make(chan error, 1)
	go func() {
		awaited <- site.Await(ctx, until)
		stop()
	}()
	for within := cut; done.Err() == nil; {
		life, end := context.WithCancel(done)
		if cut > 0 {
			life, end = context.WithTimeout(done, time.Duration(rand.Int64N(int64(within))))
		}
		before := site.count()
		if err := c.Collect(life, site); err != nil && life.Err() == nil {
			errs = append(errs, err)
			pause := time.NewTimer(20 * time.Millisecond) // the node's own loop waits longer
			select {
			case <-pause.C:
			case <-done.Done():
			}
		}
		end()
		if within = 2 * within; site.count() > before {
			within = cut
		}
		within = min(within, 10*time.Second)
	}
	if err := <-awaited; err != nil {
		t.Errorf("it does not hold after a minute; the last errors: %v", last(errs, 3))
	}
	return errs
}

// count is how many records were taken.
func (s *Site) count() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, all := range s.taken {
		n += len(all)
	}
	return n
}

func last(errs []error, n int) []error { return errs[max(0, len(errs)-n):] }

// ErrFull is what FailEvery answers.
var ErrFull = errors.New("the bus is full")

// FailEvery returns a Site.Fail that refuses every n-th append.
func FailEvery(n int64) func(string, []connector.Record) error {
	var count atomic.Int64
	return func(string, []connector.Record) error {
		if count.Add(1)%n == 0 {
			return ErrFull
		}
		return nil
	}
}
