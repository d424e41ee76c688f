package alert

import (
	"errors"
	"strings"
	"testing"
	"time"

	"millrace/notify"
)

// during is longer than all intervals of the tests, so that what a restart repeats or resolves shows.
const during = 5 * time.Minute

func TestRestartWhilePending(t *testing.T) {
	virtual(t, cpu(func(r *Rule) { r.For = Duration(10 * time.Minute) }), func(b *bench) {
		b.source.set("cpu_usage", "a", 100)
		b.pass(time.Minute)
		since := b.e.Alerts().Alerts[0].Since
		b.restart(during)
		b.pass(time.Second)
		b.states("a pending error")
		b.pass(4 * time.Minute)
		b.states("a firing error") // 10 min after since, not after the start
		if got := b.e.Alerts().Alerts[0].Since; !got.Equal(since) {
			t.Errorf("since %s, was %s", got, since)
		}
		b.told("600s ops firing error a=100")
	})
}

func TestRestartWhileFiring(t *testing.T) {
	virtual(t, cpu(), func(b *bench) {
		b.source.set("cpu_usage", "a", 100)
		b.pass(time.Minute)
		b.told("0s ops firing error a=100")
		before := b.e.Alerts().Alerts[0]
		b.restart(during)
		b.pass(time.Minute)
		after := b.e.Alerts().Alerts[0]
		if !after.Since.Equal(before.Since) || !after.FiredAt.Equal(*before.FiredAt) || after.ID != before.ID {
			t.Errorf("after %+v\nbefore %+v", after, before)
		}
		b.told("")
		if got := history(b.e); got != "inactive→firing" {
			t.Errorf("history %s", got)
		}
		// The source is empty after a start, then broken, then back: nothing is resolved by that.
		b.source.drop("cpu_usage")
		b.restart(during)
		b.pass(5 * time.Minute)
		b.states("a firing error")
		b.source.break_(errors.New("away"))
		b.restart(0)
		b.pass(30 * time.Second)
		b.states("a firing error, ! pending error")
		b.source.break_(nil)
		b.source.set("cpu_usage", "a", 10)
		b.pass(time.Minute)
		b.states("a resolved-recently error")
		b.told("1060s ops resolved error -a=10")
	})
}

func TestRestartWhileKeptFiring(t *testing.T) {
	virtual(t, cpu(func(r *Rule) { r.KeepFiringFor = Duration(10 * time.Minute) }), func(b *bench) {
		b.source.set("cpu_usage", "a", 100)
		b.pass(15 * time.Second)
		b.source.set("cpu_usage", "a", 10)
		b.pass(time.Minute) // it ended at 20 s
		b.restart(during)
		b.pass(time.Second)
		b.states("a firing error")
		b.pass(5 * time.Minute)
		b.states("a resolved-recently error")
		b.told("0s ops firing error a=100; 625s ops resolved error -a=10")
	})
}

func TestRestartWhileARecoveryWaits(t *testing.T) {
	virtual(t, cpu(), func(b *bench) {
		b.source.set("cpu_usage", "a", 100)
		b.pass(15 * time.Second)
		b.source.set("cpu_usage", "a", 10)
		b.pass(10 * time.Second) // resolved at 20 s, to be told at 60 s
		b.states("a resolved-recently error")
		b.restart(during)
		b.pass(time.Second)
		b.told("0s ops firing error a=100; 325s ops resolved error -a=10")
		b.restart(during)
		b.pass(time.Minute)
		b.told("")
	})
}

func TestRestartWhileAChannelIsAway(t *testing.T) {
	virtual(t, cpu(), func(b *bench) {
		b.inbox.refuseBy(func(notify.Notice) error { return notify.Later(0, "busy") })
		b.source.set("cpu_usage", "a", 100)
		b.pass(time.Minute)
		b.restart(during)
		b.inbox.refuseBy(nil)
		b.pass(10 * time.Second)
		b.told("360s ops firing error a=100")
	})
}

