package kafka

import (
	"fmt"
	"testing"
)

// TestHeavyStreams lets two instances of a Kafka Streams program work exactly once while they are killed: one goes on with
// the state that it has, the other without, from the changelog.
func TestHeavyStreams(t *testing.T) {
	onEach(t, func(t *testing.T, addr string) {
		const perStep, steps = 3000, 4
		classes := &javaClasses{dir: t.TempDir()}
		sums := client{name: "streams", command: func(t *testing.T) []string { return classes.run(t, "Sums") }}
		s := settings{
			Addr: addr, Topic: createTopic(t, addr, "in", partitions), Partitions: partitions, Out: createTopic(t, addr, "out", partitions),
			Group: createTopic(t, addr, "app", 1), Count: perStep,
		}
		more := func() {
			t.Helper()
			franz().play(t, "produce", s).done()
			s.First += s.Count
		}
		start := func(dir string) *actor {
			t.Helper()
			with := s
			with.Dir = dir
			a := sums.play(t, "sum", with)
			a.until(func() error {
				if len(a.said("ready")) == 0 {
					return fmt.Errorf("%s is not running", a.who)
				}
				return nil
			})
			return a
		}
		// some wants a number of results; readers of committed records see none that is taken back.
		some := func(n int) {
			t.Helper()
			eventually(t, settle, func() error {
				if is := len(values(t, addr, s.Out, false)); is < n {
					return fmt.Errorf("%d results, want %d", is, n)
				}
				return nil
			})
		}
		dir := t.TempDir()
		more()
		one, two := start(dir), start(t.TempDir())
		some(perStep / 2)
		one.kill()
		more()
		one = start(dir)
		some(perStep + perStep/2)
		two.kill()
		more()
		two = start(t.TempDir())
		more()
		some(perStep * steps)
		one.leave()
		two.leave()
		if err := summed(t, addr, s.Out, perStep*steps); err != nil {
			t.Error(err)
		}
	})
}

// summed wants of each key each count once, in order, and the right sum at the end.
func summed(t *testing.T, addr, topic string, ids int) error {
	t.Helper()
	const keys = 50
	type state struct{ count, sum int }
	is, want := map[string]state{}, map[string]state{}
	for id := range ids {
		k := fmt.Sprint(id % keys)
		want[k] = state{want[k].count + 1, want[k].sum + id}
	}
	for _, r := range values(t, addr, topic, false) {
		var now state
		if _, err := fmt.Sscan(string(r.Value), &now.count, &now.sum); err != nil {
			return fmt.Errorf("result %q: %w", r.Value, err)
		}
		k := string(r.Key)
		if was := is[k]; now.count != was.count+1 || now.sum < was.sum {
			return fmt.Errorf("key %s at partition %d, offset %d: %+v after %+v", k, r.Partition, r.Offset, now, was)
		}
		is[k] = now
	}
	for k, w := range want {
		if is[k] != w {
			return fmt.Errorf("key %s: %+v, want %+v", k, is[k], w)
		}
	}
	return nil
}
