// Package hot keeps the latest value of every series and its last minutes, in memory: for live
// figures and charts that begin with a history. It is lost with the process and filled again by what
// arrives; the store has everything.
//
// A series is a metric with its tags. Update is called by whoever reads the points from the bus, the
// other methods by the API, all concurrently. Series that stop are forgotten after Options.Keep, and
// the number of series has a bound, as names and tags come from outside.
package hot

import (
	"cmp"
	"hash/maphash"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Tag is a name and a value.
type Tag struct {
	Name, Value string
}

// Options are the settings of a Hot. The zero value of each means the default in its comment.
type Options struct {
	Keep      time.Duration // how long a series keeps its values: 10 minutes
	MaxSeries int           // 50,000
	MaxPoints int           // of one series, the oldest go first: 720
	Track     bool          // keep account of what changed, for Changes
	Now       func() time.Time
}

// Hot is the newest values. Make it with New.
type Hot struct {
	opts   Options
	seed   maphash.Seed
	shards [shards]shard
	turn   atomic.Uint32 // of Changes
}

// shards is how many locks there are, so that writers of several partitions do not meet.
const shards = 16

// lookEvery is how often a full shard looks at all of its series for some that stopped: with each point of a new one, a
// flood of new series would hold up everything.
const lookEvery = time.Second

type shard struct {
	mu      sync.RWMutex // guards what follows
	series  map[uint64][]*series
	count   int
	evicted int64
	refused int64
	updates int64
	late    int64
	looked  time.Time // when it was full and looked for series that stopped
	changed []*series // with untaken points, the one that waits longest first
	missed  int64
}

// series is the ring of one series: points[next] is the oldest once it is full.
type series struct {
	metric string
	tags   []Tag // sorted by name
	points []point
	next   int
	newest int // index of the latest by time
	seen   time.Time
	// untaken is how many of the newest points are not taken by Changes yet.
	untaken int
}

type point struct {
	time  int64 // microseconds
	value float64
}

// Point is a value of a series.
type Point struct {
	Metric string
	Tags   map[string]string
	Time   time.Time
	Value  float64
}

// Series is a series with its kept points, ascending by time.
type Series struct {
	Metric string
	Tags   map[string]string
	Times  []time.Time
	Values []float64
}

// Stats are the figures of a Hot.
type Stats struct {
	Series  int
	Updates int64
	Evicted int64 // series forgotten because they stopped
	Refused int64 // points of new series beyond MaxSeries
	Late    int64 // points older than Keep
	Changed int   // series with points that Changes did not take yet
	Missed  int64 // points that the ring lost before Changes took them
}

// New returns an empty Hot.
func New(opts Options) *Hot {
	if opts.Keep <= 0 {
		opts.Keep = 10 * time.Minute
	}
	if opts.MaxSeries <= 0 {
		opts.MaxSeries = 50_000
	}
	if opts.MaxPoints <= 0 {
		opts.MaxPoints = 720
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	h := &Hot{opts: opts, seed: maphash.MakeSeed()}
	for i := range h.shards {
		h.shards[i].series = map[uint64][]*series{}
	}
	return h
}

// Update takes a point. tags may be in any order and may be reused by the caller afterwards, which
// sorts them in place. It does not allocate for a series that is known.
func (h *Hot) Update(metric string, tags []Tag, at time.Time, value float64) {
	if !slices.IsSortedFunc(tags, byName) {
		slices.SortFunc(tags, byName)
	}
	key := h.key(metric, tags)
	now := h.opts.Now()
	sh := &h.shards[key%shards]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if at.Before(now.Add(-h.opts.Keep)) {
		sh.late++
		return
	}
	s := sh.find(key, metric, tags)
	if s == nil {
		if sh.count >= h.bound() && now.Sub(sh.looked) >= lookEvery {
			sh.evict(now.Add(-h.opts.Keep))
			sh.looked = now
		}
		if sh.count >= h.bound() {
			sh.refused++
			return
		}
		s = &series{metric: strings.Clone(metric), tags: cloneTags(tags)}
		sh.series[key] = append(sh.series[key], s)
		sh.count++
	}
	sh.updates++
	s.seen = now
	s.add(point{at.UnixMicro(), value}, h.opts.MaxPoints)
	if h.opts.Track {
		sh.mark(s, h.opts.MaxPoints)
	}
}

// bound is how many series one shard may have.
func (h *Hot) bound() int { return (h.opts.MaxSeries + shards - 1) / shards }

func byName(a, b Tag) int { return cmp.Compare(a.Name, b.Name) }

func cloneTags(tags []Tag) []Tag {
	out := make([]Tag, len(tags))
	for i, t := range tags {
		out[i] = Tag{strings.Clone(t.Name), strings.Clone(t.Value)}
	}
	return out
}

func (h *Hot) key(metric string, tags []Tag) uint64 {
	k := maphash.String(h.seed, metric)
	for _, t := range tags {
		k = k*31 + maphash.String(h.seed, t.Name)
		k = k*31 + maphash.String(h.seed, t.Value)
	}
	return k
}

func (sh *shard) find(key uint64, metric string, tags []Tag) *series {
	for _, s := range sh.series[key] {
		if s.metric == metric && slices.Equal(s.tags, tags) {
			return s
		}
	}
	return nil
}

func (s *series) add(p point, most int) {
	if len(s.points) < most {
		s.points = append(s.points, p)
		s.next = len(s.points) % most
		if p.time >= s.points[s.newest].time {
			s.newest = len(s.points) - 1
		}
		return
	}
	at := s.next
	s.points[at] = p
	s.next = (at + 1) % most
	switch {
	case at == s.newest:
		// The latest itself was overwritten, which takes as many late points as the ring holds.
		for i := range s.points {
			if s.points[i].time > s.points[s.newest].time {
				s.newest = i
			}
		}
	case p.time >= s.points[s.newest].time:
		s.newest = at
	}
}

// evict forgets the series that got nothing since before. The caller holds mu.
func (sh *shard) evict(before time.Time) {
	for key, list := range sh.series {
		kept := slices.DeleteFunc(list, func(s *series) bool { return s.seen.Before(before) })
		sh.count -= len(list) - len(kept)
		sh.evicted += int64(len(list) - len(kept))
		if len(kept) == 0 {
			delete(sh.series, key)
		} else {
			sh.series[key] = kept
		}
	}
}

// Latest returns the latest point of every series of the named metrics, or of all if none is named,
// in order of metric and tags. Series that stopped longer than Keep ago are not among them.
func (h *Hot) Latest(metrics ...string) []Point {
	var out []Point
	h.each(metrics, func(s *series, since int64) {
		if p := s.points[s.newest]; p.time >= since {
			out = append(out, Point{s.metric, tagMap(s.tags), time.UnixMicro(p.time).UTC(), p.value})
		}
	})
	SortPoints(out)
	return out
}

// Last returns the latest point of one series; ok is false if it has none within Keep.
func (h *Hot) Last(metric string, tags ...Tag) (_ Point, ok bool) {
	tags = slices.SortedFunc(slices.Values(tags), byName)
	key := h.key(metric, tags)
	sh := &h.shards[key%shards]
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	s := sh.find(key, metric, tags)
	if s == nil || s.points[s.newest].time < h.opts.Now().Add(-h.opts.Keep).UnixMicro() {
		return Point{}, false
	}
	p := s.points[s.newest]
	return Point{s.metric, tagMap(s.tags), time.UnixMicro(p.time).UTC(), p.value}, true
}

// Recent returns the kept points since a time of every series of the named metrics, or of all if
// none is named, in order of metric and tags.
func (h *Hot) Recent(since time.Time, metrics ...string) []Series {
	var out []Series
	h.each(metrics, func(s *series, keep int64) {
		low := max(keep, since.UnixMicro())
		ps := slices.DeleteFunc(slices.Clone(s.points), func(p point) bool { return p.time < low })
		if len(ps) == 0 {
			return
		}
		slices.SortStableFunc(ps, func(a, b point) int { return cmp.Compare(a.time, b.time) })
		r := Series{Metric: s.metric, Tags: tagMap(s.tags)}
		for _, p := range ps {
			r.Times = append(r.Times, time.UnixMicro(p.time).UTC())
			r.Values = append(r.Values, p.value)
		}
		out = append(out, r)
	})
	SortSeries(out)
	return out
}

// each calls f for the series of the named metrics under the lock of their shard.
func (h *Hot) each(metrics []string, f func(s *series, since int64)) {
	since := h.opts.Now().Add(-h.opts.Keep).UnixMicro()
	for i := range h.shards {
		sh := &h.shards[i]
		sh.mu.RLock()
		for _, list := range sh.series {
			for _, s := range list {
				if len(metrics) == 0 || slices.Contains(metrics, s.metric) {
					f(s, since)
				}
			}
		}
		sh.mu.RUnlock()
	}
}

// Evict forgets the series that stopped longer than Keep ago. The owner calls it now and then.
func (h *Hot) Evict() {
	before := h.opts.Now().Add(-h.opts.Keep)
	for i := range h.shards {
		sh := &h.shards[i]
		sh.mu.Lock()
		sh.evict(before)
		sh.mu.Unlock()
	}
}

// Stats returns the figures of now.
func (h *Hot) Stats() Stats {
	var st Stats
	for i := range h.shards {
		sh := &h.shards[i]
		sh.mu.RLock()
		st.Series += sh.count
		st.Updates += sh.updates
		st.Evicted += sh.evicted
		st.Refused += sh.refused
		st.Late += sh.late
		st.Changed += len(sh.changed)
		st.Missed += sh.missed
		sh.mu.RUnlock()
	}
	return st
}

func tagMap(tags []Tag) map[string]string {
	m := make(map[string]string, len(tags))
	for _, t := range tags {
		m[t.Name] = t.Value
	}
	return m
}

func compare(m1 string, t1 map[string]string, m2 string, t2 map[string]string) int {
	if c := cmp.Compare(m1, m2); c != 0 {
		return c
	}
	return cmp.Compare(flat(t1), flat(t2))
}

// flat is the tags in order of their names, for comparing.
func flat(tags map[string]string) string {
	names := make([]string, 0, len(tags))
	for n := range tags {
		names = append(names, n)
	}
	slices.Sort(names)
	var b strings.Builder
	for _, n := range names {
		b.WriteString(n + "\x00" + tags[n] + "\x00")
	}
	return b.String()
}
