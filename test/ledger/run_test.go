package ledger

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

// books is one run of the platform through kills, and what it is held against.
type books struct {
	t    *testing.T
	f    *findings
	p    *platform
	gen  *generator
	hist *history
	rnd  *rand.Rand

	patience time.Duration // for the output to be complete at the end
	lifted   int           // how often the process died where it was told to

	drop      func() // throws clients away, as if they had crashed, too
	dropOneOf int    // kills, on average
	eachStart func() // done after each kill, when the process is back; nil: nothing
}

// openBooks starts a platform with an embedded bus, the pipelines and the generator. env goes to all processes.
func openBooks(t *testing.T, name string, seed uint64, env ...string) *books {
	t.Helper()
	t.Logf("seed %d", seed)
	b := &books{t: t, f: &findings{}, p: prepare(t, name, env...), rnd: rand.New(rand.NewPCG(seed, 2)), patience: 90 * time.Second, dropOneOf: 3}
	b.p.configure()
	b.p.mustStart()
	b.begin(b.p.kafka, seed)
	return b
}

// begin makes topics and pipelines and starts the generator.
func (b *books) begin(kafka string, seed uint64) {
	b.t.Helper()
	b.hist = newHistory(kafka, b.f)
	makeTopics(b.t, kafka)
	eventually(b.t, startUp, func() error {
		return b.p.call("POST", "/api/pipelines", map[string]any{"name": "ledger", "sql": script(kafka), "dead_letters": "{topic}.dead"}, nil)
	})
	b.gen = newGenerator(b.t, kafka, filepath.Join(b.p.dir, "book"), seed)
	b.drop = b.gen.drop
	b.gen.start()
}

func makeTopics(t *testing.T, kafka string) {
	t.Helper()
	small := set("segment.ms", "2000")
	createTopics(t, kafka, topicOf{inTopic, inPartitions, small}, topicOf{moreTopic, morePartitions, small}, topicOf{deadTopic, 1, nil})
	for _, name := range outTopics {
		createTopics(t, kafka, topicOf{name, 2, small})
	}
}

// kill is one way to end the process: at the n-th time that it comes to a point, or, without a point, at some moment.
type kill struct {
	point string
	n     int
}

func (k kill) String() string {
	if k.point == "" {
		return "a random moment"
	}
	return fmt.Sprintf("%s, time %d", k.point, k.n)
}

// How long a process gets to come to a point: to one that it comes to often, and to any.
const (
	reachSoon = 8 * time.Second
	reachLate = 40 * time.Second
)

// through ends the process in each of the ways, one after the other; it runs before and after. It returns the points
// that it did not die at, for the first time.
func (b *books) through(todo []kill, within time.Duration) (missed []kill) {
	b.t.Helper()
	for _, k := range todo {
		if b.rnd.IntN(b.dropOneOf) == 0 {
			b.drop()
		}
		if b.eachStart != nil && b.p.cmd != nil {
			b.eachStart()
		}
		if k.point == "" {
			if b.p.cmd == nil {
				b.p.mustStart()
			}
			<-time.After(time.Duration(100+b.rnd.IntN(1200)) * time.Millisecond)
			b.p.kill()
			continue
		}
		b.p.kill()
		b.p.start(fmt.Sprintf("MILLRACE_FAILPOINT=%s:%d", k.point, k.n))
		if b.p.awaitDeath(within) {
			b.lifted++
		} else {
			missed = append(missed, kill{k.point, 1})
			b.p.kill()
		}
		if b.f.any() {
			break
		}
	}
	if b.p.cmd == nil {
		if b.rnd.IntN(b.dropOneOf) == 0 {
			b.drop()
		}
		b.p.mustStart()
	}
	return missed
}

// some chooses n of the kills at points, or all if n < 0, in a random order. known says how often each point was hit
// while nothing was killed.
func (b *books) some(names []string, known map[string]int, n int) (todo []kill) {
	for _, name := range names {
		at := 1
		if c := known[name]; c > 1 {
			at += b.rnd.IntN(min(c, 40))
		}
		todo = append(todo, kill{name, at})
	}
	b.rnd.Shuffle(len(todo), func(i, j int) { todo[i], todo[j] = todo[j], todo[i] })
	if n >= 0 {
		todo = todo[:min(n, len(todo))]
	}
	return todo
}

func atRandom(n int) []kill { return make([]kill, n) }

