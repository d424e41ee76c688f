package alert

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"millrace/fault"
	"millrace/notify"
)

func TestRuleErrorsSayFieldValueAndHowToMendIt(t *testing.T) {
	f := func(text, want, hint string) {
		t.Helper()
		_, err := ParseRule([]byte(text))
		if !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), want) || !strings.Contains(fault.HintOf(err), hint) {
			t.Errorf("%s: error %v, hint %q", text, err, fault.HintOf(err))
		}
	}
	f(`{"name":"a b","metric":"m","threshold":1}`, `name: "a b"`, "letters")
	f(`{"name":"RuleEvaluationFailed","metric":"m","threshold":1}`, "name", "another")
	f(`{"name":"a"}`, "metric", "set metric or sql")
	f(`{"name":"a","metric":"m","sql":"SELECT 1","threshold":1}`, "metric", "leave the other out")
	f(`{"name":"a","metric":"m"}`, "threshold", "m is compared with")
	f(`{"name":"a","metric":"m","threshold":1,"op":"="}`, `op: "="`, ">, >=")
	f(`{"name":"a","metric":"m","threshold":1,"aggregate":"sum"}`, `aggregate: "sum"`, "avg")
	f(`{"name":"a","sql":"SELECT 1","aggregate":"avg"}`, "aggregate", "in the SQL")
	f(`{"name":"a","sql":"SELECT 1","no_data":"alert"}`, "no_data", "row")
	f(`{"name":"a","sql":"SELECT 1","recover":1}`, "recover", "keep_firing_for")
	f(`{"name":"a","metric":"m","threshold":1,"interval":"1ms"}`, "interval: 1ms", "30s")
	f(`{"name":"a","metric":"m","threshold":1,"for":"-1s"}`, "for", "")
	f(`{"name":"a","metric":"m","threshold":1,"for":"soon"}`, "soon", "")
	f(`{"name":"a","metric":"m","threshold":1,"level":"bad"}`, `level: "bad"`, "critical")
	f(`{"name":"a","metric":"m","threshold":1,"no_data":"x"}`, "no_data", "keep")
	f(`{"name":"a","metric":"m","threshold":1,"recover":2}`, "recover: 2", "good side")
	f(`{"name":"a","metric":"m","op":"<","threshold":2,"recover":1}`, "recover: 1", "good side")
	f(`{"name":"a","metric":"m","threshold":1,"labels":{"rule":"x"}}`, `"rule"`, "another")
	f(`{"name":"a","metric":"m","threshold":1,"group_by":[""]}`, "group_by", "labels")
	f(`{"name":"a","metric":"m","threshold":1,"summary":"{value"}`, "summary", "braces")
	f(`{"name":"a","metric":"m","threshold":1,"unknown":1}`, "unknown", "")
	f(`{"name":"a","metric":"m\u0000","threshold":1}`, "NUL", "")
	f(`[]`, "read rule", "")
	inf := math.Inf(1)
	if err := (Rule{Name: "a", Metric: "m", Threshold: &inf}).complete().check(); err == nil {
		t.Error("an infinite threshold is taken")
	}
}

func TestRuleAsJSON(t *testing.T) {
	r, err := ParseRule([]byte(`{"name":"a","metric":"m","threshold":80,"for":"5 min"}`))
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"name":"a","enabled":true,"metric":"m","op":"\u003e","threshold":80,"for":"5m","keep_firing_for":"0s","interval":"10s","group_by":["rule"],"no_data":"keep","stale_after":"5m"}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSummary(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		a := &alert{Rule: "cpu", Labels: map[string]string{"host": "a{value}"}, Level: notify.Error, Value: 99.5, Threshold: 80, Op: ">"}
		if got := summarize(Rule{Summary: text}, a); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
	f("", "cpu 99.5 > 80")
	f("CPU of {host} at {value} % ({op} {threshold}), {rule} {level}{none}", "CPU of a{value} at 99.5 % (> 80), cpu error")
	f("{ value }", "99.5")
}

func evaluateNow(t *testing.T, r Rule, src Source) ([]reading, error) {
	t.Helper()
	r = r.complete()
	if err := r.check(); err != nil {
		t.Fatal(err)
	}
	return evaluate(context.Background(), src, r, time.Now())
}

