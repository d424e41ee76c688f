package influx

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"

	"millrace/fault"
	"millrace/store"
)

// Write writes the live rows of groups and returns when InfluxDB has acknowledged them, all but those
// that it refuses for good, which are returned with the reason. It waits as long as InfluxDB is away; an
// error is that ctx or Run has ended, and then some rows may have been written: writing all of them
// again does no harm. groups are read until it returns.
func (db *DB) Write(ctx context.Context, groups []store.Group) (refused []store.Refused, err error) {
	w := &write{db: db, groups: groups}
	all := &lines{}
	for i := range groups {
		w.refused = append(w.refused, encode(all, i, &groups[i], db.number)...)
		db.schemas.touch(&groups[i])
	}
	db.pending.Add(int64(len(all.rows)))
	defer db.pending.Add(-int64(len(all.rows)))
	var waiting []*parcel
	for _, piece := range all.pieces(db.cfg.BatchRows, db.cfg.BatchBytes) {
		p := &parcel{lines: piece, done: make(chan error, 1)}
		if err := w.hand(ctx, p); err != nil {
			return nil, err
		}
		waiting = append(waiting, p)
	}
	for _, p := range waiting {
		err := w.wait(ctx, p)
		if errors.As(err, new(*refusal)) {
			err = w.solve(ctx, p.lines, attempt{})
		}
		if err != nil {
			return nil, err
		}
	}
	lost := 0
	for i := range w.refused {
		n := len(w.refused[i].Rows)
		if w.refused[i].Rows == nil {
			n = groups[w.refused[i].Group].Batch.Rows().Len()
		}
		lost += n
	}
	db.refused.Add(int64(lost))
	return w.refused, nil
}

// parcel is lines on their way, and how it went: nil, a *refusal of the batch they were in, or why they
// were not sent.
type parcel struct {
	*lines
	alone bool // in a request of its own
	done  chan error
}

// write is a Write under way. Its goroutine alone touches the groups.
type write struct {
	db      *DB
	groups  []store.Group
	refused []store.Refused
}

// fieldKey names a field.
type fieldKey struct{ measurement, field string }

// kinds are the fields that turned out to be floats.
type kinds struct {
	mu     sync.Mutex // guards floats
	floats map[fieldKey]bool
}

// maxKinds bounds how many are remembered, as names come from outside.
const maxKinds = 100_000

func (k *kinds) float(key fieldKey) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.floats) >= maxKinds {
		clear(k.floats)
	}
	k.floats[key] = true
}

func (k *kinds) isFloat(key fieldKey) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.floats[key]
}

// number is how numbers of a field are written at first.
func (db *DB) number(measurement, field string) number {
	if db.kinds.isFloat(fieldKey{measurement, field}) {
		return asFloat
	}
	return asItIs
}

// hand gives a parcel to the gatherer.
func (w *write) hand(ctx context.Context, p *parcel) error {
	select {
	case w.db.queue <- p:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-w.db.stopped:
		return fault.New(fault.Unavailable, "write to influxdb: it is stopped")
	}
}

func (w *write) wait(ctx context.Context, p *parcel) error {
	select {
	case err := <-p.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-w.db.stopped:
	}
	select {
	case err := <-p.done: // it was done just before
		return err
	default:
		return fault.New(fault.Unavailable, "write to influxdb: it is stopped")
	}
}

// forGood reports whether trying again is no use: the lines are to blame, not the server or its settings.
func (r *refusal) forGood() bool {
	switch r.status {
	case http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge:
		return true
	case http.StatusBadRequest:
		return strings.Contains(r.message, "unable to parse") || strings.Contains(r.message, "partial write")
	}
	return false
}
