package alert

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"millrace/fault"
	"millrace/notify"
	"millrace/option"
)

// memTable is a Table in memory. It outlives evaluators, as the bus does.
type memTable struct {
	mu   sync.Mutex
	rows map[string][]byte
	fail error
	puts int
}

func (t *memTable) Get(key string) ([]byte, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	v, ok := t.rows[key]
	return v, ok
}

func (t *memTable) List(prefix string) map[string][]byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := map[string][]byte{}
	for k, v := range t.rows {
		if strings.HasPrefix(k, prefix) {
			out[k] = v
		}
	}
	return out
}

func (t *memTable) Put(_ context.Context, key string, value []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.fail != nil {
		return t.fail
	}
	t.puts++
	if value == nil {
		delete(t.rows, key)
	} else {
		t.rows[key] = value
	}
	return nil
}

// fakeSource answers what it is told to.
type fakeSource struct {
	mu     sync.Mutex
	series map[string]map[string]float64 // metric, host
	old    map[string]time.Duration      // age of a host's points
	rows   func(sql string) ([]string, [][]any, error)
	err    error
}

func (s *fakeSource) set(metric, host string, v float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.series[metric] == nil {
		s.series[metric] = map[string]float64{}
	}
	s.series[metric][host] = v
}

func (s *fakeSource) drop(metric string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.series, metric)
}

func (s *fakeSource) age(host string, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.old[host] = d
}

func (s *fakeSource) break_(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func (s *fakeSource) Latest(_ context.Context, metric string) ([]Point, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return nil, s.err
	}
	var out []Point
	for host, v := range s.series[metric] {
		out = append(out, Point{map[string]string{"host": host}, v, time.Now().Add(-s.old[host])})
	}
	return out, nil
}

func (s *fakeSource) Query(_ context.Context, sql string, _ int) ([]string, [][]any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return nil, nil, s.err
	}
	return s.rows(sql)
}

// inbox is a channel that keeps what it is told.
type inbox struct {
	mu      sync.Mutex
	got     []string // "12s ops firing critical a=128" since the start of the test
	begin   time.Time
	refuse  func(n notify.Notice) error
	tries   int
	notices []notify.Notice
}

func (b *inbox) spec() notify.Spec {
	return notify.Spec{
		Name: "inbox", Doc: "For tests.",
		Options: []option.Option{{Name: "url"}, {Name: "token", Secret: true}, {Name: "bad", Kind: option.Int}},
		New: func(option.Values, notify.Deps) (notify.Notifier, error) {
			return notifier(b.take), nil
		},
	}
}

type notifier func(n notify.Notice) error

func (f notifier) Notify(ctx context.Context, n notify.Notice) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return f(n)
}

func (b *inbox) take(n notify.Notice) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tries++
	if b.refuse != nil {
		if err := b.refuse(n); err != nil {
			return err
		}
	}
	var alerts []string
	for _, a := range n.Alerts {
		mark := ""
		if a.Status == notify.Resolved {
			mark = "-"
		}
		alerts = append(alerts, fmt.Sprintf("%s%s=%s", mark, a.Labels["host"], notify.Number(a.Value)))
	}
	b.got = append(b.got, fmt.Sprintf("%.0fs %s %s %s %s", time.Since(b.begin).Seconds(), n.Channel, n.Status, n.Level(), strings.Join(alerts, " ")))
	b.notices = append(b.notices, n)
	return nil
}

// lines returns what was told since it was asked last.
func (b *inbox) lines() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	slices.SortFunc(b.got, func(x, y string) int { // several channels are told at once
		at := func(s string) int {
			var n int
			_, _ = fmt.Sscanf(s, "%ds", &n) // lines begin so
			return n
		}
		return cmp.Or(at(x)-at(y), strings.Compare(x, y))
	})
	got := strings.Join(b.got, "; ")
	b.got = nil
	return got
}

func (b *inbox) refuseBy(f func(notify.Notice) error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refuse = f
}

func (b *inbox) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.tries
}

// bench is an evaluator in virtual time with all around it.
type bench struct {
	*testing.T
	table  *memTable
	source *fakeSource
	inbox  *inbox
	set    Settings
	e      *Evaluator
	run    func() // called by pass, so that a test can set the source before the first evaluation
	stop   func()
}

