package serve

import (
	"context"
	"reflect"
	"time"
)

// waits waits for the first of many logs to change, without a goroutine of its own.
type waits struct {
	cases []reflect.SelectCase
	timer *time.Timer
	spent time.Duration // on waiting, by the request that is handled
}

// mostWaits is how many logs one request waits for; the others are looked at when the time is up. It is what reflect.Select takes.
const mostWaits = 60_000

// wait returns true when a log of the session has changed, false when the time is up or ctx ends.
func (w *waits) wait(ctx context.Context, se *session, left time.Duration) bool {
	if w.timer == nil {
		w.timer = time.NewTimer(left)
	} else {
		w.timer.Reset(left)
	}
	defer w.timer.Stop()
	defer func(start time.Time) { w.spent += time.Since(start) }(time.Now())
	var few [4]<-chan struct{}
	n := 0
	for i := range se.parts {
		if ch := se.parts[i].changed; ch != nil {
			if n < len(few) {
				few[n] = ch
			}
			n++
		}
	}
	if n > len(few) {
		return w.many(ctx, se)
	}
	select {
	case <-few[0]:
	case <-few[1]:
	case <-few[2]:
	case <-few[3]:
	case <-w.timer.C:
		return false
	case <-ctx.Done():
		return false
	}
	return true
}

func (w *waits) many(ctx context.Context, se *session) bool {
	w.add(ctx.Done())
	w.cases = append(w.cases, reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(w.timer.C)})
	for i := range se.parts {
		if ch := se.parts[i].changed; ch != nil && len(w.cases) < mostWaits {
			w.add(ch)
		}
	}
	defer func() {
		clear(w.cases)
		w.cases = w.cases[:0]
	}()
	chosen, _, _ := reflect.Select(w.cases)
	return chosen > 1
}

func (w *waits) add(ch <-chan struct{}) {
	w.cases = append(w.cases, reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(ch)})
}

// forget drops what a large request has left behind.
func (w *waits) forget() {
	if cap(w.cases) > 1024 {
		w.cases = nil
	}
}
