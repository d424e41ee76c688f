package disk

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
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

	ballastName = "ballast"
	chunk       = 1 << 20
)

// Floor keeps a part of the disk free: below it nothing more may be written but what makes an end of things (markers of transactions,
// lists that shrink). Set the fields before the first call; the methods may be called from any goroutine.
type Floor struct {
	FS  FS
	Dir string
	// Min is how many bytes are to stay free; <= 0: none, and everything may be written.
	Min int64
	// Ballast is the size of a file in Dir that is deleted when less than half of Min is free, because something else fills the disk: then there is
	// room to bring things to an end, and to tidy up. It is made again when there is room. <= 0: no such file.
	Ballast int64
	Log     *slog.Logger

	low    atomic.Pointer[fault.Error] // why nothing may be written; nil: it may
	looked atomic.Int64                // when, in nanoseconds since begin
	begin  atomic.Pointer[time.Time]

	mu   sync.Mutex // of looking
	held bool       // the ballast is there; only Run uses it
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

// Run looks at the disk and keeps the ballast until ctx ends.
func (f *Floor) Run(ctx context.Context) error {
	if f.Min <= 0 {
		return nil
	}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if free, ok := f.look(); ok {
			f.weigh(free)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// look asks how much is free, and decides by it whether more may be written.
func (f *Floor) look() (free int64, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	free, _, err := f.FS.Free(f.Dir)
	if err != nil {
		f.Log.Error("ask how much of the disk is free", "folder", f.Dir, "error", err)
		return 0, false // what was known holds; a write that fails says so itself
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
	return free, true
}

// weigh drops the ballast or makes it. Only Run calls it.
func (f *Floor) weigh(free int64) {
	if f.Ballast <= 0 {
		return
	}
	name := filepath.Join(f.Dir, ballastName)
	switch {
	case free < f.Min/2:
		err := f.FS.Remove(name)
		if err == nil {
			f.held = false
			f.Log.Error("the disk is all but full: the ballast was dropped to make room", "file", name, "bytes", f.Ballast, "free_bytes", free)
		} else if !errors.Is(err, fs.ErrNotExist) {
			f.Log.Error("drop the ballast", "file", name, "error", err)
		}
	case !f.held && free > f.Min+2*f.Ballast:
		if err := f.fill(name); err != nil {
			f.Log.Warn("make the ballast", "file", name, "error", err)
			_ = f.FS.Remove(name) // half of it is of no use
			return
		}
		f.held = true
	}
}

// fill makes the ballast, unless it is there. It is written, not only said to be long: a hole takes no space.
func (f *Floor) fill(name string) error {
	if info, err := f.FS.Stat(name); err == nil && info.Size() == f.Ballast {
		return nil
	}
	file, err := f.FS.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	p := make([]byte, min(chunk, f.Ballast))
	for i := range p {
		p[i] = byte(i*131 + i>>8) // not zeros, which some file systems do not write
	}
	for left := f.Ballast; left > 0 && err == nil; {
		n := min(left, int64(len(p)))
		_, err = file.Write(p[:n])
		left -= n
	}
	return errors.Join(err, file.Close())
}
