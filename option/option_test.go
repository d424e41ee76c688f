package option

import (
	"strings"
	"testing"
	"time"

	"millrace/fault"
)

var opts = []Option{
	{Name: "topic", Required: true, Doc: "The topic to read."},
	{Name: "scan.startup.mode", OneOf: []string{"earliest-offset", "latest-offset"}, Default: "latest-offset"},
	{Name: "scan.idle-timeout", Kind: Duration},
	{Name: "properties.*"},
	{Name: "password", Secret: true},
}

func TestCheck(t *testing.T) {
	f := func(vals Values, wantErr, wantHint string) {
		t.Helper()
		_, err := Check(`connector "kafka"`, opts, vals)
		if wantErr == "" {
			if err != nil {
				t.Errorf("%v: %v", vals, err)
			}
			return
		}
		if err == nil || !strings.Contains(err.Error(), wantErr) || !strings.Contains(fault.HintOf(err), wantHint) {
			t.Errorf("%v: error %v, hint %q; want %q, %q", vals, err, fault.HintOf(err), wantErr, wantHint)
		}
	}
	f(Values{"topic": "t", "properties.group.id": "g"}, "", "")
	f(Values{"topic": "t", "scan.startup.mod": "x"}, "is not known", `"scan.startup.mode"`)
	f(Values{"topic": "t", "scan.startup.mode": "x"}, "is none of", "")
	f(Values{"topic": "t", "scan.idle-timeout": "soon"}, "no duration", "")
	f(Values{}, `option "topic"`, "The topic to read.")
}

func TestUnits(t *testing.T) {
	d := func(s string, want time.Duration) {
		t.Helper()
		if got, err := ParseDuration(s); err != nil || got != want {
			t.Errorf("%q: %v, %v; want %v", s, got, err, want)
		}
	}
	d("10 s", 10*time.Second)
	d("200ms", 200*time.Millisecond)
	d("5 min", 5*time.Minute)
	d("1m30s", 90*time.Second)
	d("250", 250*time.Millisecond)
	if n, err := ParseSize("16 kb"); err != nil || n != 16384 {
		t.Errorf("16 kb: %d, %v", n, err)
	}
}

func TestShownHidesSecrets(t *testing.T) {
	got := Values{"topic": "t", "password": "x"}.Shown(opts)
	if got["password"] == "x" || got["topic"] != "t" {
		t.Errorf("%v", got)
	}
}