func TestRestartWithSQLRuleWaitsForTheStore(t *testing.T) {
	rule := Rule{Name: "sql", SQL: "SELECT 1", Threshold: num(80)}
	virtual(t, []Rule{rule}, func(b *bench) {
		full := func(string) ([]string, [][]any, error) {
			return []string{"host", "value"}, [][]any{{"a", 100.0}}, nil
		}
		empty := func(string) ([]string, [][]any, error) { return []string{"host", "value"}, nil, nil }
		b.source.rows = full
		b.pass(15 * time.Second)
		b.states("a firing error")
		b.stop()
		b.source.rows = empty // it still reads its log
		b.start()
		b.pass(15 * time.Second)
		b.states("a firing error")
		b.source.rows = full
		b.pass(2 * time.Minute)
		b.told("0s ops firing error a=100")
		b.source.rows = empty
		b.pass(10 * time.Second)
		b.states("a resolved-recently error")
	})
}

func TestStateIsKeptWhenTheTableIsBack(t *testing.T) {
	virtual(t, cpu(), func(b *bench) {
		b.table.mu.Lock()
		b.table.fail = errors.New("no bus")
		b.table.mu.Unlock()
		b.source.set("cpu_usage", "a", 100)
		b.pass(time.Minute)
		b.told("0s ops firing error a=100") // people are told all the same
		b.table.mu.Lock()
		b.table.fail = nil
		b.table.mu.Unlock()
		b.pass(10 * time.Second)
		b.restart(during)
		b.pass(time.Minute)
		b.told("")
		b.states("a firing error")
	})
}

func TestKeptStateThatIsNotReadableDoesNotStopTheOthers(t *testing.T) {
	virtual(t, cpu(), func(b *bench) {
		b.source.set("cpu_usage", "a", 100)
		b.pass(time.Minute)
		b.stop()
		for key := range b.table.rows {
			if strings.HasPrefix(key, historyKey) || strings.HasPrefix(key, countKey) {
				b.table.rows[key] = []byte("{nonsense")
			}
		}
		b.table.rows[stateKey+"other"] = []byte("[]")
		b.table.rows[toldKey+"x"] = []byte("null")
		b.start()
		b.pass(time.Minute)
		b.states("a firing error")
		b.told("0s ops firing error a=100")
	})
}

func TestOtherReplicasAnswerFromTheTable(t *testing.T) {
	virtual(t, cpu(), func(b *bench) {
		b.source.set("cpu_usage", "a", 100)
		b.pass(time.Minute)
		other, err := New(b.e.deps, b.set)
		if err != nil {
			t.Fatal(err)
		}
		list := other.Alerts()
		if len(list.Alerts) != 1 || list.Alerts[0].State != "firing" || list.EvaluatedAt == nil {
			t.Errorf("%+v", list)
		}
		if got := history(other); got != "inactive→firing" {
			t.Errorf("history %s", got)
		}
		if got := other.Notices(10); len(got) != 1 || got[0].Outcome != Sent || got[0].Group != "rule=cpu" || got[0].Alerts != 1 {
			t.Errorf("notices %+v", got)
		}
		if got := other.Channels(); len(got) != 1 || got[0].State.Sent != 1 || got[0].State.LastSentAt == nil {
			t.Errorf("channels %+v", got)
		}
		if got := other.Rules(); got[0].State.Firing != 1 || got[0].State.LastEvaluatedAt == nil {
			t.Errorf("rules %+v", got)
		}
	})
}

func TestStateThatSaysNothingNewIsSeldomWritten(t *testing.T) {
	virtual(t, cpu(), func(b *bench) {
		b.source.set("cpu_usage", "a", 10)
		b.pass(time.Hour)
		if b.table.puts > 61 {
			t.Errorf("%d writes in an hour in which nothing happened", b.table.puts)
		}
	})
}
