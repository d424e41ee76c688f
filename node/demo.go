package node

import (
	"context"
	"os"
	"sync/atomic"

	"millrace/bus"
	"millrace/connector/demo"
)

// demoState says whether the demo generator may feed. Once real data has come it never does again, also
// after a restart: a file remembers.
type demoState struct {
	file string
	on   bool
	real atomic.Bool
}

func newDemoState(file string, on bool) *demoState {
	d := &demoState{file: file, on: on}
	if _, err := os.Stat(file); err == nil {
		d.real.Store(true)
	}
	return d
}

// Real reports whether real data has come.
func (d *demoState) Real() bool { return d.real.Load() }

// watch looks at what arrives on a topic until a record comes that is not the generator's.
func (d *demoState) watch(ctx context.Context, b *bus.Bus, topic string) error {
	if d.Real() {
		return nil
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	return b.Tail(ctx, bus.TailConfig{Topics: []string{topic}, From: bus.FromEnd()}, func(f *bus.Fetch) error {
		for f.Next() {
			if !isDemo(f) {
				d.real.Store(true)
				stop()
				return writeFile(d.file, []byte("Real records have come; the demo generator is off for good. Remove this file to let it run again.\n"))
			}
		}
		return f.Err()
	})
}

func isDemo(f *bus.Fetch) bool {
	for name := range f.Raw.Headers() {
		if name == demo.Header {
			return true
		}
	}
	return false
}
