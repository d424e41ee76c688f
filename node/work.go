package node

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"millrace/bus"
)

// The work that replicas share out: each job, source and singleton is a unit with a name, the name
// belongs to a share, and a share is held by one replica.
const (
	workGroup  = "__millrace_work"
	workShares = 48
)

// work runs the units whose share this replica holds. Alone with an embedded broker it holds them all.
type work struct {
	log *slog.Logger
	bus *bus.Bus // nil: alone

	mu    sync.Mutex // guards what follows
	ctx   context.Context
	mine  [workShares]bool
	units map[string]*unit
}

// unit is something that one replica at a time runs.
type unit struct {
	run   func(context.Context) // until its context ends, or it is done for good
	local bool                  // every replica runs it
	stop  func()                // stops it and waits; nil while it does not run
}

func newWork(b *bus.Bus, alone bool, log *slog.Logger) *work {
	w := &work{log: log, units: map[string]*unit{}}
	if !alone {
		w.bus = b
	}
	return w
}

// run shares the work out until ctx ends. When it has returned nothing runs any more.
func (w *work) run(ctx context.Context) error {
	unitCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	w.mu.Lock()
	w.ctx = unitCtx
	w.mu.Unlock()
	defer w.stopAll()
	if w.bus == nil {
		w.hold(func(int) bool { return true }, true)
		<-ctx.Done()
		return nil
	}
	w.hold(func(int) bool { return false }, true) // starts what is local
	return again(ctx, w.log, "work", func(ctx context.Context) error {
		return w.bus.Work(ctx, bus.WorkConfig{
			Group: workGroup, Shares: workShares,
			Gained: func(share int) { w.hold(func(s int) bool { return s == share }, true) },
			Lost:   func(share int) { w.hold(func(s int) bool { return s == share }, false) },
		})
	})
}

// hold notes that shares are ours, or no longer are, and starts or stops their units.
func (w *work) hold(which func(share int) bool, ours bool) {
	w.mu.Lock()
	for share := range w.mine {
		if which(share) {
			w.mine[share] = ours
		}
	}
	stops := w.settle()
	w.mu.Unlock()
	stopTogether(stops)
}

// settle starts what should run and does not, and returns the stops of what runs and should not. w.mu is held.
func (w *work) settle() (stops []func()) {
	for name, u := range w.units {
		switch should := u.local || w.mine[bus.ShareOf(name, workShares)]; {
		case should && u.stop == nil && w.ctx != nil:
			u.start(w.ctx)
		case !should && u.stop != nil:
			stops = append(stops, u.stop)
			u.stop = nil
		}
	}
	return stops
}

func (u *unit) start(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		u.run(ctx)
	}()
	u.stop = func() { cancel(); <-done }
}

func stopTogether(stops []func()) {
	var all sync.WaitGroup
	for _, stop := range stops {
		all.Go(stop)
	}
	all.Wait()
}

// add begins to run a unit wherever it belongs. A name is used once.
func (w *work) add(name string, local bool, run func(context.Context)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.units[name] != nil {
		panic(fmt.Sprintf("node: two units of work have the name %q", name))
	}
	w.units[name] = &unit{run: run, local: local}
	w.settle() // stops nothing
}

// remove ends a unit; it does not run here when remove has returned.
func (w *work) remove(names ...string) {
	w.mu.Lock()
	var stops []func()
	for _, name := range names {
		if u := w.units[name]; u != nil && u.stop != nil {
			stops = append(stops, u.stop)
		}
		delete(w.units, name)
	}
	w.mu.Unlock()
	stopTogether(stops)
}

// owns reports whether the share of a name is held here.
func (w *work) owns(name string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.mine[bus.ShareOf(name, workShares)]
}

// running are the names of the units that run here, sorted.
func (w *work) running() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var names []string
	for name, u := range w.units {
		if u.stop != nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// stopAll ends everything; what is added later does not run.
func (w *work) stopAll() {
	w.mu.Lock()
	w.ctx = nil
	var stops []func()
	for _, u := range w.units {
		if u.stop != nil {
			stops = append(stops, u.stop)
			u.stop = nil
		}
	}
	w.mu.Unlock()
	stopTogether(stops)
}
