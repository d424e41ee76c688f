package redis_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"millrace/connector"
	"millrace/connector/connectortest"
	"millrace/connector/redis"
	"millrace/fault"
	"millrace/option"
)

func collectorOf(t *testing.T, v option.Values) connector.Collector {
	t.Helper()
	v, err := option.Check("redis", redis.Spec().Options, v)
	if err != nil {
		t.Fatal(err)
	}
	c, err := redis.Spec().Collect(v)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// onceEach checks that the values 0 to n-1 of the field v came once each from each stream, in order.
func onceEach(t *testing.T, records []connector.Record, n int, streams ...string) {
	t.Helper()
	next := map[string]int{}
	for _, r := range records {
		var got struct{ V int }
		if err := json.Unmarshal(r.Value, &got); err != nil {
			t.Fatalf("%s: %v", r.Value, err)
		}
		if got.V != next[string(r.Key)] {
			t.Fatalf("stream %s: %d after %d records", r.Key, got.V, next[string(r.Key)])
		}
		if d := time.Since(r.Time); d < -time.Second || d > time.Hour {
			t.Fatalf("time %s", r.Time)
		}
		next[string(r.Key)]++
	}
	for _, stream := range streams {
		if next[stream] != n {
			t.Errorf("stream %s: %d records, want %d", stream, next[stream], n)
		}
	}
}

// TestOnce reads two streams through cuts, refusals of the bus and a kill of the server.
func TestOnce(t *testing.T) {
	for name, group := range map[string]string{"Alone": "", "Group": "millrace"} {
		t.Run(name, func(t *testing.T) {
			const n = 5000
			s := startRedis(t)
			v := option.Values{"servers": s.addr, "streams": "a,b", "numbers": "true", "batch": "300"}
			if group != "" {
				v["group"] = group
			}
			c := collectorOf(t, v)
			site := &connectortest.Site{Fail: connectortest.FailEvery(7)}
			took := func(n int) func() bool { return func() bool { return len(site.Taken("redis.raw")) >= n } }
			s.add("a", 0, n/2)
			s.add("b", 0, n/2)
			connectortest.Again(t, c, site, 100*time.Millisecond, took(n/2))
			s.kill()
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			if err := c.Collect(ctx, site); !errors.Is(err, fault.Unavailable) || !strings.Contains(fault.HintOf(err), "listens there") {
				t.Errorf("without a server: %v, hint %q", err, fault.HintOf(err))
			}
			cancel()
			s.start()
			s.add("a", n/2, n)
			s.add("b", n/2, n)
			connectortest.Again(t, c, site, 100*time.Millisecond, took(2*n))
			site.Fail = nil
			connectortest.Again(t, c, site, 0, func() bool { return site.Lag() == 0 })
			onceEach(t, site.Taken("redis.raw"), n, "a", "b")
			if group != "" {
				if waiting, err := s.do("XPENDING", "a", group).ToArray(); err != nil || text(waiting[0].ToInt64()) != 0 {
					t.Errorf("pending %v, %v", waiting, err)
				}
			}
			if len(site.Warnings()) > 0 {
				t.Errorf("warnings %v", site.Warnings())
			}
		})
	}
}

func text(n int64, _ error) int64 { return n }

// TestServerAway ends a running Collect when the server goes.
func TestServerAway(t *testing.T) {
	s := startRedis(t)
	s.add("a", 0, 1)
	site := &connectortest.Site{}
	ended := make(chan error, 1)
	go func() {
		ended <- collectorOf(t, option.Values{"servers": s.addr, "streams": "a"}).Collect(t.Context(), site)
	}()
	if err := site.Await(t.Context(), func() bool { return len(site.Taken("redis.raw")) == 1 }); err != nil {
		t.Fatal(err)
	}
	s.kill()
	if err := <-ended; !errors.Is(err, fault.Unavailable) {
		t.Errorf("ended with %v", err)
	}
}

// TestGap warns of entries that were trimmed away unread, and of none that were read.
func TestGap(t *testing.T) {
	s := startRedis(t)
	s.add("a", 0, 10)
	c := collectorOf(t, option.Values{"servers": s.addr, "streams": "a"})
	site := &connectortest.Site{}
	took := func(n int) func() bool { return func() bool { return len(site.Taken("redis.raw")) >= n } }
	connectortest.Again(t, c, site, 0, took(10))
	s.do("XTRIM", "a", "MAXLEN", "2")
	s.add("a", 10, 20)
	connectortest.Again(t, c, site, 0, took(20))
	if w := site.Warnings(); len(w) > 0 {
		t.Errorf("warnings %v", w)
	}
	s.add("a", 20, 30)
	s.do("XTRIM", "a", "MAXLEN", "3")
	connectortest.Again(t, c, site, 0, took(23))
	if w := site.Warnings(); len(w) != 1 || !strings.Contains(w[0].Error(), "7 entries") {
		t.Errorf("warnings %v", w)
	}
	connectortest.Again(t, c, site, 0, func() bool { return site.Lag() == 0 })

	// A stream that was deleted is read from its beginning when it comes back.
	s.do("DEL", "a")
	connectortest.Again(t, c, site, 0, func() bool { p, _ := site.Position(t.Context()); return strings.Contains(string(p), `"0-0"`) })
	s.do("XADD", "a", "1-1", "v", "1")
	connectortest.Again(t, c, site, 0, took(24))
	if w := site.Warnings(); len(w) != 1 {
		t.Errorf("warnings %v", w)
	}
}

func TestStartAtEnd(t *testing.T) {
	s := startRedis(t)
	s.add("a", 0, 5)
	c := collectorOf(t, option.Values{"servers": s.addr, "streams": "a,b", "start": "$", "field": "v"})
	site := &connectortest.Site{}
	connectortest.Again(t, c, site, 0, func() bool { p, _ := site.Position(t.Context()); return p != nil })
	s.add("a", 5, 6) // while nobody reads
	s.do("XADD", "b", "*", "w", "9")
	connectortest.Again(t, c, site, 0, func() bool { return len(site.Taken("redis.raw"))+len(site.Refused("redis.raw")) == 2 })
	if got := string(site.Taken("redis.raw")[0].Value); got != "5" {
		t.Errorf("read %s", got)
	}
	if u := site.Refused("redis.raw")[0]; string(u.Value) != `{"w":"9"}` || !strings.Contains(u.Reason.Error(), "no such field") {
		t.Errorf("refused %s: %v", u.Value, u.Reason)
	}
}

// TestClaim takes over what another member of the group has held for too long.
func TestClaim(t *testing.T) {
	s := startRedis(t)
	s.do("XGROUP", "CREATE", "a", "g", "0", "MKSTREAM")
	s.add("a", 0, 5)
	s.do("XREADGROUP", "GROUP", "g", "gone", "COUNT", "3", "STREAMS", "a", ">")
	c := collectorOf(t, option.Values{"servers": s.addr, "streams": "a", "group": "g", "claim_after": "1ms", "numbers": "true"})
	site := &connectortest.Site{}
	connectortest.Again(t, c, site, 0, func() bool { return len(site.Taken("redis.raw")) >= 5 })
	onceEach(t, site.Taken("redis.raw"), 5, "a")
}

// TestPreview leaves nothing in Redis, and shows the newest entries.
func TestPreview(t *testing.T) {
	s := startRedis(t)
	s.add("a", 0, 50)
	enough := errors.New("enough")
	for _, group := range []string{"", "g"} {
		v := option.Values{"servers": s.addr, "streams": "a", "start": "$"}
		if group != "" {
			v["group"] = group
		}
		n := 0
		site := &connectortest.Site{Look: true, Fail: func(_ string, records []connector.Record) error { n += len(records); return enough }}
		if err := collectorOf(t, v).Collect(t.Context(), site); !errors.Is(err, enough) || n != 10 {
			t.Errorf("preview of %d: %v", n, err)
		}
	}
	if groups, err := s.do("XINFO", "GROUPS", "a").ToArray(); err != nil || len(groups) > 0 {
		t.Errorf("groups %v, %v", groups, err)
	}
}

func TestTest(t *testing.T) {
	s := startRedis(t, "--requirepass", "right")
	open := startRedis(t)
	f := func(kind fault.Kind, hint string, v option.Values) {
		t.Helper()
		v["streams"] = "a"
		err := collectorOf(t, v).(connector.Tester).Test(t.Context())
		if fault.KindOf(err) != kind || !strings.Contains(fault.HintOf(err), hint) {
			t.Errorf("%v: %v, hint %q", v, err, fault.HintOf(err))
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the password is in %v", err)
		}
	}
	f(fault.Denied, "'password'", option.Values{"servers": s.addr})
	f(fault.Denied, "'password'", option.Values{"servers": s.addr, "password": "hunter2"})
	f(fault.NotFound, "waits", option.Values{"servers": s.addr, "password": "right"})
	f(fault.Unavailable, "listens there", option.Values{"servers": "127.0.0.1:1"})
	open.do("SET", "a", "1")
	f(fault.Invalid, "no stream", option.Values{"servers": open.addr})
	open.do("DEL", "a")
	open.add("a", 0, 1)
	f(0, "", option.Values{"servers": "127.0.0.1:1," + open.addr})
}
