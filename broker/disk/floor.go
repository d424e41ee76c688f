package disk

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"millrace/fault"
)

const (
	// lookEvery is how often a Floor that nobody asks looks at the disk, and lookAgain how old its last look may be for those who ask:
	// what is written meanwhile must be little against Min.
	lookEvery = time.Second
	lookAgain = 50 * time.Millisecond
)

// Floor keeps a part of the disk free: below it nothing more may be written but what makes an end of things (markers of transactions,
// lists that shrink). Set the fields before the first call; the methods may be called from any goroutine.
type Floor struct {
	FS  FS
	Dir string
	// Min is how many bytes are to stay free; <= 0: none, and everything may be written.
	Min int64
	Log *slog.Logger

	low    atomic.Pointer[fault.Error] // why nothing may be written; nil: it may
	looked atomic.Int64                // when, in nanoseconds since begin
	begin  atomic.Pointer[time.Time]

	mu sync.Mutex // of looking
}

// MayWrite returns nil, or a fault of kind Unavailable that says that the disk is nearly full.
func (f *Floor) MayWrite() error {
	if f.Min <= 0 {
		return nil
	}
	if f.begin.Load() == nil {
		now := time.Now()
		f.begin.CompareAndSwap(nil, &now)
	}
	last, now := f.looked.Load(), int64(time.Since(*f.begin.Load()))+1
	if (last == 0 || now-last > int64(lookAgain)) && f.looked.CompareAndSwap(last, now) {
		f.look()
	}
	if err := f.low.Load(); err != nil {
		return err
	}
	return nil
}

// Run looks at the disk until ctx ends, so that its log says when it fills up.
func (f *Floor) Run(ctx context.Context) error {
	if f.Min <= 0 {
		return nil
	}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		f.look()
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// look asks how much is free, and decides by it whether more may be written.
func (f *Floor) look() {
	f.mu.Lock()
	defer f.mu.Unlock()
	free, _, err := f.FS.Free(f.Dir)
	if err != nil {
		f.Log.Error("ask how much of the disk is free", "folder", f.Dir, "error", err)
		return // what was known holds; a write that fails says so itself
	}
	was := f.low.Load() != nil
	switch {
	case free < f.Min && !was:
		f.low.Store(fault.New(fault.Unavailable, "write to %s: less than %d bytes of the disk are free", f.Dir, f.Min).
			WithHint("free space on the disk, or let the broker keep less"))
		f.Log.Error("the disk is nearly full: records are refused", "folder", f.Dir, "free_bytes", free, "min_free_bytes", f.Min)
	case free >= f.Min+f.Min/20 && was: // a little above, so that it does not go to and fro
		f.low.Store(nil)
		f.Log.Info("the disk has room again: records are taken", "folder", f.Dir, "free_bytes", free)
	}
}
