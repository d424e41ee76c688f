package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// logLines are the lines that the process has logged; what it prints for people besides is left out.
func (p *platform) logLines() []string {
	p.t.Helper()
	text, err := os.ReadFile(p.logPath)
	if err != nil {
		p.t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "{") && strings.HasSuffix(line, "\n") {
			lines = append(lines, line)
		}
	}
	return lines
}

// TestLog reads what the process logs, and changes while it runs what that is.
func TestLog(t *testing.T) {
	t.Parallel()
	p := start(t, "--demo=off")
	check := func(text string) map[string]any {
		t.Helper()
		var m map[string]any
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		at, _ := m["timestamp"].(string)
		when, err := time.Parse("2006-01-02T15:04:05.000Z", at)
		if err != nil || time.Since(when) > time.Hour {
			t.Errorf("timestamp %q: %v", at, err)
		}
		for _, key := range []string{"logger", "message", "module", "function"} {
			if v, _ := m[key].(string); v == "" {
				t.Errorf("no %s in %s", key, text)
			}
		}
		switch m["level"] {
		case "DEBUG", "INFO", "WARN", "ERROR":
		default:
			t.Errorf("level %v in %s", m["level"], text)
		}
		if line, _ := m["line"].(float64); line < 1 || line != float64(int(line)) {
			t.Errorf("line %v in %s", m["line"], text)
		}
		keys := text[:strings.Index(text, `"line":`)]
		for _, key := range []string{"timestamp", "level", "logger", "message", "module", "function"} {
			at := strings.Index(keys, `"`+key+`":`)
			if at < 0 {
				t.Fatalf("%s is not before line, or out of order, in %s", key, text)
			}
			keys = keys[at:]
		}
		return m
	}
	f := func(level string, wants ...string) {
		t.Helper()
		if out := p.ask("", "log-level", level); strings.TrimSpace(out) != level {
			t.Errorf("log-level %s: %q", level, out)
		}
		if len(wants) == 0 {
			return
		}
		eventually(t, settle, func() error {
		lines:
			for _, line := range p.logLines() {
				for _, want := range wants {
					if !strings.Contains(line, want) {
						continue lines
					}
				}
				return nil
			}
			return fmt.Errorf("no line with %q", wants)
		})
	}
	f("debug", `"logger":"audit"`, `"message":"log level changed"`, `"module":"api"`, `"from":"info","to":"debug","who":"anyone"`)
	f("debug", `"level":"DEBUG"`, `"logger":"api"`, `"message":"request"`, `"path":"/api/log-level"`)
	if out := p.ask("", "log-level"); strings.TrimSpace(out) != "debug" {
		t.Errorf("log-level: %q", out)
	}
	f("error")
	lines := p.logLines()
	for range 20 {
		p.ask("", "log-level")
	}
	if more := p.logLines(); len(more) > len(lines)+1 {
		t.Errorf("logged at level error: %s", more[len(lines):])
	}
	if len(lines) < 5 {
		t.Errorf("only %d lines", len(lines))
	}
	for _, line := range lines {
		check(line)
	}
}
