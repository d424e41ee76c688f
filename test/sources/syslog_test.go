package sources

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"millrace/internal/port"
)

// TestSyslog takes what logger sends. Nothing is acknowledged in syslog, so it is only killed while nothing is under way:
// afterwards senders that connect again go on.
func TestSyslog(t *testing.T) {
	t.Parallel()
	listen := port.Free(t)
	f := &flow{
		name: "machines", connector: "syslog", options: map[string]string{"listen": listen, "topic": "logs.machines"},
		bad: func() error {
			return client("", "logger", loggerArgs(listen, "-T", "--size", "200000", strings.Repeat("x", 100_000))...)
		},
		bads: 1, reason: "65536",
	}
	c := &course{platform: prepare(t), flows: []*flow{f}}
	f.number = logged
	c.begin()
	c.awaitListening(f)
	began := time.Now()
	half := records / 2
	send := func(from, upto int, args ...string) {
		t.Helper()
		path := filepath.Join(t.TempDir(), "lines")
		if err := os.WriteFile(path, []byte(lines(from, upto)), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := client("", "logger", append(loggerArgs(listen, args...), "-f", path)...); err != nil {
			t.Fatal(err)
		}
		f.await(upto, none)
	}
	send(0, half, "-T", "--octet-count")
	for range 2 {
		c.kill()
		c.platform.start()
		c.awaitListening(f)
	}
	send(half, records-200, "-T")
	for from := records - 200; from < records; from += 20 {
		send(from, from+20, "-d") // datagrams
	}
	doubled := f.settle(records)
	t.Logf("machines (syslog): %d records, 2 kills between them, %d doubled, %.1f s", len(f.seen), doubled, time.Since(began).Seconds())
	if doubled > 0 {
		t.Errorf("%d records are there twice, want none", doubled)
	}
	c.deadLetters(f)
	var answer struct {
		OK    bool
		Error string
	}
	c.mustCall("POST", "/api/sources/test", map[string]any{"connector": "syslog", "options": map[string]string{"listen": c.listen, "topic": "x"}}, &answer)
	if answer.OK || !contains(answer.Error, "in use") {
		t.Errorf("test with an address that is taken: %+v, want it to say so", answer)
	}
}

func loggerArgs(listen string, more ...string) []string {
	return append([]string{"--server", "127.0.0.1", "--port", port.Of(listen), "--rfc5424", "-t", "meter"}, more...)
}

// logged is the number in the message of a record.
func logged(r *kgo.Record) (int, error) {
	var v struct{ App, Message string }
	if err := json.Unmarshal(r.Value, &v); err != nil {
		return 0, err
	}
	var m struct{ ID int }
	if err := json.Unmarshal([]byte(v.Message), &m); err != nil || v.App != "meter" {
		return 0, fmt.Errorf("%+v: %w", v, err)
	}
	return m.ID, nil
}

func (c *course) awaitListening(f *flow) {
	c.t.Helper()
	eventually(c.t, settle, answers(f.options["listen"]))
}
