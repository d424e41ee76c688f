package redis

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"millrace/store/hot"
)

// Latest implements hot.Reader.
func (h *Hot) Latest(metrics ...string) []hot.Point {
	local := h.local.Latest(metrics...)
	shared, ok := read(h, func(ctx context.Context, c rueidis.Client) ([]hot.Point, error) {
		return h.readLatest(ctx, c, metrics)
	})
	if !ok || len(shared) == 0 {
		return local
	}
	index := make(map[string]int, len(local))
	for i := range local {
		index[seriesKey(local[i].Metric, local[i].Tags)] = i
	}
	for _, p := range shared {
		if i, ok := index[seriesKey(p.Metric, p.Tags)]; !ok {
			local = append(local, p)
		} else if p.Time.After(local[i].Time) {
			local[i] = p
		}
	}
	hot.SortPoints(local)
	return local
}

// Last implements hot.Reader.
func (h *Hot) Last(metric string, tags ...hot.Tag) (hot.Point, bool) {
	local, found := h.local.Last(metric, tags...)
	sorted := slices.Clone(tags)
	slices.SortFunc(sorted, byName)
	text := tagsText(sorted)
	shared, ok := read(h, func(ctx context.Context, c rueidis.Client) (*hot.Point, error) {
		v, err := c.Do(ctx, c.B().Hget().Key(latestKey(h.cfg.Prefix, metric)).Field(text).Build()).ToString()
		if rueidis.IsRedisNil(err) {
			return nil, nil
		}
		return h.point(metric, text, v), err
	})
	if ok && shared != nil && (!found || shared.Time.After(local.Time)) {
		return *shared, true
	}
	return local, found
}

// Recent implements hot.Reader.
func (h *Hot) Recent(since time.Time, metrics ...string) []hot.Series {
	local := h.local.Recent(since, metrics...)
	shared, ok := read(h, func(ctx context.Context, c rueidis.Client) ([]hot.Series, error) {
		return h.readRecent(ctx, c, since, metrics)
	})
	if !ok || len(shared) == 0 {
		return local
	}
	index := make(map[string]int, len(local))
	for i := range local {
		index[seriesKey(local[i].Metric, local[i].Tags)] = i
	}
	for _, s := range shared {
		if i, ok := index[seriesKey(s.Metric, s.Tags)]; ok {
			local[i] = merge(local[i], s)
		} else {
			local = append(local, s)
		}
	}
	hot.SortSeries(local)
	return local
}

// read asks Redis, unless it is away: nobody waits for what did not answer the writer just before.
func read[T any](h *Hot, ask func(context.Context, rueidis.Client) (T, error)) (answer T, ok bool) {
	h.mu.Lock()
	client := h.client
	h.reads++
	if client == nil || h.away != nil {
		h.missed++
		h.mu.Unlock()
		return answer, false
	}
	h.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), h.cfg.ReadTimeout)
	defer cancel()
	answer, err := ask(ctx, client)
	if err != nil {
		h.mu.Lock()
		h.missed++
		h.errors++
		h.mu.Unlock()
		return answer, false
	}
	return answer, true
}

// metrics lists those written within Keep.
func (h *Hot) metrics(ctx context.Context, c rueidis.Client) ([]string, error) {
	from := strconv.FormatInt(h.cfg.Now().Add(-h.cfg.Keep).UnixMilli(), 10)
	return c.Do(ctx, c.B().Zrangebyscore().Key(h.cfg.Prefix+":metrics").Min(from).Max("+inf").Build()).AsStrSlice()
}

func (h *Hot) named(ctx context.Context, c rueidis.Client, metrics []string) ([]string, error) {
	if len(metrics) > 0 {
		return metrics, nil
	}
	return h.metrics(ctx, c)
}

func (h *Hot) readLatest(ctx context.Context, c rueidis.Client, metrics []string) ([]hot.Point, error) {
	metrics, err := h.named(ctx, c, metrics)
	if err != nil || len(metrics) == 0 {
		return nil, err
	}
	cmds := make(rueidis.Commands, len(metrics))
	for i, m := range metrics {
		cmds[i] = c.B().Hgetall().Key(latestKey(h.cfg.Prefix, m)).Build()
	}
	var out []hot.Point
	for i, res := range c.DoMulti(ctx, cmds...) {
		all, err := res.AsStrMap()
		if err != nil {
			return nil, err
		}
		for tags, text := range all {
			if p := h.point(metrics[i], tags, text); p != nil {
				out = append(out, *p)
			}
		}
	}
	return out, nil
}

// point reads a latest value; nil is one that is too old, or that we did not write.
func (h *Hot) point(metric, tags, text string) *hot.Point {
	micros, value, ok := parsePoint(text)
	if !ok || micros < h.cfg.Now().Add(-h.cfg.Keep).UnixMicro() {
		return nil
	}
	parsed, ok := parseTags(tags)
	if !ok {
		return nil
	}
	return &hot.Point{Metric: metric, Tags: parsed, Time: time.UnixMicro(micros).UTC(), Value: value}
}

func (h *Hot) readRecent(ctx context.Context, c rueidis.Client, since time.Time, metrics []string) ([]hot.Series, error) {
	points, err := h.readLatest(ctx, c, metrics)
	if err != nil || len(points) == 0 {
		return nil, err
	}
	if keep := h.cfg.Now().Add(-h.cfg.Keep); since.Before(keep) {
		since = keep
	}
	from := strconv.FormatInt(since.UnixMicro(), 10)
	cmds := make(rueidis.Commands, len(points))
	for i, p := range points {
		key := ringKey(h.cfg.Prefix, p.Metric, tagsText(tagList(p.Tags)))
		cmds[i] = c.B().Zrangebyscore().Key(key).Min(from).Max("+inf").Build()
	}
	var out []hot.Series
	for i, res := range c.DoMulti(ctx, cmds...) {
		texts, err := res.AsStrSlice()
		if err != nil {
			return nil, err
		}
		s := hot.Series{Metric: points[i].Metric, Tags: points[i].Tags}
		for _, text := range texts {
			if micros, value, ok := parsePoint(text); ok {
				s.Times, s.Values = append(s.Times, time.UnixMicro(micros).UTC()), append(s.Values, value)
			}
		}
		if len(s.Times) > 0 {
			out = append(out, s)
		}
	}
	return out, nil
}

// merge is the points of a, and those of b at times at which a has none.
func merge(a, b hot.Series) hot.Series {
	out := hot.Series{Metric: a.Metric, Tags: a.Tags}
	take := func(s hot.Series, i int) {
		out.Times, out.Values = append(out.Times, s.Times[i]), append(out.Values, s.Values[i])
	}
	i, j := 0, 0
	for i < len(a.Times) || j < len(b.Times) {
		switch {
		case j == len(b.Times) || i < len(a.Times) && !b.Times[j].Before(a.Times[i]):
			for j < len(b.Times) && b.Times[j].Equal(a.Times[i]) {
				j++
			}
			take(a, i)
			i++
		default:
			take(b, j)
			j++
		}
	}
	return out
}

func seriesKey(metric string, tags map[string]string) string {
	return metric + "\x00" + tagsText(tagList(tags))
}

func tagList(tags map[string]string) []hot.Tag {
	out := make([]hot.Tag, 0, len(tags))
	for n, v := range tags {
		out = append(out, hot.Tag{Name: n, Value: v})
	}
	slices.SortFunc(out, byName)
	return out
}
