package redis

import (
	"context"
	_ "embed"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"millrace/store/hot"
)

//go:embed write.lua
var writeScript string

//go:embed sweep.lua
var sweepScript string

const (
	// maxBatch is how many series are written at a time, in pipelined scripts of up to maxScript: one
	// script stops all others for some hundred microseconds.
	maxBatch  = 1000
	maxScript = 50
)

// writer writes what changes. One goroutine runs it.
type writer struct {
	*Hot
	client rueidis.Client
	write  *rueidis.Lua
	sweep  *rueidis.Lua
	batch  []hot.Change // taken and not yet acknowledged
}

func newWriter(h *Hot, client rueidis.Client) *writer {
	return &writer{
		Hot: h, client: client,
		write: rueidis.NewLuaScript(writeScript), sweep: rueidis.NewLuaScript(sweepScript),
	}
}

func (w *writer) run(ctx context.Context) error {
	sweepAt := w.cfg.Now().Add(jittered(w.cfg.Keep / 2))
	wait := w.cfg.Every
	for {
		stopped := sleep(ctx, wait)
		if stopped != nil {
			// What came last is worth one more attempt.
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), w.cfg.Timeout)
			defer cancel()
		}
		err := w.flush(ctx)
		if err == nil && stopped == nil && !w.cfg.Now().Before(sweepAt) {
			err = w.sweepAll(ctx)
			sweepAt = w.cfg.Now().Add(w.cfg.Keep / 2)
		}
		w.note(err)
		switch {
		case stopped != nil:
			return stopped
		case err != nil:
			wait = min(max(wait, firstWait)*2, longestWait)
			wait = jittered(wait)
		default:
			wait = w.cfg.Every
		}
	}
}

// flush writes all that has changed.
func (w *writer) flush(ctx context.Context) error {
	if err := w.checkFilled(ctx); err != nil {
		return err
	}
	for {
		if len(w.batch) == 0 {
			w.batch = w.local.Changes(w.batch, maxBatch, w.cfg.MaxPoints)
			w.pending.Store(int64(len(w.batch)))
		}
		if len(w.batch) == 0 {
			return nil
		}
		taken := len(w.batch)
		if err := w.send(ctx); err != nil {
			return err
		}
		w.batch = w.batch[:0]
		w.pending.Store(0)
		if taken < maxBatch {
			return nil
		}
	}
}

// checkFilled marks everything to be written if Redis lost what this replica wrote, whatever the
// reason: a restart without its data, FLUSHALL, another server behind the name.
func (w *writer) checkFilled(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, w.cfg.Timeout)
	defer cancel()
	key := w.cfg.Prefix + ":filled:" + w.replica
	there, err := w.client.Do(ctx, w.client.B().Pexpire().Key(key).Milliseconds(w.cfg.Keep.Milliseconds()).Build()).AsInt64()
	if err != nil || there == 1 {
		return err
	}
	if err := w.client.Do(ctx, w.client.B().Set().Key(key).Value("1").PxMilliseconds(w.cfg.Keep.Milliseconds()).Build()).Error(); err != nil {
		return err
	}
	w.local.MarkAll()
	w.mu.Lock()
	w.fills++
	w.mu.Unlock()
	return nil
}

// send writes the batch. It may be written again: the same points make no difference.
func (w *writer) send(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, w.cfg.Timeout)
	defer cancel()
	scripts, metrics, points := w.scripts()
	for _, res := range w.write.ExecMulti(ctx, w.client, scripts...) {
		// The script returns nothing, which the client takes for an error of its own.
		if err := res.Error(); err != nil && !rueidis.IsRedisNil(err) {
			return err
		}
	}
	now := float64(w.cfg.Now().UnixMilli())
	index := w.client.B().Zadd().Key(w.cfg.Prefix + ":metrics").ScoreMember()
	for _, m := range metrics {
		index = index.ScoreMember(now, m)
	}
	if err := w.client.Do(ctx, index.Build()).Error(); err != nil {
		return err
	}
	w.mu.Lock()
	w.written += int64(points)
	w.mu.Unlock()
	return nil
}

// scripts makes calls of the script, each for series of one metric.
func (w *writer) scripts() (out []rueidis.LuaExec, metrics []string, points int) {
	open := map[string]int{} // index in out, by metric
	count := make([]int, 0, maxBatch/maxScript)
	for i := range w.batch {
		c := &w.batch[i]
		at, ok := open[c.Metric]
		if !ok {
			metrics = append(metrics, c.Metric)
		}
		if !ok || count[at] == maxScript {
			at = len(out)
			open[c.Metric] = at
			count = append(count, 0)
			out = append(out, rueidis.LuaExec{
				Keys: []string{latestKey(w.cfg.Prefix, c.Metric)},
				Args: []string{strconv.FormatInt(w.cfg.Keep.Milliseconds(), 10), strconv.Itoa(w.cfg.MaxPoints)},
			})
		}
		count[at]++
		points += len(c.Times)
		tags := tagsText(c.Tags)
		e := &out[at]
		e.Keys = append(e.Keys, ringKey(w.cfg.Prefix, c.Metric, tags))
		e.Args = append(e.Args, tags, strconv.Itoa(len(c.Times)))
		for k, t := range c.Times {
			e.Args = append(e.Args, strconv.FormatInt(t, 10), pointText(t, c.Values[k]))
		}
	}
	return out, metrics, points
}

func latestKey(prefix, metric string) string { return prefix + ":latest:{" + metric + "}" }

func ringKey(prefix, metric, tags string) string { return prefix + ":ring:{" + metric + "}:" + tags }

// sweepAll takes stopped series out of the latest values, and stopped metrics out of the list of them.
func (w *writer) sweepAll(ctx context.Context) error {
	before := w.cfg.Now().Add(-w.cfg.Keep)
	metrics, err := w.metrics(ctx, w.client)
	if err != nil {
		return err
	}
	for _, m := range metrics {
		if err := w.sweepOne(ctx, m, before); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, w.cfg.Timeout)
	defer cancel()
	return w.client.Do(ctx, w.client.B().Zremrangebyscore().Key(w.cfg.Prefix+":metrics").
		Min("-inf").Max("("+strconv.FormatInt(before.UnixMilli(), 10)).Build()).Error()
}

func (w *writer) sweepOne(ctx context.Context, metric string, before time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, w.cfg.Timeout)
	defer cancel()
	key := latestKey(w.cfg.Prefix, metric)
	all, err := w.client.Do(ctx, w.client.B().Hgetall().Key(key).Build()).AsStrMap()
	if err != nil {
		return err
	}
	var stopped []string
	for tags, text := range all {
		if micros, _, ok := parsePoint(text); !ok || micros < before.UnixMicro() {
			stopped = append(stopped, tags, text)
		}
	}
	if len(stopped) == 0 {
		return nil
	}
	if err := w.sweep.Exec(ctx, w.client, []string{key}, stopped).Error(); err != nil && !rueidis.IsRedisNil(err) {
		return err
	}
	return nil
}
