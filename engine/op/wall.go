package op

import (
	"time"

	"millrace/schema"
)

// wall is the clock by which windows are cut: over TIMESTAMP_LTZ, whose values are instants, that of
// the session's zone; over TIMESTAMP the values themselves. It remembers the zone's offset, which
// changes twice a year at most.
type wall struct {
	zone       *time.Location // nil: values are taken as they are
	from, upto int64          // instants in ms between which the offset holds
	offset     int64          // ms
}

func newWall(t schema.Type, zone *time.Location) wall {
	if t.ID != schema.TimestampLTZ || zone == nil || zone.String() == "UTC" {
		return wall{}
	}
	return wall{zone: zone}
}

// local is what the clock shows at an instant.
func (w *wall) local(instant int64) int64 {
	if w.zone == nil {
		return instant
	}
	return instant + w.offsetAt(instant)
}

func (w *wall) offsetAt(instant int64) int64 {
	if instant < w.from || instant >= w.upto {
		at := time.UnixMilli(instant).In(w.zone)
		start, end := at.ZoneBounds()
		w.from, w.upto = minWatermark, -minWatermark
		if !start.IsZero() {
			w.from = start.UnixMilli()
		}
		if !end.IsZero() {
			w.upto = end.UnixMilli()
		}
		_, seconds := at.Zone()
		w.offset = int64(seconds) * 1000
	}
	return w.offset
}

// aDay is longer than any change of a clock.
const aDay = 24 * 60 * 60 * 1000

// instants returns the first and the last instant at which the clock shows local. An hour that the
// clock skips has none: then first is what Java makes of it, as late as the clock was before, and
// last the moment of the change.
func (w *wall) instants(local int64) (first, last int64) {
	if w.zone == nil {
		return local, local
	}
	if i := local - w.offset; i-aDay >= w.from && i+aDay < w.upto {
		return i, i
	}
	before, after := w.offsetAt(local-aDay), w.offsetAt(local+aDay)
	a, b := local-before, local-after
	isA, isB := w.offsetAt(a) == before, w.offsetAt(b) == after
	switch {
	case isA && isB:
		return min(a, b), max(a, b)
	case isA:
		return a, a
	case isB:
		return b, b
	}
	w.offsetAt(a)
	return a, w.from
}

// due is the watermark that fires a window.
func (w *wall) due(end int64) int64 {
	_, last := w.instants(end - 1)
	return last
}

// windowTime is the time attribute of a window: its last millisecond.
func (w *wall) windowTime(end int64) int64 {
	first, _ := w.instants(end - 1)
	return first
}
