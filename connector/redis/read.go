package redis

import (
	"context"
	"errors"
	"time"

	"github.com/redis/rueidis"

	"millrace/connector"
	"millrace/fault"
)

// reading is one Collect.
type reading struct {
	*collector
	conn   rueidis.DedicatedClient
	site   connector.Site
	at     position
	warned map[string]bool // streams whose end is before our place

	records []connector.Record
	refused []connector.Unread
}

// run reads without a group.
func (r *reading) run(ctx context.Context) error {
	r.warned = map[string]bool{}
	if err := r.begin(ctx); err != nil {
		return err
	}
	var looked time.Time
	for ctx.Err() == nil {
		if time.Since(looked) >= lookEvery {
			if err := r.look(ctx); err != nil {
				return err
			}
			looked = time.Now()
		}
		ids := make([]string, len(r.streams))
		for i, stream := range r.streams {
			ids[i] = r.at.Streams[stream].ID
		}
		read := r.conn.B().Xread().Count(r.share()).Block(blockFor.Milliseconds()).Streams().Key(r.streams...).Id(ids...).Build()
		entries, err := r.conn.Do(ctx, read).AsXReadSlices()
		if err != nil {
			if rueidis.IsRedisNil(err) {
				continue
			}
			return explain(err, "read streams")
		}
		if err := r.append(ctx, entries); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// share is how many entries of each stream to read at a time.
func (r *reading) share() int64 { return int64(max(1, r.batch/len(r.streams))) }

// append appends entries together with the place behind them.
func (r *reading) append(ctx context.Context, entries map[string][]rueidis.XRangeSlice) error {
	r.records, r.refused = r.records[:0], r.refused[:0]
	for _, stream := range r.streams { // in an order that does not change
		p := r.at.Streams[stream]
		for _, e := range entries[stream] {
			r.take(stream, e)
			p.ID = e.ID
			if p.Read >= 0 {
				p.Read++
			}
		}
		r.at.Streams[stream] = p
	}
	return r.flush(ctx)
}

func (r *reading) take(stream string, e rueidis.XRangeSlice) {
	rec, err := r.shape.record(r.site.Name(), stream, e)
	if err != nil {
		r.refused = append(r.refused, connector.Unread{Record: rec, Reason: err})
		return
	}
	r.records = append(r.records, rec)
}

// flush appends what was taken, and the position.
func (r *reading) flush(ctx context.Context) error {
	batch := connector.Bounded(r.records)
	batch.Refused = append(batch.Refused, r.refused...)
	batch.Position = r.at.bytes()
	return r.site.AppendAt(ctx, r.to, batch)
}

// begin finds the place of streams that have none yet, and notes it at once: what comes from now on is not
// lost by a restart.
func (r *reading) begin(ctx context.Context) error {
	found := false
	for _, stream := range r.streams {
		if _, known := r.at.Streams[stream]; known {
			continue
		}
		found = true
		i, err := infoOf(ctx, r.conn, stream)
		switch {
		case errors.Is(err, errNoStream):
			r.at.Streams[stream] = place{ID: oldest}
		case err != nil:
			return err
		case r.site.Preview():
			id, err := r.nearEnd(ctx, stream)
			if err != nil {
				return err
			}
			r.at.Streams[stream] = place{ID: id, Read: -1}
		case r.atEnd:
			r.at.Streams[stream] = place{ID: i.last, Read: i.added}
		default:
			r.at.Streams[stream] = place{ID: oldest, Read: i.removed()}
		}
	}
	if !found || r.site.Preview() {
		return nil
	}
	return r.site.AppendAt(ctx, r.to, connector.Batch{Position: r.at.bytes()})
}

// nearEnd is where a preview begins.
func (r *reading) nearEnd(ctx context.Context, stream string) (string, error) {
	last, err := r.conn.Do(ctx, r.conn.B().Xrevrange().Key(stream).End("+").Start("-").Count(previewed+1).Build()).AsXRangeSlices()
	if err != nil {
		return "", explain(err, "read stream "+stream)
	}
	if len(last) <= previewed {
		return oldest, nil
	}
	return last[previewed].ID, nil
}

// look finds out how many entries wait, and whether some are gone that were not read.
func (r *reading) look(ctx context.Context) error {
	lag, anew := int64(0), false
	for _, stream := range r.streams {
		p := r.at.Streams[stream]
		i, err := infoOf(ctx, r.conn, stream)
		if errors.Is(err, errNoStream) {
			anew = anew || p.ID != oldest
			r.at.Streams[stream] = place{ID: oldest} // whatever comes under this name is new
			continue
		}
		if err != nil {
			return err
		}
		if p.Read >= 0 && i.added >= 0 {
			p = r.gap(stream, p, i)
			r.at.Streams[stream] = p
		}
		if before(i.last, p.ID) && !r.warned[stream] {
			r.warned[stream] = true
			r.site.Warn(fault.New(fault.Conflict, "stream %s ends at %s, before %s, up to where it was read: reading on behind that", stream, i.last, p.ID).
				WithHint("Redis has lost its newest entries, or the stream was made anew with smaller ids; make the source anew to read those"))
		}
		switch {
		case lag < 0:
		case p.Read < 0 || i.added < 0:
			lag = -1
		default:
			lag += max(0, i.added-p.Read)
		}
	}
	r.site.SetLag(lag)
	if anew && !r.site.Preview() {
		return r.site.AppendAt(ctx, r.to, connector.Batch{Position: r.at.bytes()})
	}
	return nil
}

// gap warns of entries that were trimmed before they were read: more are removed than were read.
func (r *reading) gap(stream string, p place, i info) place {
	lost := i.removed() - p.Read
	if lost <= 0 || i.first != "" && !before(p.ID, i.first) {
		return p
	}
	p.Read += lost
	r.site.Warn(fault.New(fault.NotFound, "stream %s: %d entries behind %s were removed before they were read", stream, lost, p.ID).
		WithHint("keep more in the stream (MAXLEN, MINID), or read faster"))
	return p
}
