package alert

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"millrace/notify"
	"millrace/notify/email"
	"millrace/notify/email/emailtest"
	"millrace/option"
)

// TestMailOfErrorsAndWorse is the article's alert, against a real SMTP server: a warning sends nothing, 1.25 times the
// threshold an error, 1.6 times a critical one, and the end of it a recovery.
func TestMailOfErrorsAndWorse(t *testing.T) {
	server := emailtest.Start(t)
	source := &fakeSource{series: map[string]map[string]float64{}, old: map[string]time.Duration{}}
	rule := DefaultRules()[0]
	rule.Interval = Duration(time.Second)
	zero, short := Duration(0), Duration(time.Second)
	e, err := New(Deps{
		Table: &memTable{rows: map[string][]byte{}}, Source: source, Notifiers: []notify.Spec{email.Spec()}, Notify: notify.Deps{Zone: time.UTC},
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}, Settings{NoDefaults: true, Rules: []Rule{rule}, Channels: []Channel{{
		Name: "mail", Kind: "email", GroupWait: &zero, GroupInterval: &short,
		Options: option.Values{"host": server.Host, "port": server.Port, "tls": "none", "from": "alerts@example.org", "to": "ops@example.org"},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	source.set("cpu_usage", "a", 88)
	deadline := time.Now().Add(20 * time.Second)
	for tick := time.NewTicker(50 * time.Millisecond); ; <-tick.C {
		if list := e.Alerts().Alerts; len(list) == 1 && list[0].State == "firing" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the warning does not fire")
		}
	}
	for i, step := range []struct {
		value float64
		level string
	}{{100, "error"}, {128, "critical"}, {10, ""}} {
		source.set("cpu_usage", "a", step.value)
		got := server.Wait(t, i+1)
		if len(got) != i+1 {
			t.Fatalf("%d messages after %v", len(got), step.value)
		}
		last := got[i]
		want := map[string]string{"error": "[错误] cpu_usage host=a", "critical": "[严重] cpu_usage host=a", "": "[已恢复] cpu_usage host=a"}[step.level]
		if last.Subject != want {
			t.Errorf("%v: subject %q, want %q", step.value, last.Subject, want)
		}
		if step.level != "" && !strings.Contains(strings.Join(last.Headers["X-Millrace-Level"], ""), step.level) {
			t.Errorf("%v: headers %v", step.value, last.Headers)
		}
		if !strings.Contains(last.Text, "CPU "+notify.Number(step.value)+" %") {
			t.Errorf("%v: text %s", step.value, last.Text)
		}
	}
}
