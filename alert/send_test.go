package alert

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"millrace/fault"
	"millrace/notify"
	"millrace/option"
)

func TestUnreachableChannelIsTriedAgain(t *testing.T) {
	virtual(t, cpu(), func(b *bench) {
		b.inbox.refuseBy(func(notify.Notice) error { return fault.New(fault.Unavailable, "no route") })
		b.source.set("cpu_usage", "a", 100)
		b.pass(10 * time.Minute)
		tries := b.inbox.count()
		if tries < 5 || tries > 16 {
			t.Errorf("%d tries in ten minutes", tries)
		}
		c := b.e.Channels()[0].State
		if c.Sent != 0 || c.Failed != int64(tries) || c.Queued != 1 || c.LastError != "no route" || c.LastErrorAt == nil {
			t.Errorf("%+v", c)
		}
		b.source.set("cpu_usage", "a", 130) // what is told in the end is how things stand
		b.inbox.refuseBy(nil)
		b.pass(5*time.Minute + 10*time.Second)
		got := b.inbox.lines()
		if !strings.HasSuffix(got, "ops firing critical a=130") || strings.Contains(got, ";") {
			t.Errorf("told %q", got)
		}
		notices := b.e.Notices(10)
		if len(notices) != 2 || notices[0].Outcome != Sent || notices[0].Attempts < tries || notices[1].Outcome != Retrying || notices[1].Error != "no route" {
			t.Errorf("%+v", notices)
		}
		if c := b.e.Channels()[0].State; c.Queued != 0 || c.Sent != 1 {
			t.Errorf("%+v", c)
		}
	})
}

func TestRetryUsesTheSameNoticeID(t *testing.T) {
	virtual(t, cpu(), func(b *bench) {
		ids := map[string]bool{}
		n := 0
		b.inbox.refuseBy(func(notice notify.Notice) error {
			ids[notice.ID] = true
			if n++; n < 4 {
				return fault.New(fault.Unavailable, "no route")
			}
			return nil
		})
		b.source.set("cpu_usage", "a", 100)
		b.pass(time.Minute)
		if n != 4 || len(ids) != 1 {
			t.Errorf("%d tries under %d ids", n, len(ids))
		}
	})
}

func TestChannelThatAsksForAPauseGetsIt(t *testing.T) {
	virtual(t, cpu(func(r *Rule) { r.GroupBy = []string{"host"} }), func(b *bench) {
		b.inbox.refuseBy(func(notify.Notice) error { return notify.Later(10*time.Minute, "slow down") })
		for _, host := range []string{"a", "b", "c"} {
			b.source.set("cpu_usage", host, 100)
		}
		b.pass(9 * time.Minute)
		if n := b.inbox.count(); n != 1 {
			t.Errorf("%d tries during the pause", n)
		}
		b.inbox.refuseBy(nil)
		b.pass(2 * time.Minute)
		if got := b.inbox.lines(); strings.Count(got, "firing") != 3 {
			t.Errorf("told %q", got)
		}
	})
}

func TestRefusedNoticeIsNotHammered(t *testing.T) {
	virtual(t, cpu(), func(b *bench) {
		b.inbox.refuseBy(func(notify.Notice) error { return fault.New(fault.Denied, "wrong token") })
		b.source.set("cpu_usage", "a", 100)
		b.pass(10*time.Minute + 30*time.Second)
		if n := b.inbox.count(); n != 11 {
			t.Errorf("%d tries in ten minutes", n)
		}
		if got := b.e.Notices(1)[0]; got.Outcome != Failed || got.Error != "wrong token" {
			t.Errorf("%+v", got)
		}
	})
}

func TestWhatIsOverBeforeItCouldBeToldIsDropped(t *testing.T) {
	virtual(t, cpu(), func(b *bench) {
		b.inbox.refuseBy(func(notify.Notice) error { return fault.New(fault.Unavailable, "no route") })
		b.source.set("cpu_usage", "a", 100)
		b.pass(time.Minute)
		b.source.set("cpu_usage", "a", 10)
		b.pass(time.Minute)
		b.inbox.refuseBy(nil)
		b.pass(10 * time.Minute)
		b.told("")
		if c := b.e.Channels()[0].State; c.Dropped != 1 || c.Queued != 0 {
			t.Errorf("%+v", c)
		}
		if got := b.e.Notices(1)[0]; got.Outcome != Dropped || got.Group != "rule=cpu" {
			t.Errorf("%+v", got)
		}
	})
}