// virtual runs a test in virtual time with one channel "ops" that takes all levels: groups wait 0 s, then tell once a minute, and
// again after an hour.
func virtual(t *testing.T, rules []Rule, f func(b *bench), change ...func(*Settings)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &bench{
			T: t, table: &memTable{rows: map[string][]byte{}}, source: &fakeSource{series: map[string]map[string]float64{}, old: map[string]time.Duration{}},
			inbox: &inbox{begin: time.Now()},
		}
		wait := Duration(0)
		b.set = Settings{
			NoDefaults: true, Rules: rules, URL: "http://millrace.test/",
			Timing:   Timing{GroupInterval: Duration(time.Minute), RepeatInterval: Duration(time.Hour)},
			Channels: []Channel{{Name: "ops", Kind: "inbox", GroupWait: &wait}},
		}
		for _, c := range change {
			c(&b.set)
		}
		b.start()
		defer func() { b.stop() }()
		f(b)
	})
}

// start makes an evaluator; the next pass runs it.
func (b *bench) start() {
	b.Helper()
	e, err := New(Deps{Table: b.table, Source: b.source, Notifiers: []notify.Spec{b.inbox.spec()}, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}, b.set)
	if err != nil {
		b.Fatal(err)
	}
	b.e, b.stop = e, func() {}
	b.run = func() {
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- e.Run(ctx) }()
		b.run = func() {}
		b.stop = func() {
			cancel()
			if err := <-done; err != nil {
				b.Errorf("run: %v", err)
			}
			b.stop = func() {}
		}
	}
}

// restart stops the evaluator, waits, and makes another one on the same table.
func (b *bench) restart(after time.Duration) {
	b.Helper()
	b.stop()
	time.Sleep(after)
	b.start()
}

// pass lets time pass. Everything due is done when it returns.
func (b *bench) pass(d time.Duration) {
	b.run()
	time.Sleep(d)
	synctest.Wait()
}

// told checks what was told since the last call.
func (b *bench) told(want string) {
	b.Helper()
	synctest.Wait()
	if got := b.inbox.lines(); got != want {
		b.Errorf("told %q\nwant %q", got, want)
	}
}

// states checks the alerts: "a firing critical".
func (b *bench) states(want string) {
	b.Helper()
	synctest.Wait()
	var got []string
	for _, a := range b.e.Alerts().Alerts {
		name := a.Labels["host"]
		if a.Rule == EvaluationFailed {
			name = "!"
		}
		got = append(got, fmt.Sprintf("%s %s %s", name, a.State, a.Level))
	}
	if s := strings.Join(got, ", "); s != want {
		b.Errorf("states %q, want %q", s, want)
	}
}

func num(v float64) *float64 { return &v }

// cpu is a rule on a metric, evaluated each 10 s.
func cpu(change ...func(*Rule)) []Rule {
	r := Rule{Name: "cpu", Metric: "cpu_usage", Threshold: num(80), Interval: Duration(10 * time.Second)}
	for _, c := range change {
		c(&r)
	}
	return []Rule{r}
}

func TestLevelsAreThoseOfTheArticle(t *testing.T) {
	f := func(value, threshold float64, want notify.Level) {
		t.Helper()
		if got := LevelOf(value, threshold); got != want {
			t.Errorf("%v of %v is %s, want %s", value, threshold, got, want)
		}
	}
	f(80.1, 80, notify.Warning)
	f(88, 80, notify.Warning) // 1.1
	f(96, 80, notify.Warning) // exactly 1.2 is not more
	f(96.1, 80, notify.Error)
	f(100, 80, notify.Error) // 1.25
	f(120, 80, notify.Error) // exactly 1.5 is not more
	f(120.1, 80, notify.Critical)
	f(128, 80, notify.Critical) // 1.6
	f(5, 0, notify.Warning)
	f(-5, -10, notify.Warning)
	below := Rule{Op: "<"}
	g := func(value, threshold float64, want notify.Level) {
		t.Helper()
		if got := below.levelOf(value, threshold, "<"); got != want {
			t.Errorf("%v below %v is %s, want %s", value, threshold, got, want)
		}
	}
	g(9, 10, notify.Warning)
	g(8, 10, notify.Error)
	g(6, 10, notify.Critical)
	g(0, 10, notify.Critical)
	g(-1, 10, notify.Critical)
	g(-20, -10, notify.Warning)
	if got := (Rule{Level: notify.Info}).levelOf(1000, 1, ">"); got != notify.Info {
		t.Errorf("a fixed level became %s", got)
	}
}

