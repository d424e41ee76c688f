package connectortest

import (
	"context"
	"sync"
	"testing"
	"time"

	"millrace/connector"
)

// Start runs a collector at a site until stop is called or the test ends. An error of Collect fails the test.
func Start(t *testing.T, c connector.Collector, site connector.Site) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- c.Collect(ctx, site) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				t.Errorf("collect: %v", err)
			}
		})
	}
	t.Cleanup(stop)
	return stop
}

// AwaitFor is Await for a test, which ends with what topic has so far when until does not hold in time.
func (s *Site) AwaitFor(t *testing.T, patience time.Duration, topic string, until func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := s.Await(ctx, until); err != nil {
		t.Fatalf("%d records, %d refused, warnings %v: %v", len(s.Taken(topic)), len(s.Refused(topic)), s.Warnings(), err)
	}
}