func TestChannelIsPaced(t *testing.T) {
	virtual(t, cpu(func(r *Rule) { r.GroupBy = []string{"host"} }), func(b *bench) {
		for i := range 50 {
			b.source.set("cpu_usage", fmt.Sprintf("h%02d", i), 100)
		}
		b.pass(59 * time.Second)
		if n := b.inbox.count(); n != 20 {
			t.Errorf("%d messages in the first minute", n)
		}
		if c := b.e.Channels()[0].State; c.Queued != 30 {
			t.Errorf("%d wait", c.Queued)
		}
		b.pass(2 * time.Minute)
		if n := b.inbox.count(); n != 50 {
			t.Errorf("%d messages in three minutes", n)
		}
	}, func(s *Settings) { s.Channels[0].PerMinute = 20 })
}

func TestSilenceBeginsAndEndsWhileFiring(t *testing.T) {
	virtual(t, cpu(), func(b *bench) {
		b.source.set("cpu_usage", "a", 100)
		b.pass(15 * time.Second)
		b.told("0s ops firing error a=100")
		id, err := b.e.PutSilence(context.Background(), Silence{Matchers: map[string]string{"rule": "c*", "host": "a"}, EndsAt: time.Now().Add(3 * time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		if got := b.e.Alerts().Alerts[0].SilencedBy; len(got) != 1 || got[0] != id {
			t.Errorf("silenced by %v", got)
		}
		b.pass(2 * time.Hour)
		b.told("") // no repetition
		b.pass(time.Hour)
		b.told("10815s ops firing error a=100") // a repetition that is due when it ends
	})
}

func TestRecoveryInASilenceIsToldAfterIt(t *testing.T) {
	virtual(t, cpu(), func(b *bench) {
		b.source.set("cpu_usage", "a", 100)
		b.pass(15 * time.Second)
		if _, err := b.e.PutSilence(context.Background(), Silence{Matchers: map[string]string{"host": "a"}, EndsAt: time.Now().Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
		b.source.set("cpu_usage", "a", 10)
		b.pass(time.Hour - time.Second)
		b.told("0s ops firing error a=100")
		b.pass(2 * time.Second)
		b.told("3615s ops resolved error -a=10")
	})
}

func TestSilencedFromTheBeginning(t *testing.T) {
	virtual(t, cpu(), func(b *bench) {
		id, err := b.e.PutSilence(context.Background(), Silence{Matchers: map[string]string{"rule": "*", "level": "error"}, EndsAt: time.Now().Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		b.source.set("cpu_usage", "a", 100)
		b.pass(15 * time.Second)
		b.told("")
		b.source.set("cpu_usage", "a", 130) // another level, which it does not match
		b.pass(10 * time.Second)
		b.told("20s ops firing critical a=130")
		b.source.set("cpu_usage", "b", 100)
		b.pass(10 * time.Minute)
		b.told("")
		if err := b.e.DeleteSilence(context.Background(), id); err != nil {
			t.Fatal(err)
		}
		b.pass(time.Second)
		b.told("625s ops firing critical a=130 b=100")
	})
}

func TestInhibition(t *testing.T) {
	rules := append(cpu(), Rule{Name: "disk", Metric: "disk", Threshold: num(1), Level: notify.Warning})
	virtual(t, rules, func(b *bench) {
		b.source.set("cpu_usage", "a", 130)
		b.source.set("disk", "a", 2)
		b.source.set("disk", "b", 2)
		b.pass(15 * time.Second)
		b.told("0s ops firing critical a=130; 0s ops firing warning b=2")
		b.source.set("cpu_usage", "a", 10)
		b.pass(time.Minute)
		b.told("60s ops firing warning a=2 b=2; 60s ops resolved critical -a=10")
	}, func(s *Settings) {
		s.Inhibit = []Inhibition{{Source: map[string]string{"level": "critical"}, Target: map[string]string{"level": "warning"}, Equal: []string{"host"}}}
	})
}

func TestRuleChangesAndDeletion(t *testing.T) {
	virtual(t, nil, func(b *bench) {
		ctx := context.Background()
		put := func(r Rule) {
			t.Helper()
			if _, err := b.e.PutRule(ctx, r); err != nil {
				t.Fatal(err)
			}
		}
		put(cpu()[0])
		b.source.set("cpu_usage", "a", 100)
		b.source.set("load", "x", 1)
		b.pass(time.Second)
		b.told("0s ops firing error a=100")
		put(cpu(func(r *Rule) { r.Threshold = num(70) })[0]) // the same alert
		b.pass(10 * time.Second)
		if a := b.e.Alerts().Alerts[0]; a.Threshold != 70 || !a.FiredAt.Equal(a.Since) || len(b.e.History("", 10)) != 1 {
			t.Errorf("%+v", a)
		}
		put(cpu(func(r *Rule) { r.Metric = "load" })[0]) // watches something else
		b.pass(time.Minute)
		b.states("a resolved-recently error")
		b.told("60s ops resolved error -a=100")
		if last := b.inbox.notices[len(b.inbox.notices)-1].Alerts[0]; last.Summary != "cpu 100 > 70 (the rule was changed)" {
			t.Errorf("%+v", last)
		}
		b.source.set("load", "x", 200)
		b.pass(2 * time.Minute)
		b.told("80s ops firing critical x=200")
		if err := b.e.DeleteRule(ctx, "cpu"); err != nil {
			t.Fatal(err)
		}
		b.pass(time.Minute)
		b.told("191s ops resolved critical -x=200")
		if got := b.e.History("cpu", 1)[0]; got.Reason != "the rule was deleted" {
			t.Errorf("%+v", got)
		}
		b.pass(20 * time.Minute)
		b.states("")
		if len(b.table.List(stateKey)) != 0 || len(b.table.List(toldKey)) != 0 {
			t.Errorf("left behind: %v %v", b.table.List(stateKey), b.table.List(toldKey))
		}
	})
}

func TestRulesMayNameTheirChannels(t *testing.T) {
	virtual(t, cpu(func(r *Rule) { r.Channels = []string{"pager"} }), func(b *bench) {
		b.source.set("cpu_usage", "a", 81)
		b.pass(time.Second)
		b.told("0s pager firing warning a=81")
	}, func(s *Settings) {
		wait := Duration(0)
		s.Channels = append(s.Channels, Channel{Name: "pager", Kind: "inbox", Levels: []notify.Level{notify.Critical}, GroupWait: &wait})
	})
}

func TestNewSettingsOfAChannelAreTriedAtOnce(t *testing.T) {
	virtual(t, cpu(), func(b *bench) {
		ctx := context.Background()
		wait := Duration(0)
		c := Channel{Name: "mine", Kind: "inbox", Options: option.Values{"token": "wrong"}, GroupWait: &wait}
		if _, err := b.e.PutChannel(ctx, c); err != nil {
			t.Fatal(err)
		}
		b.inbox.refuseBy(func(n notify.Notice) error {
			if n.Channel == "mine" {
				return fault.New(fault.Denied, "wrong token")
			}
			return nil
		})
		b.source.set("cpu_usage", "a", 100)
		b.pass(15 * time.Second)
		b.told("0s ops firing error a=100")
		b.inbox.refuseBy(nil)
		c.Options = option.Values{"token": "right"}
		if _, err := b.e.PutChannel(ctx, c); err != nil {
			t.Fatal(err)
		}
		b.pass(time.Second)
		b.told("15s mine firing error a=100")
		if err := b.e.DeleteChannel(ctx, "mine"); err != nil {
			t.Fatal(err)
		}
		b.pass(2 * time.Second)
		if len(b.e.Channels()) != 1 || len(b.table.List(countKey+"mine")) != 0 {
			t.Errorf("%+v", b.e.Channels())
		}
	})
}

func TestStopWaitsForANoticeOnItsWay(t *testing.T) {
	virtual(t, cpu(), func(b *bench) {
		started := make(chan struct{})
		b.inbox.refuseBy(func(notify.Notice) error {
			close(started)
			<-time.After(2 * time.Second)
			return nil
		})
		b.source.set("cpu_usage", "a", 100)
		b.run()
		<-started
		b.stop()
		b.told("2s ops firing error a=100")
		b.inbox.refuseBy(nil)
		b.start()
		b.pass(time.Minute)
		b.told("")
	})
}

func TestOnlyOneRun(t *testing.T) {
	virtual(t, nil, func(b *bench) {
		b.pass(time.Second)
		if err := b.e.Run(context.Background()); !errors.Is(err, fault.Conflict) {
			t.Errorf("%v", err)
		}
	})
}
