package bus_test

import (
	"errors"
	"testing"
	"time"

	"millrace/bus"
	"millrace/fault"
)

func TestPattern(t *testing.T) {
	f := func(p bus.Pattern, key, value string, want bool) {
		t.Helper()
		match, err := p.Match()
		if err != nil {
			t.Fatal(err)
		}
		if got := match(&bus.Raw{Key: []byte(key), Value: []byte(value)}); got != want {
			t.Errorf("%+v with key %q and value %q: %v, want %v", p, key, value, got, want)
		}
	}
	f(bus.Pattern{Text: "hot"}, "s1", `{"say": "HOT"}`, true)
	f(bus.Pattern{Text: "h.t"}, "s1", "hot", false)
	f(bus.Pattern{Text: "h.t", Regex: true}, "s1", "hot", true)
	f(bus.Pattern{Text: "h.t", Regex: true}, "s1", "HOT", false)
	f(bus.Pattern{Text: "s1"}, "s1", "hot", true)
	f(bus.Pattern{Key: "hot"}, "s1", "hot", false)
	f(bus.Pattern{Key: "^s1$", Regex: true}, "s1", "hot", true)
	f(bus.Pattern{Key: "s1", Text: "cold"}, "s1", "hot", false)
	if match, err := (bus.Pattern{}).Match(); match != nil || err != nil {
		t.Errorf("no pattern: %v", err)
	}
	if _, err := (bus.Pattern{Text: "(", Regex: true}).Match(); !errors.Is(err, fault.Invalid) {
		t.Errorf("a bad expression: %v", err)
	}
}

func TestParseTarget(t *testing.T) {
	now := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	same := func(a, b string) {
		t.Helper()
		one, err := bus.ParseTarget(a, now)
		if err != nil {
			t.Fatal(err)
		}
		two, err := bus.ParseTarget(b, now)
		if err != nil || one != two {
			t.Errorf("%s is %+v, and %s is %+v: %v", a, one, b, two, err)
		}
	}
	same("10m", "2026-11-20T09:50:00Z")
	same("2026-11-20T11:50:00+02:00", "10m")
	same("0012", "12")
	for _, text := range []string{"", "middle", "-10m", "+-5", "1e9", "2026-11-20", "99999999999999999999"} {
		if got, err := bus.ParseTarget(text, now); !errors.Is(err, fault.Invalid) || fault.HintOf(err) == "" {
			t.Errorf("%q is %+v, %v", text, got, err)
		}
	}
}
