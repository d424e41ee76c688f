package access

import (
	"context"
	"net"
	"path/filepath"
	"testing"
	"time"

	"millrace/broker/disk"
	"millrace/broker/keyed"
)

// place is where a test keeps what access knows; again opens it as after a restart.
type place struct {
	t     *testing.T
	file  string
	store *keyed.Store
}

func newPlace(t *testing.T) *place {
	p := &place{t: t, file: filepath.Join(t.TempDir(), "state")}
	t.Cleanup(func() { _ = p.store.Close() })
	return p
}

func (p *place) open(cfg Config) *Access {
	p.t.Helper()
	if p.store != nil {
		if err := p.store.Close(); err != nil {
			p.t.Fatal(err)
		}
	}
	var err error
	if p.store, err = keyed.Open(disk.OS(), p.file, keyed.Options{Sync: true}); err != nil {
		p.t.Fatal(err)
	}
	a, err := Open(p.store.Space("access"), cfg)
	if err != nil {
		p.t.Fatal(err)
	}
	return a
}

func open(t *testing.T, cfg Config) *Access { return newPlace(t).open(cfg) }

func as(a *Access, user string) *Caller { return a.caller(user, "10.0.0.1") }

func peer() net.Addr { return &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 4000} }

func background() context.Context { return context.Background() }

// clock is a clock that stands still until a test moves it.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }
