package connectortest

import (
	"context"
	"slices"
	"sync"

	"millrace/connector"
)

// Site is a connector.Site that keeps what it is given in memory, for tests of collectors. The zero value is ready for
// use; one Site outlives several Collects, as the bus outlives a node. It is safe for concurrent use.
type Site struct {
	// Fail, if set, is asked before records are taken; an error refuses them all.
	Fail func(topic string, records []connector.Record) error
	// Look makes it the site of a preview.
	Look bool

	mu       sync.Mutex // guards what follows
	taken    map[string][]connector.Record
	refused  map[string][]connector.Unread
	position []byte
	lag      int64
	warnings []error
	changed  chan struct{}
}

// Name implements connector.Site.
func (s *Site) Name() string { return "test" }

// Preview implements connector.Site.
func (s *Site) Preview() bool { return s.Look }

// Append implements connector.Out.
func (s *Site) Append(ctx context.Context, topic string, records []connector.Record) error {
	return s.AppendAt(ctx, topic, connector.Batch{Records: records})
}

// AppendAt implements connector.Site.
func (s *Site) AppendAt(ctx context.Context, topic string, b connector.Batch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.Fail != nil {
		if err := s.Fail(topic, b.Records); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken == nil {
		s.taken, s.refused = map[string][]connector.Record{}, map[string][]connector.Unread{}
	}
	for _, r := range b.Records {
		s.taken[topic] = append(s.taken[topic], clone(r))
	}
	for _, r := range b.Refused {
		s.refused[topic] = append(s.refused[topic], connector.Unread{Record: clone(r.Record), Reason: r.Reason})
	}
	if b.Position != nil {
		s.position = slices.Clone(b.Position)
	}
	s.wake()
	return nil
}

func clone(r connector.Record) connector.Record {
	r.Key, r.Value, r.Headers = slices.Clone(r.Key), slices.Clone(r.Value), slices.Clone(r.Headers)
	for i := range r.Headers {
		r.Headers[i].Value = slices.Clone(r.Headers[i].Value)
	}
	return r
}

// wake tells Await that something came; s.mu is held.
func (s *Site) wake() {
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}

// Refuse implements connector.Site.
func (s *Site) Refuse(ctx context.Context, topic string, refused []connector.Unread) error {
	return s.AppendAt(ctx, topic, connector.Batch{Refused: refused})
}

// Position implements connector.Site.
func (s *Site) Position(context.Context) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.position), nil
}

// SetLag implements connector.Site.
func (s *Site) SetLag(records int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lag = records
	s.wake()
}

// Lag is what SetLag was told last.
func (s *Site) Lag() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lag
}

// Warn implements connector.Site.
func (s *Site) Warn(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.warnings = append(s.warnings, err)
	s.wake()
}

// Warnings are the errors that Warn was told.
func (s *Site) Warnings() []error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.warnings)
}

// Taken returns the records of a topic in the order they came.
func (s *Site) Taken(topic string) []connector.Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.taken[topic])
}

// Refused returns the refused records of a topic in the order they came.
func (s *Site) Refused(topic string) []connector.Unread {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.refused[topic])
}

// Await returns once until holds, which is asked again whenever something came, or with ctx's error.
func (s *Site) Await(ctx context.Context, until func() bool) error {
	for {
		s.mu.Lock()
		if s.changed == nil {
			s.changed = make(chan struct{})
		}
		changed := s.changed
		s.mu.Unlock()
		if until() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