func TestDefaultRules(t *testing.T) {
	want := map[string]float64{"cpu_usage": 80, "memory_usage": 85, "processing_latency": 1000, "error_rate": 5}
	got := map[string]float64{}
	for _, r := range DefaultRules() {
		if err := r.check(); err != nil {
			t.Error(err)
		}
		if r.Interval.String() != "10s" || r.Origin != Default || r.Op != ">" || !r.On() {
			t.Errorf("%+v", r)
		}
		got[r.Metric] = *r.Threshold
	}
	if !maps.Equal(got, want) {
		t.Errorf("%v", got)
	}
}

func TestFiresAndResolves(t *testing.T) {
	virtual(t, cpu(), func(b *bench) {
		b.source.set("cpu_usage", "a", 100)
		b.source.set("cpu_usage", "b", 10)
		b.pass(10500 * time.Millisecond)
		b.states("a firing error")
		b.told("0s ops firing error a=100")
		n := b.inbox.notices[0]
		if n.Link != "http://millrace.test/alerts" || !strings.HasPrefix(n.Alerts[0].Link, "http://millrace.test/alerts?id=") || n.Alerts[0].Summary != "cpu 100 > 80" {
			t.Errorf("%+v", n)
		}
		b.source.set("cpu_usage", "a", 20)
		b.pass(time.Minute)
		b.states("a resolved-recently error")
		b.told("60s ops resolved error -a=20")
		b.pass(resolvedKept)
		b.states("")
		b.told("")
		want := "firing→resolved, inactive→firing"
		if got := history(b.e); got != want {
			t.Errorf("history %s, want %s", got, want)
		}
	})
}

func history(e *Evaluator) string {
	var out []string
	for _, ev := range e.History("", 100) {
		out = append(out, string(ev.From)+"→"+string(ev.To))
	}
	return strings.Join(out, ", ")
}

func TestForIsWaitedFor(t *testing.T) {
	virtual(t, cpu(func(r *Rule) { r.For = Duration(30 * time.Second) }), func(b *bench) {
		b.source.set("cpu_usage", "a", 100)
		b.pass(15 * time.Second)
		b.states("a pending error")
		b.source.set("cpu_usage", "a", 10)
		b.pass(10 * time.Second)
		b.states("")
		b.source.set("cpu_usage", "a", 100)
		b.pass(30 * time.Second)
		b.states("a pending error")
		b.pass(10 * time.Second)
		b.states("a firing error")
		b.told("60s ops firing error a=100")
		want := "pending→firing, inactive→pending, pending→inactive, inactive→pending"
		if got := history(b.e); got != want {
			t.Errorf("history %s, want %s", got, want)
		}
	})
}

func TestKeepFiringFor(t *testing.T) {
	virtual(t, cpu(func(r *Rule) { r.KeepFiringFor = Duration(25 * time.Second) }), func(b *bench) {
		b.source.set("cpu_usage", "a", 100)
		b.pass(15 * time.Second)
		b.source.set("cpu_usage", "a", 10)
		b.pass(20 * time.Second) // ended at 20 s
		b.states("a firing error")
		b.source.set("cpu_usage", "a", 100)
		b.pass(10 * time.Second) // at 40 s it is back
		b.source.set("cpu_usage", "a", 10)
		b.pass(20 * time.Second) // ended again at 50 s
		b.states("a firing error")
		b.pass(25 * time.Second)
		b.states("a resolved-recently error")
		b.told("0s ops firing error a=100; 80s ops resolved error -a=10")
	})
}

func TestHysteresis(t *testing.T) {
	virtual(t, cpu(func(r *Rule) { r.Recover = num(60) }), func(b *bench) {
		b.source.set("cpu_usage", "a", 70)
		b.pass(15 * time.Second)
		b.states("") // not beyond the threshold yet
		b.source.set("cpu_usage", "a", 100)
		b.pass(10 * time.Second)
		b.source.set("cpu_usage", "a", 70)
		b.pass(2 * time.Minute)
		b.states("a firing error")
		b.source.set("cpu_usage", "a", 60)
		b.pass(10 * time.Second)
		b.states("a resolved-recently error")
		b.told("20s ops firing error a=100; 150s ops resolved error -a=60")
	})
}

