package telemetry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/slogtest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func lines(t *testing.T, b []byte) []map[string]any {
	t.Helper()
	var out []map[string]any
	for line := range bytes.Lines(b) {
		var m map[string]any
		if err := json.Unmarshal(line, &m); err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		out = append(out, m)
	}
	return out
}

func TestLoggerFollowsSlogsRules(t *testing.T) {
	var buf bytes.Buffer
	slogtest.Run(t, func(*testing.T) slog.Handler {
		buf.Reset()
		return NewLogger(&buf, LogOptions{Format: JSONFormat}).Handler()
	}, func(t *testing.T) map[string]any {
		m := lines(t, buf.Bytes())[0]
		for ours, theirs := range map[string]string{"timestamp": slog.TimeKey, "message": slog.MessageKey} {
			if v, ok := m[ours]; ok {
				m[theirs] = v
			}
		}
		return m
	})
}

func TestLineHasTheSevenKeysInOrder(t *testing.T) {
	var buf bytes.Buffer
	log := NewLogger(&buf, LogOptions{Format: JSONFormat}).With("logger", "engine", "job", "clean")
	log.Warn("job restarts", "attempt", 2, "cause", errors.New("broken\npipe"), "level", "high", "after", 1500*time.Millisecond)

	m := lines(t, buf.Bytes())[0]
	if _, err := time.Parse("2006-01-02T15:04:05.000Z", m["timestamp"].(string)); err != nil {
		t.Error(err)
	}
	if line, _ := m["line"].(float64); line <= 0 {
		t.Errorf("line %v", m["line"])
	}
	delete(m, "timestamp")
	delete(m, "line")
	want := map[string]any{
		"level": "WARN", "logger": "engine", "message": "job restarts",
		"module": "telemetry", "function": "TestLineHasTheSevenKeysInOrder",
		"job": "clean", "attempt": 2.0, "cause": "broken\npipe", "field_level": "high", "after": "1.5s",
	}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Error(diff)
	}

	var keys []string
	dec := json.NewDecoder(bytes.NewReader(buf.Bytes()))
	_, _ = dec.Token()
	for dec.More() && len(keys) < 7 {
		k, _ := dec.Token()
		_, _ = dec.Token()
		keys = append(keys, fmt.Sprint(k))
	}
	if diff := cmp.Diff([]string{"timestamp", "level", "logger", "message", "module", "function", "line"}, keys); diff != "" {
		t.Error(diff)
	}
}

func TestLevelChangesWhileRunning(t *testing.T) {
	var buf bytes.Buffer
	level := new(slog.LevelVar)
	log := NewLogger(&buf, LogOptions{Format: JSONFormat, Level: level})
	log.Debug("unseen")
	level.Set(slog.LevelDebug)
	log.Debug("seen")
	level.Set(slog.LevelError)
	log.Warn("unseen")
	if got := lines(t, buf.Bytes()); len(got) != 1 || got[0]["message"] != "seen" {
		t.Errorf("lines %v", got)
	}
}

func TestConsoleLineIsOneLine(t *testing.T) {
	var buf bytes.Buffer
	log := NewLogger(&buf, LogOptions{Format: ConsoleFormat}).With("logger", "api")
	log.Info("line one\nline two \x1b[2J", "path", "/a b", "n", 1, slog.Group("job", "name", "x"))
	got := buf.String()
	if strings.Count(got, "\n") != 1 || strings.Contains(got, "\x1b") {
		t.Errorf("line %q", got)
	}
	for _, part := range []string{"INFO", "api", `path="/a b"`, "n=1", "job.name=x"} {
		if !strings.Contains(got, part) {
			t.Errorf("line %q lacks %s", got, part)
		}
	}
}

func TestSecretIsNotShown(t *testing.T) {
	const canary = "canary-7f3a"
	type settings struct {
		Token Secret `json:"token"`
	}
	s := settings{Token: canary}
	var buf bytes.Buffer
	NewLogger(&buf, LogOptions{Format: JSONFormat}).Info("x", "token", s.Token, "all", s, "pointer", &s)
	NewLogger(&buf, LogOptions{Format: ConsoleFormat}).Info("x", "token", s.Token, "all", s, "pointer", &s)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&buf, verb+verb, s, s.Token)
	}
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	buf.Write(text)
	if strings.Contains(buf.String(), canary) || strings.Contains(buf.String(), fmt.Sprintf("%x", canary)) {
		t.Errorf("the secret is in %s", buf.String())
	}
	if s.Token.Reveal() != canary {
		t.Error("Reveal does not")
	}
}

func TestLogLineCostsFewAllocations(t *testing.T) {
	log := NewLogger(discard{}, LogOptions{Format: JSONFormat}).With("logger", "x", "topic", "t")
	if n := testing.AllocsPerRun(100, func() { log.Info("flushed", "rows", 12) }); n > 6 {
		t.Errorf("%v allocations a line", n)
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

func FuzzLineIsJSON(f *testing.F) {
	f.Add("message", "key", "value")
	f.Add("\x00\x7f\"\\", "level", "\xff\xfe")
	f.Fuzz(func(t *testing.T, message, key, value string) {
		var buf bytes.Buffer
		NewLogger(&buf, LogOptions{Format: JSONFormat}).Info(message, key, value)
		if bytes.Count(buf.Bytes(), []byte("\n")) != 1 {
			t.Fatalf("more than one line: %q", buf.Bytes())
		}
		m := lines(t, buf.Bytes())[0]
		if utf8.ValidString(message) && m["message"] != message {
			t.Fatalf("message %q became %q", message, m["message"])
		}
	})
}

func TestLevelIsChangedInUse(t *testing.T) {
	var buf bytes.Buffer
	log := NewLogger(&buf, LogOptions{Format: JSONFormat})
	own := log.With("logger", "store").WithGroup("part")
	own.Debug("not written")
	LevelOf(own).Set(slog.LevelDebug)
	log.Debug("written")
	if got := lines(t, buf.Bytes()); len(got) != 1 || got[0]["message"] != "written" {
		t.Errorf("%v", got)
	}
	if LevelOf(slog.New(slog.DiscardHandler)) != nil {
		t.Error("another logger has a level")
	}
}
