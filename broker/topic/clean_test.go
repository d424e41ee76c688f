package topic

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// bytesOf returns the bytes of partition 0 of a topic.
func (w *world) bytesOf(topic string) int64 { return w.Log(topic, 0).Stats().Bytes }

func TestTheLargestGiveWay(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.RetainBytes = 60_000; c.Defaults = map[string]string{"segment.bytes": "10000"} })
	w.mustCreate("large", 1)
	w.mustCreate("small", 1)
	w.mustCreate("compacted", 1, "cleanup.policy", "compact")
	w.mustCreate("kept", 1, "cleanup.policy", "")
	w.fill("large", 0, 60, 1000)
	w.fill("small", 0, 15, 1000)
	w.fill("kept", 0, 20, 1000)
	small, kept := w.bytesOf("small"), w.bytesOf("kept")
	w.bound()
	if total := w.bytesOf("large") + w.bytesOf("small") + w.bytesOf("kept"); total > 60_000 || total < 40_000 {
		t.Errorf("%d bytes are left, want at most 60,000, and no less than one segment below", total)
	}
	if w.bytesOf("small") != small || w.bytesOf("kept") != kept || w.bytesOf("large") >= 60_000 {
		t.Errorf("large has %d bytes, small %d of %d, kept %d of %d", w.bytesOf("large"), w.bytesOf("small"), small, w.bytesOf("kept"), kept)
	}
	if s := w.Log("large", 0).Stats(); s.Start == 0 || s.End != 60 {
		t.Errorf("large goes from %d to %d", s.Start, s.End)
	}
	// What nobody may take stays, though it is above the bound.
	w.fill("kept", 0, 60, 1000)
	kept = w.bytesOf("kept")
	w.bound()
	if w.bytesOf("kept") != kept || !w.above {
		t.Errorf("kept has %d bytes of %d; it was said: %v", w.bytesOf("kept"), kept, w.above)
	}
}

// The defect K2 of the broker before this one: nothing was deleted after a restart.
func TestRetentionGoesOnAfterARestart(t *testing.T) {
	for _, again := range []bool{false, true} {
		w := newWorld(t, func(c *Config) { c.Defaults = map[string]string{"segment.bytes": "10000"} })
		w.mustCreate("t", 1, "retention.bytes", "20000")
		w.fill("t", 0, 80, 1000)
		if again {
			w.restart(func(c *Config) { c.Defaults = map[string]string{"segment.bytes": "10000"} })
		}
		w.clean(ctx())
		if s := w.Log("t", 0).Stats(); s.Bytes > 32_000 || s.End != 80 || s.Start == 0 {
			t.Errorf("after a restart: %v: %d bytes, %d to %d", again, s.Bytes, s.Start, s.End)
		}
	}
}

func TestASettingCountsAtOnce(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Defaults = map[string]string{"segment.bytes": "10000"} })
	w.mustCreate("t", 1)
	w.mustCreate("u", 1)
	for _, name := range []string{"t", "u"} {
		w.fill(name, 0, 40, 1000)
	}
	answers(t, "of one topic", w.alterOne(nil, onTopic, "t", set, "retention.bytes", str("20000")), nil)
	w.clean(ctx())
	if w.bytesOf("t") > 32_000 || w.bytesOf("u") < 40_000 {
		t.Errorf("t has %d bytes, u %d", w.bytesOf("t"), w.bytesOf("u"))
	}
	answers(t, "of the broker", w.alterOne(nil, onBroker, "", set, "log.retention.bytes", str("15000")), nil)
	w.clean(ctx())
	if w.bytesOf("u") > 27_000 {
		t.Errorf("u has %d bytes", w.bytesOf("u"))
	}
}

func TestRunCleansAgainAndAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(c *Config) { c.Defaults = map[string]string{"segment.bytes": "10000"} })
		w.mustCreate("t", 1, "retention.bytes", "20000")
		running, end := context.WithCancel(ctx())
		var ended atomic.Bool
		go func() {
			if err := w.Run(running); err != nil {
				t.Error(err)
			}
			ended.Store(true)
		}()
		for range 3 {
			w.fill("t", 0, 40, 1000)
			time.Sleep(2 * cleanEvery) // of the bubble's clock
			synctest.Wait()
			if n := w.bytesOf("t"); n > 32_000 {
				t.Errorf("%d bytes are left", n)
			}
		}
		end()
		synctest.Wait()
		if !ended.Load() {
			t.Error("Run does not end")
		}
		w.stop()
	})
}
