package point

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"millrace/connector"
	"millrace/format"
)

// kept is an Out that keeps what it is given, and fails for a topic.
type kept struct {
	lines []string
	fail  string
}

// Append implements connector.Out.
func (k *kept) Append(_ context.Context, topic string, records []connector.Record) error {
	if topic == k.fail {
		return errors.New("away")
	}
	for _, r := range records {
		line := topic + " " + string(r.Key) + " " + string(r.Value)
		for _, h := range r.Headers {
			line += " " + h.Name + "=" + string(h.Value)
		}
		k.lines = append(k.lines, line)
	}
	return nil
}

func TestBatch(t *testing.T) {
	var b Batch
	add := func(p Point) {
		t.Helper()
		if bad := p.Finish(); bad != nil {
			t.Fatal(bad)
		}
		b.Add(nil, &p)
	}
	at := now.UnixMicro()
	for range 2 { // a batch is used again
		add(Point{Metric: []byte("plain"), TimeMicros: at, Value: 0.1})
		b.Refuse([]byte("raw"), &format.Error{Field: "value", Reason: "is odd"})
		add(Point{Metric: []byte(`q"\u`), TimeMicros: at - at%1e6, Value: 1e21, Digits: []byte(strings.Repeat("1", 40))})
		add(Point{Metric: []byte("f"), TimeMicros: at, Fields: []Field{
			{Name: []byte("z"), Kind: Text, Text: []byte("\n")}, {Name: []byte("a"), Number: -0.5}, {Name: []byte("m"), Kind: Truth},
		}, Tags: []Tag{{[]byte("t"), []byte("2")}, {[]byte("s"), []byte("1")}}})
		out := &kept{}
		if err := b.Send(t.Context(), out, "p", "me"); err != nil {
			t.Fatal(err)
		}
		want := []string{
			"p.dead  raw millrace.error=" + b.Refused()[0].Why.Error() + " millrace.topic=p millrace.offset= millrace.pipeline=me millrace.field=value",
			`p plain {"timestamp":"2026-11-20T10:00:00.123456Z","metric":"plain","value":0.1,"tags":{}}`,
			`p q"\u {"timestamp":"2026-11-20T10:00:00Z","metric":"q\"\\u","value":1e+21,"tags":{}}`,
			`p f {"timestamp":"2026-11-20T10:00:00.123456Z","metric":"f","fields":{"a":-0.5,"m":false,"z":"\u000a"},"tags":{"s":"1","t":"2"}}`,
		}
		if diff := cmp.Diff(want, out.lines); diff != "" {
			t.Error(diff)
		}
		if b.Good() != 3 || b.Len() != 4 || b.Refused()[0].Index != 1 {
			t.Errorf("%d good of %d, the refused one is %d", b.Good(), b.Len(), b.Refused()[0].Index)
		}
		b.Reset()
	}
	if b.Len() != 0 || b.Bytes() != 0 {
		t.Errorf("after Reset: %d points of %d bytes", b.Len(), b.Bytes())
	}
}

// TestBatchFails wants no point to be sent after a letter that could not be.
func TestBatchFails(t *testing.T) {
	for _, topic := range []string{"p", "p.dead"} {
		var b Batch
		b.Refuse([]byte("raw"), &format.Error{Reason: "odd"})
		b.Add(nil, &Point{Metric: []byte("m")})
		out := &kept{fail: topic}
		if err := b.Send(t.Context(), out, "p", "me"); err == nil || topic == "p.dead" && len(out.lines) > 0 {
			t.Errorf("%s: %v, %v", topic, err, out.lines)
		}
	}
}

func TestBatchRefusesWhatIsTooLarge(t *testing.T) {
	var b Batch
	control := []byte(strings.Repeat("\x01", MaxBytes/2)) // six times as long in JSON
	b.Add([]byte("short"), &Point{Metric: []byte("m"), Fields: []Field{{Name: []byte("a"), Kind: Text, Text: control}}})
	b.Add(nil, &Point{Metric: []byte("m"), Fields: []Field{{Name: []byte("a"), Kind: Text, Text: control}}})
	b.Add(make([]byte, MaxBytes+1), &Point{Metric: []byte("m")})
	b.Refuse(make([]byte, MaxBytes+1), &format.Error{Reason: "odd"})
	b.Add([]byte("short"), &Point{Metric: []byte("m")})
	var sizes []int
	for _, r := range b.Refused() {
		if !strings.Contains(r.Why.Reason, "more than the") {
			t.Error(r.Why)
		}
		sizes = append(sizes, len(r.Raw))
	}
	if diff := cmp.Diff([]int{5, MaxBytes, MaxBytes, MaxBytes}, sizes); diff != "" || b.Good() != 1 {
		t.Errorf("%d good: %s", b.Good(), diff)
	}
}

func BenchmarkDecode(b *testing.B) {
	for name, msg := range map[string]string{
		"value":  `{"timestamp":"2026-11-20T10:00:07.123Z","metric":"room_temperature","value":7.25,"tags":{"building":"north","floor":"2","room":"r7"}}`,
		"fields": `{"timestamp":"2026-11-20T10:00:07.123Z","metric":"cpu","fields":{"state":"ok","up":true,"usage_idle":7.25,"usage_user":2.75},"tags":{"cpu":"cpu7","host":"north"}}`,
	} {
		b.Run(name, func(b *testing.B) {
			var d Decoder
			text := []byte(msg)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := d.Decode(text, time.Time{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