func TestSQLConditions(t *testing.T) {
	f := func(r Rule, columns []string, rows [][]any, want []Condition, wantErr string) {
		t.Helper()
		r.Name, r.SQL = "r", "SELECT"
		src := &fakeSource{rows: func(string) ([]string, [][]any, error) { return columns, rows, nil }}
		found, err := evaluateNow(t, r, src)
		if wantErr != "" {
			if err == nil || !strings.Contains(err.Error(), wantErr) || fault.KindOf(err) == 0 {
				t.Errorf("%v: error %v, want %q", rows, err, wantErr)
			}
			return
		}
		if err != nil {
			t.Errorf("%v: %v", rows, err)
		}
		var got []Condition
		for _, f := range found {
			got = append(got, Condition{f.labels, f.value, f.threshold, f.level})
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	f(Rule{Threshold: num(80), Labels: map[string]string{"team": "x"}}, []string{"host", "VALUE", "at", "n"}, [][]any{{"a", 100.0, at, int64(3)}, {"b", int64(130), nil, nil}}, []Condition{
		{map[string]string{"host": "a", "at": "2026-01-02T03:04:05Z", "n": "3", "team": "x"}, 100, 80, notify.Error},
		{map[string]string{"host": "b", "team": "x"}, 130, 80, notify.Critical},
	}, "")
	f(Rule{Threshold: num(80)}, []string{"value", "threshold"}, [][]any{{"130.5", "100"}}, []Condition{{nil, 130.5, 100, notify.Error}}, "")
	f(Rule{}, []string{"value", "level"}, [][]any{{true, "x"}}, []Condition{{map[string]string{"level_": "x"}, 1, 0, notify.Warning}}, "")
	f(Rule{}, []string{"value"}, [][]any{{nil}}, nil, "")
	f(Rule{Level: notify.Critical, Op: "<", Threshold: num(5)}, []string{"value"}, [][]any{{4.9}}, []Condition{{nil, 4.9, 5, notify.Critical}}, "")
	f(Rule{}, []string{"n"}, nil, nil, "no column value")
	f(Rule{}, []string{"value"}, [][]any{{"many"}}, nil, `"many" is no number`)
	f(Rule{}, []string{"value"}, [][]any{{math.NaN()}}, nil, "NaN")
	f(Rule{}, []string{"value", "host"}, [][]any{{1.0, "a"}, {2.0, "a"}}, nil, "same labels {host=a}")
	many := make([][]any, maxConditions+1)
	for i := range many {
		many[i] = []any{1.0, int64(i)}
	}
	f(Rule{}, []string{"value", "host"}, many, nil, "501 conditions")
}

func TestAggregates(t *testing.T) {
	src := &fakeSource{series: map[string]map[string]float64{"m": {"a": 1, "b": 2, "c": 6, "old": 100}}, old: map[string]time.Duration{"old": time.Hour, "a": time.Second, "b": 2 * time.Second}}
	f := func(how string, want float64) {
		t.Helper()
		found, err := evaluateNow(t, Rule{Name: "r", Metric: "m", Aggregate: how, Threshold: num(0)}, src)
		if err != nil || len(found) != 1 || found[0].value != want || found[0].labels != nil {
			t.Errorf("%s: %+v, %v; want %v", how, found, err, want)
		}
	}
	f("avg", 3)
	f("max", 6)
	f("min", 1)
	f("last", 6)
	found, err := evaluateNow(t, Rule{Name: "r", Metric: "m", Threshold: num(0)}, src)
	if err != nil || len(found) != 3 {
		t.Errorf("each series: %+v, %v", found, err)
	}
}

func TestOddValues(t *testing.T) {
	src := &fakeSource{series: map[string]map[string]float64{"m": {"nan": math.NaN(), "inf": math.Inf(1)}}}
	found, err := evaluateNow(t, Rule{Name: "r", Metric: "m", Threshold: num(1)}, src)
	if err != nil || len(found) != 1 || found[0].level != notify.Critical {
		t.Fatalf("%+v, %v", found, err)
	}
	if _, err := json.Marshal(found[0].value); err != nil {
		t.Error(err)
	}
}

func TestGlob(t *testing.T) {
	f := func(pattern, text string, want bool) {
		t.Helper()
		if got := glob(pattern, text); got != want {
			t.Errorf("glob(%q, %q) = %v", pattern, text, got)
		}
	}
	f("cpu", "cpu", true)
	f("cpu", "cpu2", false)
	f("cpu*", "cpu_usage", true)
	f("*", "", true)
	f("", "", true)
	f("", "x", false)
	f("*usage", "cpu_usage", true)
	f("c*_*e", "cpu_usage", true)
	f("a*a", "a", false)
	f("a*a", "aa", true)
	f("a*b*c", "axbxbxc", true)
	f("a*b*c", "acb", false)
	if matches(map[string]string{"host": "*"}, &alert{}) {
		t.Error("a label that is not there matches *")
	}
}

func TestRingSurvives(t *testing.T) {
	records := map[string][]byte{}
	r := &ring[int]{prefix: "x/"}
	for i := range 2345 {
		key := r.add(i)
		value, err := r.encode(key)
		if err != nil {
			t.Fatal(err)
		}
		records[key] = value
		if i%97 == 0 {
			r = readRing[int]("x/", records)
		}
	}
	all := func(int) bool { return true }
	got := readRing[int]("x/", records).newest(5000, all)
	if len(got) < 1000 || len(got) > ringChunk*ringSlots || got[0] != 2344 {
		t.Fatalf("%d items, the newest %d", len(got), got[0])
	}
	for i := 1; i < len(got); i++ {
		if got[i] != got[i-1]-1 {
			t.Fatalf("%d stands behind %d", got[i], got[i-1])
		}
	}
	if len(records) > ringSlots {
		t.Errorf("%d records", len(records))
	}
	if got := r.newest(2, func(i int) bool { return i%10 == 0 }); !cmp.Equal(got, []int{2340, 2330}) {
		t.Errorf("%v", got)
	}
}

func TestPace(t *testing.T) {
	p := pace{most: 3}
	now := time.Now()
	for i := range 3 {
		if w := p.wait(now); w != 0 {
			t.Errorf("message %d waits %s", i, w)
		}
		p.note(now)
		now = now.Add(10 * time.Second)
	}
	if w := p.wait(now); w != 30*time.Second {
		t.Errorf("the fourth waits %s", w)
	}
}

func TestBackoffIsBounded(t *testing.T) {
	for attempts := 1; attempts < 100; attempts++ {
		if d := backoff(attempts); d < firstBackoff/2 || d > maxBackoff+1 {
			t.Errorf("after %d attempts %s", attempts, d)
		}
	}
}

func FuzzRule(f *testing.F) {
	for _, s := range []string{
		`{"name":"a","metric":"m","threshold":80,"for":"5 min","summary":"{value} {host}"}`,
		`{"name":"a","sql":"SELECT 1 AS value","interval":"1m","labels":{"a":"b"},"group_by":["a"]}`,
		`{"name":"a","metric":"m","threshold":1e308,"recover":-1e308,"op":"<="}`, `{}`, `null`, `{"name":"a","metric":"m","threshold":1,"summary":"{"}`,
	} {
		f.Add([]byte(s), 1.5)
	}
	f.Fuzz(func(t *testing.T, text []byte, value float64) {
		r, err := ParseRule(text)
		if err != nil {
			if !errors.Is(err, fault.Invalid) {
				t.Errorf("%v", err)
			}
			return
		}
		again, err := json.Marshal(r)
		if err != nil {
			t.Fatalf("%+v: %v", r, err)
		}
		back, err := ParseRule(again)
		if err != nil {
			t.Fatalf("%s: %v", again, err)
		}
		if diff := cmp.Diff(r, back); diff != "" {
			t.Errorf("not the same again (-first +second):\n%s", diff)
		}
		if r.Metric == "" {
			return
		}
		src := &fakeSource{series: map[string]map[string]float64{r.Metric: {"a": value}}}
		found, err := evaluate(context.Background(), src, r, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		st := &ruleState{}
		st.advance(r, found, time.Now(), true)
		if _, err := json.Marshal(st); err != nil {
			t.Errorf("%+v: %v", st, err)
		}
	})
}
