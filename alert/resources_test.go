package alert

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"millrace/fault"
	"millrace/notify"
	"millrace/option"
)

// refused checks an error's kind, text and hint.
func refused(t *testing.T, err error, kind fault.Kind, text, hint string) {
	t.Helper()
	if !errors.Is(err, kind) || !strings.Contains(err.Error(), text) || !strings.Contains(fault.HintOf(err), hint) {
		t.Errorf("error %v (%v), hint %q; want %v, %q, %q", err, fault.KindOf(err), fault.HintOf(err), kind, text, hint)
	}
}

func TestRulesAreMadeChangedAndDeleted(t *testing.T) {
	virtual(t, cpu(), func(b *bench) {
		ctx := context.Background()
		off := false
		r := DefaultRules()[0]
		r.Enabled = &off
		got, err := b.e.PutRule(ctx, r)
		if err != nil || got.Origin != Default || got.On() {
			t.Errorf("%+v, %v", got, err)
		}
		b.source.set("cpu_usage", "a", 90)
		b.pass(15 * time.Second)
		b.told("0s ops firing warning a=90") // only the configured rule
		if err := b.e.DeleteRule(ctx, "cpu_usage"); err != nil {
			t.Error(err)
		}
		b.pass(time.Second)
		b.told("15s ops firing warning a=90") // the default one is as it was
		refused(t, b.e.DeleteRule(ctx, "cpu_usage"), fault.Conflict, "default", "enabled false")
		refused(t, b.e.DeleteRule(ctx, "cpu"), fault.Conflict, "configuration", "take it out")
		refused(t, b.e.DeleteRule(ctx, "cpu_usge"), fault.NotFound, "cpu_usge", `"cpu_usage"`)
		_, err = b.e.PutRule(ctx, cpu()[0])
		refused(t, err, fault.Conflict, "configuration", "another name")
		_, err = b.e.PutRule(ctx, Rule{Name: "x", Metric: "m", Threshold: num(1), Channels: []string{"opps"}})
		refused(t, err, fault.Invalid, `"opps"`, `"ops"`)
		var names []string
		for _, r := range b.e.Rules() {
			names = append(names, r.Name+" "+string(r.Origin))
		}
		if got := strings.Join(names, ", "); got != "cpu config, cpu_usage default, error_rate default, memory_usage default, processing_latency default" {
			t.Errorf("rules %s", got)
		}
	}, func(s *Settings) { s.NoDefaults = false })
}

func TestSQLOfARuleIsRunOnce(t *testing.T) {
	virtual(t, nil, func(b *bench) {
		b.source.rows = func(sql string) ([]string, [][]any, error) {
			if sql != "good" {
				return nil, nil, fault.New(fault.Invalid, "column hots is not there").WithHint("did you mean host?")
			}
			return []string{"value", "host"}, [][]any{{7.0, "a"}}, nil
		}
		_, err := b.e.PutRule(context.Background(), Rule{Name: "x", SQL: "bad"})
		refused(t, err, fault.Invalid, "column hots", "host?")
		if _, err := b.e.PutRule(context.Background(), Rule{Name: "x", SQL: "good"}); err != nil {
			t.Error(err)
		}
		found, err := b.e.TestRule(context.Background(), Rule{Name: "y", SQL: "good", Threshold: num(5)})
		if err != nil || len(found) != 1 || found[0].Level != notify.Error || found[0].Labels["host"] != "a" {
			t.Errorf("%+v, %v", found, err)
		}
		b.source.break_(context.DeadlineExceeded)
		_, err = b.e.TestRule(context.Background(), Rule{Name: "y", SQL: "good"})
		refused(t, err, fault.Invalid, "evaluate rule", "")
	})
}

