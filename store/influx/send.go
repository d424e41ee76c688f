package influx

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"millrace/fault"
)

// batch is the parcels of one request.
type batch struct {
	parcels []*parcel
	rows    int
	size    int
}

func (b *batch) add(p *parcel) {
	b.parcels = append(b.parcels, p)
	b.rows += len(p.rows)
	b.size += len(p.text)
}

func (b *batch) done(err error) {
	for _, p := range b.parcels {
		p.done <- err
	}
}

// gather puts parcels together until there are enough, or the first of them has waited long enough.
func (db *DB) gather(ctx context.Context, out chan<- *batch) error {
	var open *batch
	linger := time.NewTimer(time.Hour)
	defer linger.Stop()
	send := func(b *batch) error {
		select {
		case out <- b:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for {
		var due <-chan time.Time
		if open != nil {
			due = linger.C
		}
		var ready []*batch
		select {
		case p := <-db.queue:
			switch {
			case p.alone:
				b := &batch{}
				b.add(p)
				ready = append(ready, b)
			case open != nil && (open.rows+len(p.rows) > db.cfg.BatchRows || open.size+len(p.text) > db.cfg.BatchBytes):
				ready, open = append(ready, open), nil
				fallthrough
			default:
				if open == nil {
					open = &batch{}
					linger.Reset(db.cfg.Linger)
				}
				open.add(p)
			}
		case <-due:
			ready, open = append(ready, open), nil
		case <-ctx.Done():
			return ctx.Err()
		}
		for _, b := range ready {
			if err := send(b); err != nil {
				return err
			}
		}
	}
}

// sender sends one batch after the other.
type sender struct {
	*DB
	body bytes.Buffer
	gzip *gzip.Writer
}

func newSender(db *DB) *sender {
	// Speed, as InfluxDB is near: line protocol shrinks to a tenth either way.
	z, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level exists
	return &sender{DB: db, gzip: z}
}

func (s *sender) run(ctx context.Context, batches <-chan *batch) error {
	for {
		select {
		case b := <-batches:
			b.done(s.send(ctx, b))
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// send tries until InfluxDB has taken a batch or refused it for good.
func (s *sender) send(ctx context.Context, b *batch) error {
	if err := s.compress(b); err != nil {
		return err
	}
	wait := backoff{longest: s.cfg.LongestWait}
	for {
		err := s.post(ctx)
		if ctx.Err() != nil {
			return fault.New(fault.Unavailable, "write to influxdb: it is stopped")
		}
		var r *refusal
		refused := errors.As(err, &r)
		if err == nil {
			s.note(nil)
			s.written.Add(int64(b.rows))
			return nil
		}
		if refused && r.forGood() {
			s.note(nil)
			return err
		}
		s.note(explain(err))
		s.retries.Add(1)
		var least time.Duration
		if refused {
			least = r.after
		}
		if err := wait.sleep(ctx, least); err != nil {
			return fault.New(fault.Unavailable, "write to influxdb: it is stopped")
		}
		if refused && (r.status == http.StatusNotFound || r.status == http.StatusUnauthorized) {
			s.again(ctx)
		}
	}
}

// again finds the bucket, or makes it, that has gone.
func (s *sender) again(ctx context.Context) {
	if s.cfg.Token == "" {
		s.mu.Lock()
		s.home.token = "" // the one that was made may be gone
		s.mu.Unlock()
	}
	if err := s.Ensure(ctx); err != nil && ctx.Err() == nil {
		s.note(err)
	}
}

func (s *sender) compress(b *batch) error {
	s.body.Reset()
	s.gzip.Reset(&s.body)
	for _, p := range b.parcels {
		if _, err := s.gzip.Write(p.text); err != nil {
			return err
		}
	}
	return s.gzip.Close()
}

func (s *sender) post(ctx context.Context) error {
	h := s.where()
	ctx, cancel := context.WithTimeout(ctx, s.cfg.WriteTimeout)
	defer cancel()
	query := url.Values{"bucket": {h.bucket}, "orgID": {h.orgID}, "precision": {"ns"}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.server.base+"/api/v2/write?"+query.Encode(), bytes.NewReader(s.body.Bytes()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Encoding", "gzip")
	req.Header.Set("Content-Type", "text/plain; charset=utf-8")
	s.requests.Add(1)
	answer, err := s.do(req, h.token)
	if err != nil {
		return err
	}
	return answer.Close()
}