// settle ends the generator, closes all windows and waits until the output is what a batch computation gives, then holds
// all else that must hold.
func (b *books) settle() {
	b.t.Helper()
	if err := b.gen.stop(); err != nil {
		b.t.Fatal(err)
	}
	b.gen.end(b.t)
	b.t.Log(b.gen.count())
	ctx, cancel := context.WithTimeout(b.t.Context(), b.patience+2*readFor)
	defer cancel()
	in, err := b.hist.read(ctx, inTopic, moreTopic)
	if err != nil {
		b.t.Fatal(err)
	}
	b.gen.judge(in[inTopic], b.f)
	want, err := expect(in[inTopic], in[moreTopic])
	if err != nil {
		b.t.Fatal(err)
	}
	b.awaitAnswer(ctx, want)
	// A clean stop and start puts out whatever else there would be to put out.
	if !b.f.any() {
		b.p.stop()
		b.p.mustStart()
		b.awaitAnswer(ctx, want)
		b.judgeStore(want)
	}
	recs, err := b.hist.read(ctx, epochsTopic)
	if err != nil {
		b.t.Fatal(err)
	}
	last, err := judgeEpochs(recs[epochsTopic], b.f)
	if err != nil {
		b.t.Fatal(err)
	}
	if len(last) != len(jobNames) {
		b.f.add("I9: %d jobs have epochs, not %d", len(last), len(jobNames))
	}
}

// awaitAnswer waits until the pipelines have written what is wanted; what does not come in time is a finding, and so is
// what never mends.
func (b *books) awaitAnswer(ctx context.Context, want answer) {
	b.t.Helper()
	var wrong []string
	for deadline := time.Now().Add(b.patience); time.Now().Before(deadline) && ctx.Err() == nil; <-time.After(200 * time.Millisecond) {
		out, err := b.hist.read(ctx, outTopics...)
		if err != nil {
			b.t.Fatal(err)
		}
		got, err := gather(out)
		if err != nil {
			b.t.Fatal(err)
		}
		if wrong = got.differs(want); len(wrong) == 0 && b.idle() == nil {
			return
		}
		if never := got.doubled(want); len(never) > 0 {
			wrong = never
			break
		}
		if err := b.broken(); err != nil {
			wrong = append([]string{err.Error()}, wrong...)
			break
		}
	}
	if len(wrong) == 0 {
		wrong = []string{b.idle().Error()}
	}
	for _, w := range wrong[:min(5, len(wrong))] {
		b.f.add("I7: %s", w)
	}
	if len(wrong) > 5 {
		b.f.add("I7: and %d more lines differ", len(wrong)-5)
	}
}

// status is what the API says of the pipeline.
func (b *books) status() (list []struct {
	Name, State, Error string
	Lag                int64
}, err error,
) {
	var all struct {
		Pipelines []struct {
			Jobs []struct {
				Name, State, Error string
				Lag                int64
			}
		}
	}
	err = b.p.call("GET", "/api/pipelines", nil, &all)
	for _, p := range all.Pipelines {
		list = append(list, p.Jobs...)
	}
	return list, err
}

// broken says which job has given up: nothing will mend that.
func (b *books) broken() error {
	list, err := b.status()
	if err != nil {
		return nil // asked again
	}
	for _, j := range list {
		if j.State == "failed" {
			return fmt.Errorf("job %s has failed: %s", j.Name, j.Error)
		}
	}
	return nil
}

// idle says which job does not run, or has something left to read.
func (b *books) idle() error {
	list, err := b.status()
	if err != nil {
		return err
	}
	if len(list) != len(jobNames) {
		return fmt.Errorf("%d jobs are there, not %d", len(list), len(jobNames))
	}
	for _, j := range list {
		if j.State != "running" || j.Lag != 0 {
			return fmt.Errorf("job %s is %s, %d records behind: %s", j.Name, j.State, j.Lag, j.Error)
		}
	}
	return nil
}

// judgeStore wants the store to have what the topic has: I1, I3, I10.
func (b *books) judgeStore(want answer) {
	b.t.Helper()
	var out struct{ Rows [][]any }
	sum := 0
	for _, n := range want[evenTopic] {
		sum += n
	}
	var wrong error
	for deadline := time.Now().Add(b.patience); time.Now().Before(deadline); <-time.After(200 * time.Millisecond) {
		wrong = b.p.call("POST", "/api/sql", map[string]any{"sql": fmt.Sprintf(`SELECT count(*), count(DISTINCT id) FROM "%s"`, evenTopic)}, &out)
		if wrong == nil && fmt.Sprint(out.Rows) != fmt.Sprintf("[[%d %d]]", sum, sum) {
			wrong = fmt.Errorf("it has %v rows and different ids, want %d of both", out.Rows, sum)
		}
		if wrong == nil {
			return
		}
	}
	b.f.add("I1, I3: the store: %v", wrong)
}

// chores does from time to time what the pipelines do not: it stops them and lets them go on. It runs until the returned
// function is called.
func (b *books) chores() (end func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(3 * time.Second)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			for _, verb := range []string{"pause", "resume"} { // the process may be away
				_ = b.p.call("POST", "/api/pipelines/ledger/"+verb, map[string]any{}, nil)
			}
		}
	})
	return func() {
		cancel()
		wg.Wait()
		eventually(b.t, startUp, func() error {
			return b.p.call("POST", "/api/pipelines/ledger/resume", map[string]any{}, nil)
		})
	}
}

// unhit are the points that no process has come to.
func unhit(names []string, hits map[string]int) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return hits[name] > 0 })
}
