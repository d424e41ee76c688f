package redis

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"millrace/fault"
	"millrace/store/hot"
)

func TestParseAddress(t *testing.T) {
	f := func(text, host, user, password string, db int, tls bool) {
		t.Helper()
		a, err := parseAddress(text)
		if err != nil || a.host != host || a.user != user || a.password.Reveal() != password || a.db != db || (a.tls != nil) != tls {
			t.Errorf("%q: %+v, %v", text, a, err)
		}
	}
	f("redis", "redis:6379", "", "", 0, false)
	f("redis:7000", "redis:7000", "", "", 0, false)
	f("::1", "[::1]:6379", "", "", 0, false)
	f("[::1]:7000", "[::1]:7000", "", "", 0, false)
	f("redis://redis", "redis:6379", "", "", 0, false)
	f("redis://:pass@redis:7000/2", "redis:7000", "", "pass", 2, false)
	f("rediss://me:p%40ss@redis.example.org/", "redis.example.org:6379", "me", "p@ss", 0, true)

	bad := func(text string) {
		t.Helper()
		_, err := parseAddress(text)
		if !errors.Is(err, fault.Invalid) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", text, err)
		}
	}
	bad("")
	bad("redis:port")
	bad("redis:0")
	bad("a:b:c")
	bad("http://:secret@redis")
	bad("redis://:secret@redis/zero")
	bad("redis://:secret/x@redis:1/0")
	bad("redis://:secret@redis/0?x=y")
}

func FuzzParseAddress(f *testing.F) {
	f.Add("redis://u:p@h:1/2")
	f.Add("h:1")
	f.Fuzz(func(t *testing.T, text string) {
		a, err := parseAddress(text)
		if err == nil && (a.host == "" || a.db < 0) {
			t.Errorf("%q: %+v", text, a)
		}
	})
}

func FuzzTags(f *testing.F) {
	f.Add("host", "a&b=c", "core", "0", int64(5), 1.5)
	f.Fuzz(func(t *testing.T, n1, v1, n2, v2 string, micros int64, value float64) {
		if n1 == n2 {
			return
		}
		text := tagsText([]hot.Tag{{Name: n1, Value: v1}, {Name: n2, Value: v2}})
		got, ok := parseTags(text)
		if diff := cmp.Diff(map[string]string{n1: v1, n2: v2}, got); !ok || diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
		m, v, ok := parsePoint(pointText(micros, value))
		if !ok || m != micros || v != value && value == value {
			t.Errorf("%d %v became %d %v", micros, value, m, v)
		}
	})
}

func FuzzParsePoint(f *testing.F) {
	f.Add("1 2")
	f.Fuzz(func(t *testing.T, text string) {
		if m, v, ok := parsePoint(text); ok && v == v {
			if m2, v2, ok := parsePoint(pointText(m, v)); !ok || m2 != m || v2 != v {
				t.Errorf("%q", text)
			}
		}
		parseTags(text)
	})
}