func TestNoDataKeepsByDefault(t *testing.T) {
	virtual(t, cpu(), func(b *bench) {
		b.source.set("cpu_usage", "a", 100)
		b.pass(15 * time.Second)
		b.source.age("a", 6*time.Minute) // the host is silent
		b.pass(10 * time.Minute)
		b.states("a firing error")
		b.source.drop("cpu_usage")
		b.pass(10 * time.Minute)
		b.states("a firing error")
		b.told("0s ops firing error a=100")
	})
}

func TestNoDataMayBeFine(t *testing.T) {
	virtual(t, cpu(func(r *Rule) { r.NoData = NoDataOK }), func(b *bench) {
		b.source.set("cpu_usage", "a", 100)
		b.pass(15 * time.Second)
		b.source.drop("cpu_usage")
		b.pass(10 * time.Second) // not settled
		b.states("a firing error")
		b.pass(20 * time.Second)
		b.states("a resolved-recently error")
	})
}

func TestNoDataMayBeAnAlert(t *testing.T) {
	virtual(t, cpu(func(r *Rule) { r.NoData = NoDataAlert }), func(b *bench) {
		b.pass(25 * time.Second)
		b.states("") // sources may still be filling
		b.pass(20 * time.Second)
		b.states(" firing warning")
		b.source.set("cpu_usage", "a", 100)
		b.pass(10 * time.Second)
		b.states("a firing error,  resolved-recently warning")
		b.source.age("a", 6*time.Minute)
		b.pass(10 * time.Second)
		// What was wrong may still be, and that there is no data is another matter.
		b.states("a firing error, a firing warning,  resolved-recently warning")
		b.source.age("a", 0)
		b.source.set("cpu_usage", "a", 10)
		b.pass(10 * time.Second)
		b.states("a resolved-recently error,  resolved-recently warning, a resolved-recently warning")
	})
}

func TestEvaluationErrorRaisesThePlatformsAlertOnly(t *testing.T) {
	rules := append(cpu(), Rule{Name: "mem", Metric: "mem", Threshold: num(1)})
	virtual(t, rules, func(b *bench) {
		b.source.set("cpu_usage", "a", 100)
		b.pass(15 * time.Second)
		b.told("0s ops firing error a=100")
		b.source.break_(fault.New(fault.Unavailable, "read store: it is {away}"))
		b.pass(30 * time.Second)
		b.states("a firing error, ! pending error")
		b.pass(time.Minute)
		b.states("a firing error, ! firing error")
		b.told("80s ops firing error =2")
		last := b.inbox.notices[len(b.inbox.notices)-1].Alerts[0]
		if last.Rule != EvaluationFailed || last.Summary != "cpu: read store: it is (away); mem: read store: it is (away)" {
			t.Errorf("%+v", last)
		}
		if list := b.e.Alerts(); !strings.HasPrefix(list.Error, "cpu: read store") {
			t.Errorf("error %q", list.Error)
		}
		for _, r := range b.e.Rules() {
			if r.State.Error == "" {
				t.Errorf("rule %s shows no error", r.Name)
			}
		}
		b.restart(time.Second)
		b.pass(20 * time.Second)
		b.states("a firing error, ! firing error")
		b.source.break_(nil)
		b.pass(time.Minute)
		b.states("a firing error, ! resolved-recently error")
		b.told("140s ops resolved error -=1")
	})
}

func TestLevelChangesAreEventsAndMayTellOthers(t *testing.T) {
	virtual(t, cpu(), func(b *bench) {
		b.source.set("cpu_usage", "a", 88)
		b.pass(15 * time.Second)
		b.told("0s ops firing warning a=88")
		b.source.set("cpu_usage", "a", 100)
		b.pass(10 * time.Second)
		b.told("20s ops firing error a=100; 20s pager firing error a=100")
		b.source.set("cpu_usage", "a", 130)
		b.pass(10 * time.Second)
		b.told("30s ops firing critical a=130; 30s pager firing critical a=130")
		b.source.set("cpu_usage", "a", 88)
		b.pass(2 * time.Minute) // a fall is an event, no notice
		b.told("")
		b.source.set("cpu_usage", "a", 10)
		b.pass(10 * time.Second)
		b.told("160s ops resolved warning -a=10; 160s pager resolved warning -a=10")
		if got, want := history(b.e), "firing→resolved, firing→firing, firing→firing, firing→firing, inactive→firing"; got != want {
			t.Errorf("history %s, want %s", got, want)
		}
	}, func(s *Settings) {
		wait := Duration(0)
		s.Channels = append(s.Channels, Channel{Name: "pager", Kind: "inbox", Levels: []notify.Level{notify.Error, notify.Critical}, GroupWait: &wait})
	})
}

