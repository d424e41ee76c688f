package plan_test

import (
	"strings"
	"testing"
	"time"

	"millrace/fault"
	"millrace/sql/plan"
)

func TestSettingsOfTheEngine(t *testing.T) {
	s, err := plan.NewSettings(map[string]string{
		"table.exec.state.ttl": "1 d", "table.exec.source.idle-timeout": "5 s", "table.exec.source.cdc-events-duplicate": "TRUE",
		"table.exec.sink.upsert-materialize": "force", "table.exec.sink.type-length-enforcer": "Trim_Pad",
		"table.exec.emit.early-fire.enabled": "true", "table.exec.emit.early-fire.delay": "2 s",
		"table.exec.emit.late-fire.enabled": "true", "table.exec.mini-batch.enabled": "true", "table.exec.mini-batch.size": "50",
		"table.exec.mini-batch.allow-latency": "100 ms", "table.exec.resource.default-parallelism": "7", "parallelism.default": "3",
		"table.dynamic-table-options.enabled": "false",
	})
	if err != nil {
		t.Fatal(err)
	}
	if s.StateTTL() != 24*time.Hour || s.IdleTimeout() != 5*time.Second || !s.CDCDuplicates() || s.Parallelism() != 7 || s.OptionsHint() {
		t.Errorf("%v read wrongly", s.Values())
	}
	if s.UpsertMaterialize() != plan.MaterializeForce || s.TypeLength() != plan.LengthFitted {
		t.Errorf("rules of sinks %d, %d", s.UpsertMaterialize(), s.TypeLength())
	}
	if delay, on := s.EmitEarly(); !on || delay != 2*time.Second {
		t.Errorf("EmitEarly() = %s, %t", delay, on)
	}
	if delay, on := s.EmitLate(); !on || delay != 0 || s.AllowLateness() != 24*time.Hour {
		t.Errorf("EmitLate() = %s, %t, AllowLateness() = %s, want the state's", delay, on, s.AllowLateness())
	}
	if rows, latency, on := s.MiniBatch(); !on || rows != 50 || latency != 100*time.Millisecond {
		t.Errorf("MiniBatch() = %d, %s, %t", rows, latency, on)
	}
	var zero plan.Settings
	if zero.StateTTL() != 0 || zero.UpsertMaterialize() != plan.MaterializeAuto || zero.TypeLength() != plan.LengthIgnored || !zero.OptionsHint() {
		t.Error("the zero Settings are not the defaults")
	}
}

func TestSettingsAreKnownByAllTheirNames(t *testing.T) {
	s, err := plan.NewSettings(map[string]string{"restart-strategy": "fixed-delay", "state.backend.rocksdb.memory.managed": "true"})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Values()["restart-strategy.type"]; got != "fixed-delay" {
		t.Errorf("restart-strategy.type is %q", got)
	}
}

func TestWrongSettings(t *testing.T) {
	f := func(key, value, want string) {
		t.Helper()
		_, err := plan.NewSettings(map[string]string{key: value})
		if err == nil {
			t.Errorf("SET %s = %s: no error", key, value)
			return
		}
		if text := err.Error() + " (" + fault.HintOf(err) + ")"; !strings.Contains(text, want) {
			t.Errorf("SET %s = %s: %s, want %s", key, value, text, want)
		}
	}
	f("table.exec.state.tll", "1 d", `did you mean "table.exec.state.ttl"?`)
	f("pipelin.name", "x", `did you mean "pipeline.name"?`)
	f("table.exec.state.ttl", "soon", "no duration")
	f("table.exec.mini-batch.size", "1.5", "no whole number")
	f("table.optimizer.runtime-filter.min-filter-ratio", "half", "no number")
	f("table.exec.resource.sort.memory", "much", "no size")
	f("table.exec.sink.upsert-materialize", "SOMETIMES", "none of AUTO, NONE, FORCE")
	f("execution.runtime-mode", "AUTOMATIC", "none of STREAMING, BATCH")
}

// TestDefaultsOfSettings holds the table of keys against itself: each default is a value that the key takes.
func TestDefaultsOfSettings(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range plan.KnownSettings() {
		if seen[s.Name] {
			t.Errorf("%s is there twice", s.Name)
		}
		seen[s.Name] = true
		if s.Acts == (s.Doc == "") {
			t.Errorf("%s: what acts has a doc, and nothing else", s.Name)
		}
		if s.Default == "" || strings.HasSuffix(s.Name, "*") {
			continue
		}
		if _, err := plan.NewSettings(map[string]string{s.Name: s.Default}); err != nil {
			t.Errorf("the default of %s: %v", s.Name, err)
		}
	}
}
