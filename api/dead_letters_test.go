package api

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"millrace/connector"
	"millrace/fault"
)

// fakeDeadLetters notes what it was asked for.
type fakeDeadLetters struct {
	before string
	limit  int
	replay Replay
}

func (f *fakeDeadLetters) Topics(context.Context) ([]DeadLetterTopic, error) {
	return []DeadLetterTopic{{Topic: "raw.dead", Origin: "raw", Records: 3, Pending: 2}}, nil
}

func (f *fakeDeadLetters) Records(_ context.Context, topic, before string, limit int) ([]DeadLetter, string, error) {
	if topic != "raw.dead" {
		return nil, "", fault.New(fault.NotFound, "topic %q has no dead letters", topic)
	}
	f.before, f.limit = before, limit
	headers := []Header{
		{connector.HeaderError, []byte("no number")},
		{connector.HeaderField, []byte("celsius")},
		{connector.HeaderTopic, []byte("raw")},
		{connector.HeaderPartition, []byte("1")},
		{connector.HeaderOffset, []byte("77")},
		{connector.HeaderPipeline, []byte("sensors/clean")},
	}
	at := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	return []DeadLetter{
		{Record: Record{Partition: 2, Offset: 9, Time: at, Key: []byte("s001"), Value: []byte(`{"celsius": "hot"}`), Headers: headers}},
		{Record: Record{Value: []byte("half {"), Time: at}, Replayed: true},
		{Record: Record{Value: []byte{0xff, 0}, Time: at}},
		{Record: Record{Time: at}},
	}, "2/9", nil
}

func (f *fakeDeadLetters) Replay(_ context.Context, topic string, r Replay) (Replayed, error) {
	f.replay = r
	return Replayed{Replayed: 2, Skipped: 1}, nil
}

func TestDeadLetters(t *testing.T) {
	b := newBench(t)
	got := b.want(200, b.ask("GET", "/api/dead-letters", ""))
	want := map[string]any{"topics": []any{map[string]any{"topic": "raw.dead", "origin": "raw", "records": 3.0, "pending": 2.0, "reasons": []any{}}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	got = b.want(200, b.ask("GET", "/api/dead-letters/raw.dead/records?limit=4&before=3%2F1", ""))
	records := got["records"].([]any)
	first := map[string]any{
		"partition": 2.0, "offset": 9.0, "time": "2026-11-20T10:00:00Z", "error": "no number", "field": "celsius", "pipeline": "sensors/clean",
		"topic": "raw", "source_partition": "1", "source_offset": "77", "key": "s001", "value": map[string]any{"celsius": "hot"}, "encoding": "json", "replayed": false,
	}
	if diff := cmp.Diff(first, records[0]); diff != "" {
		t.Error(diff)
	}
	f := func(i int, value any, encoding string) {
		t.Helper()
		r := records[i].(map[string]any)
		if r["value"] != value || r["encoding"] != encoding {
			t.Errorf("%v", r)
		}
	}
	f(1, "half {", "text")
	f(2, "/wA=", "base64")
	f(3, nil, "json")
	if got["next"] != "2/9" || b.dead.before != "3/1" || b.dead.limit != 4 {
		t.Errorf("next %v, asked for %d before %q", got["next"], b.dead.limit, b.dead.before)
	}
	b.want(404, b.ask("GET", "/api/dead-letters/other/records", ""))
	b.want(422, b.ask("GET", "/api/dead-letters/raw.dead/records?limit=501", ""))
}

func TestReplayDeadLetters(t *testing.T) {
	b := newBench(t)
	f := func(status int, body string) map[string]any {
		t.Helper()
		return b.want(status, b.ask("POST", "/api/dead-letters/raw.dead/replay", body))
	}
	got := f(200, `{"all": true, "dry_run": true}`)
	if diff := cmp.Diff(map[string]any{"replayed": 2.0, "skipped": 1.0, "to": []any{}}, got); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(b.log.String(), "audit") {
		t.Error("a dry run is noted as a change")
	}
	f(200, `{"records": [{"partition": 0, "offset": 7}]}`)
	if diff := cmp.Diff(Replay{Records: []RecordAt{{0, 7}}}, b.dead.replay); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(b.log.String(), "dead letters replayed") {
		t.Error("no audit line")
	}
	f(422, `{}`)
	f(422, `{"all": true, "records": [{"partition": 0, "offset": 7}]}`)
	f(422, `{"records": [{"partition": -1, "offset": 7}]}`)
}