func TestFlappingIsToldOnceAGroupInterval(t *testing.T) {
	virtual(t, cpu(), func(b *bench) {
		for i := range 60 { // ten minutes
			b.source.set("cpu_usage", "a", []float64{100, 10}[i%2])
			b.pass(10 * time.Second)
		}
		b.inbox.mu.Lock()
		defer b.inbox.mu.Unlock()
		if n := len(b.inbox.notices); n == 0 || n > 11 {
			t.Errorf("%d notices in ten minutes", n)
		}
		for i := 1; i < len(b.inbox.notices); i++ {
			if d := b.inbox.notices[i].At.Sub(b.inbox.notices[i-1].At); d < time.Minute {
				t.Errorf("notice %d came %s after the one before", i, d)
			}
		}
	})
}

func TestFlappingLevelsAreToldOnceAGroupInterval(t *testing.T) {
	virtual(t, cpu(), func(b *bench) {
		for i := range 60 {
			b.source.set("cpu_usage", "a", []float64{100, 130, 10}[i%3])
			b.pass(10 * time.Second)
		}
		// One that gets worse than told is told at once, once.
		if n := len(b.inbox.notices); n == 0 || n > 14 {
			t.Errorf("%d notices in ten minutes", n)
		}
	})
}

func TestRepeatInterval(t *testing.T) {
	virtual(t, cpu(), func(b *bench) {
		b.source.set("cpu_usage", "a", 100)
		b.pass(2*time.Hour + 15*time.Second)
		b.told("0s ops firing error a=100; 3600s ops firing error a=100; 7200s ops firing error a=100")
	})
}

func TestGrouping(t *testing.T) {
	virtual(t, cpu(), func(b *bench) {
		b.source.set("cpu_usage", "a", 100)
		b.pass(5 * time.Second)
		b.source.set("cpu_usage", "b", 130)
		b.source.set("cpu_usage", "c", 10)
		b.pass(11 * time.Second)
		b.told("15s ops firing critical b=130 a=100")
		b.source.set("cpu_usage", "c", 100)
		b.source.set("cpu_usage", "a", 10)
		b.pass(2 * time.Minute)
		b.told("75s ops firing critical b=130 c=100 -a=10")
	}, func(s *Settings) {
		s.Channels[0].GroupWait = nil
		s.GroupWait = Duration(15 * time.Second)
	})
	virtual(t, cpu(func(r *Rule) { r.GroupBy = []string{"rule", "host"} }), func(b *bench) {
		b.source.set("cpu_usage", "a", 100)
		b.source.set("cpu_usage", "b", 100)
		b.pass(15 * time.Second)
		if got := b.inbox.lines(); strings.Count(got, "firing") != 2 {
			t.Errorf("told %q, want two groups", got)
		}
	})
}

func TestSendResolvedOff(t *testing.T) {
	no := false
	virtual(t, cpu(), func(b *bench) {
		b.source.set("cpu_usage", "a", 100)
		b.pass(15 * time.Second)
		b.source.set("cpu_usage", "a", 10)
		b.pass(2 * time.Minute)
		b.source.set("cpu_usage", "a", 100)
		b.pass(10 * time.Second)
		b.told("0s ops firing error a=100; 140s ops firing error a=100") // it is known to have been over
	}, func(s *Settings) { s.Channels[0].SendResolved = &no })
}

func TestRecoveryOnlyForWhatWasTold(t *testing.T) {
	virtual(t, cpu(), func(b *bench) {
		b.source.set("cpu_usage", "a", 100)
		b.pass(15 * time.Second)
		b.source.set("cpu_usage", "a", 10)
		b.pass(10 * time.Minute)
		b.told("") // it was over before the group's wait was
	}, func(s *Settings) {
		wait := Duration(time.Minute)
		s.Channels[0].GroupWait = &wait
	})
}
