package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// ask runs a subcommand against a running platform and returns its output.
func (p *platform) ask(stdin string, args ...string) string {
	p.t.Helper()
	out, errs, code := millrace(p.t, stdin, append(args, "--url", p.url(""))...)
	if code != 0 {
		p.t.Fatalf("millrace %s: exit code %d: %s", strings.Join(args, " "), code, errs)
	}
	return out
}

func TestCommands(t *testing.T) {
	t.Parallel()
	p := start(t, "--demo=off")
	p.awaitTopic("sensors.raw")

	if out := p.ask("", "query", "SELECT 40 + 2 AS answer"); !strings.Contains(out, "answer") || !strings.Contains(out, "42") {
		t.Errorf("query: want answer and 42:\n%s", out)
	}
	if out := p.ask("", "topic", "list"); !strings.Contains(out, "sensors.raw") || !strings.Contains(out, "metrics.host") {
		t.Errorf("topic list: want sensors.raw and metrics.host:\n%s", out)
	}
	p.ask("first\nsecond\n", "topic", "produce", "notes")
	if got := p.consume("notes"); len(got) != 2 || got[0].Payload != "first" || got[1].Payload != "second" {
		t.Errorf("topic produce: %v, want first and second", got)
	}
	if out := p.ask("", "topic", "tail", "notes"); !strings.Contains(out, "first") || !strings.Contains(out, "second") {
		t.Errorf("topic tail: want first and second:\n%s", out)
	}
	_, errs, code := millrace(t, "", "query", "SELECT no_such_column", "--url", p.url(""))
	if code != 1 || !strings.Contains(errs, "no_such_column") {
		t.Errorf("wrong query: exit code %d, says %q", code, errs)
	}
}

// TestPipelineCommands pauses a pipeline, finds that it stands still, and lets it go on.
func TestPipelineCommands(t *testing.T) {
	t.Parallel()
	p := start(t, "--demo=off")
	p.awaitTopic("sensors.raw")
	list, err := p.pipelines()
	if err != nil {
		t.Fatal(err)
	}
	name := list[0].Name
	state := func(want string) {
		t.Helper()
		eventually(t, settle, func() error {
			list, err := p.pipelines()
			if err == nil && list[0].State != want {
				err = fmt.Errorf("pipeline %s is %s, want %s", name, list[0].State, want)
			}
			return err
		})
	}
	state("running")
	if out := p.ask("", "pipeline", "list"); !strings.Contains(out, name) || !strings.Contains(out, "running") {
		t.Errorf("pipeline list: want %s, running:\n%s", name, out)
	}
	p.ask("", "pipeline", "pause", name)
	state("paused")
	line := `{"id": "s001", "temperature": 77, "humidity": 40, "value": 1.5, "event_time": "2026-11-20 10:00:00.123"}`
	p.mustProduce("sensors.raw", []string{line})
	p.ask("", "pipeline", "resume", name)
	state("running")
	eventually(t, settle, func() error {
		records, err := p.tryConsume("sensors.clean")
		if err == nil && (len(records) != 1 || !strings.Contains(records[0].Payload, `"temperature_celsius":25`)) {
			err = fmt.Errorf("sensors.clean holds %v, want one record of 25 degrees", records)
		}
		return err
	})

	script := fileScript(t, `CREATE TABLE hot (id STRING, n BIGINT) WITH (
  'connector' = 'kafka', 'topic' = 'hot', 'properties.bootstrap.servers' = '`+p.kafka+`', 'format' = 'json');
INSERT INTO hot SELECT id, CAST(temperature AS BIGINT) FROM readings WHERE temperature > 60;
`)
	p.ask("", "pipeline", "apply", script)
	eventually(t, settle, func() error {
		records, err := p.tryConsume("hot")
		if err == nil && len(records) != 1 {
			err = fmt.Errorf("topic hot holds %v, want one record", records)
		}
		return err
	})
	p.ask("", "pipeline", "drop", "script")
	list, err = p.pipelines()
	if err != nil {
		t.Fatal(err)
	}
	for _, pipe := range list {
		if pipe.Name == "script" {
			t.Errorf("pipeline script is still there after drop")
		}
	}
}