func TestSilences(t *testing.T) {
	virtual(t, nil, func(b *bench) {
		ctx := context.Background()
		now := time.Now()
		bad := func(s Silence, text string) {
			t.Helper()
			_, err := b.e.PutSilence(ctx, s)
			refused(t, err, fault.Invalid, text, "")
		}
		some := map[string]string{"rule": "x"}
		bad(Silence{EndsAt: now.Add(time.Hour)}, "matchers")
		bad(Silence{Matchers: some}, "ends_at")
		bad(Silence{Matchers: some, EndsAt: now.Add(-time.Hour), StartsAt: now.Add(-2 * time.Hour)}, "ends_at")
		bad(Silence{Matchers: some, EndsAt: now.Add(10000 * time.Hour)}, "year")
		bad(Silence{Matchers: map[string]string{"": "x"}, EndsAt: now.Add(time.Hour)}, "label")
		id, err := b.e.PutSilence(ctx, Silence{Matchers: some, EndsAt: now.Add(time.Hour), Comment: "why", By: "who"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.e.PutSilence(ctx, Silence{ID: id, Matchers: some, EndsAt: now.Add(2 * time.Hour)}); err != nil {
			t.Error(err)
		}
		_, err = b.e.PutSilence(ctx, Silence{ID: "other", Matchers: some, EndsAt: now.Add(time.Hour)})
		refused(t, err, fault.NotFound, "other", "")
		b.pass(3 * time.Hour)
		if got := b.e.Silences(); len(got) != 1 || !got[0].EndsAt.Equal(now.Add(2*time.Hour)) {
			t.Errorf("%+v", got)
		}
		b.restart(24 * time.Hour)
		b.pass(2 * time.Second)
		if got := b.table.List(silenceKey); len(got) != 0 {
			t.Errorf("one that is over is kept: %v", got)
		}
		refused(t, b.e.DeleteSilence(ctx, id), fault.NotFound, "silence", "")
	})
}

func TestSecretsOfChannels(t *testing.T) {
	virtual(t, nil, func(b *bench) {
		ctx := context.Background()
		put := func(c Channel) (ChannelStatus, error) { return b.e.PutChannel(ctx, c) }
		got, err := put(Channel{Name: "mine", Kind: "inbox", Options: option.Values{"url": "a", "token": "s3cret"}})
		if err != nil || got.Options["token"] != Hidden || got.Options["url"] != "a" {
			t.Fatalf("%+v, %v", got, err)
		}
		for _, c := range b.e.Channels() {
			text, err := json.Marshal(c)
			if err != nil || strings.Contains(string(text), "s3cret") {
				t.Errorf("%s, %v", text, err)
			}
		}
		if got, err = put(Channel{Name: "mine", Kind: "inbox", Options: option.Values{"url": "a", "token": Hidden}, Levels: []notify.Level{notify.Info}}); err != nil {
			t.Fatal(err)
		}
		if kept := b.e.allChannels()["mine"]; kept.Options["token"] != "s3cret" || len(kept.Levels) != 1 {
			t.Errorf("%+v", kept)
		}
		_, err = put(Channel{Name: "mine", Kind: "inbox", Options: option.Values{"url": "elsewhere", "token": Hidden}})
		refused(t, err, fault.Invalid, "address has changed", "again")
		refused(t, b.e.TestChannel(ctx, Channel{Name: "mine", Kind: "inbox", Options: option.Values{"url": "elsewhere", "token": Hidden}}), fault.Invalid, "address", "")
		_, err = put(Channel{Name: "new", Kind: "inbox", Options: option.Values{"token": Hidden}})
		refused(t, err, fault.Invalid, "none to keep", "itself")
		_, err = put(Channel{Name: "mine", Kind: "inbx"})
		refused(t, err, fault.Invalid, "inbx", `"inbox"`)
		_, err = put(Channel{Name: "mine", Kind: "inbox", Options: option.Values{"tokn": "x"}})
		refused(t, err, fault.Invalid, `"tokn"`, `"token"`)
		_, err = put(Channel{Name: "mine", Kind: "inbox", Levels: []notify.Level{"bad"}})
		refused(t, err, fault.Invalid, "levels", "critical")
		_, err = put(Channel{Name: "a/b", Kind: "inbox"})
		refused(t, err, fault.Invalid, "name", "letters")
		_, err = put(Channel{Name: "ops", Kind: "inbox"})
		refused(t, err, fault.Conflict, "configuration", "")
		refused(t, b.e.DeleteChannel(ctx, "ops"), fault.Conflict, "configuration", "")
		refused(t, b.e.DeleteChannel(ctx, "min"), fault.NotFound, "min", `"mine"`)
		refused(t, b.e.TestChannel(ctx, Channel{Name: "nothing-like-it"}), fault.NotFound, "channel", "")
		if err := b.e.TestChannel(ctx, Channel{Name: "mine"}); err != nil {
			t.Error(err)
		}
		b.inbox.refuseBy(func(notify.Notice) error { return fault.New(fault.Denied, "wrong token") })
		refused(t, b.e.TestChannel(ctx, Channel{Kind: "inbox"}), fault.Denied, "wrong token", "")
	})
}

func TestSettingsAreChecked(t *testing.T) {
	f := func(s Settings, text string) {
		t.Helper()
		_, err := New(Deps{Notifiers: []notify.Spec{(&inbox{}).spec()}}, s)
		refused(t, err, fault.Invalid, text, "")
	}
	f(Settings{Timing: Timing{GroupInterval: Duration(time.Millisecond)}}, "group_interval")
	f(Settings{Rules: []Rule{{Name: "x"}}}, `"x"`)
	f(Settings{Rules: append(cpu(), cpu()...)}, "two of that name")
	f(Settings{Channels: []Channel{{Name: "x", Kind: "none"}}}, `"none"`)
	f(Settings{Channels: []Channel{{Name: "x", Kind: "inbox"}, {Name: "x", Kind: "inbox"}}}, "two of that name")
	f(Settings{Channels: []Channel{{Name: "x", Kind: "inbox", PerMinute: -1}}}, "per_minute")
	f(Settings{Inhibit: []Inhibition{{}}}, "inhibition")
}

func TestCounts(t *testing.T) {
	virtual(t, cpu(), func(b *bench) {
		b.source.set("cpu_usage", "a", 100)
		b.pass(15 * time.Second)
		c := b.e.Counts()
		if c.Firing[notify.Error] != 1 || c.Channels["ops"].Sent != 1 || c.Failing != 0 {
			t.Errorf("%+v", c)
		}
	})
}
