package plan

import (
	"fmt"
	"maps"
	"runtime"
	"strings"
	"time"

	"millrace/fault"
	"millrace/option"
)

// Settings are what SET changes: Flink's keys and their text. Those that mean nothing here are kept
// all the same, so that a script for Flink runs as it is. Readers give the defaults of what is unset.
type Settings struct {
	values option.Values
}

// settingKeys are the keys that mean something here, and the families of Flink's keys that are let pass.
var settingKeys = []option.Option{
	{Name: keyZone, Default: "default", Doc: "The session's time zone: default (the machine's), UTC, Asia/Shanghai, GMT+08:00."},
	{Name: keyMode, Default: "streaming", OneOf: []string{"streaming", "batch", "STREAMING", "BATCH"}, Doc: "Whether aggregates answer as rows come, or once at the end."},
	{Name: keyCheckpoint, Kind: option.Duration, Doc: "The time between two checkpoints."},
	{Name: keyParallelism, Kind: option.Int, Doc: "How many tasks an operator has; unset or -1: one a core."},
	{Name: keyNotNull, Default: "ERROR", OneOf: []string{"ERROR", "DROP", "error", "drop"}, Doc: "What to do with a NULL in a NOT NULL column of a sink."},
	{Name: keyIdle, Kind: option.Duration, Default: "0 ms", Doc: "After which time without records a split no longer holds event time back; 0: never."},
	{Name: keyName, Doc: "The name of the next job."},
	{Name: "table.dml-sync", Kind: option.Bool, Default: "false", Doc: "Whether INSERT waits for the end of its job."},
	{Name: "table.*"},
	{Name: "execution.*"},
	{Name: "pipeline.*"},
	{Name: "parallelism.*"},
	{Name: "state.*"},
	{Name: "sql-client.*"},
	{Name: "restart-strategy.*"},
	{Name: "taskmanager.*"},
	{Name: "jobmanager.*"},
	{Name: "rest.*"},
	{Name: "metrics.*"},
}

const (
	keyZone        = "table.local-time-zone"
	keyMode        = "execution.runtime-mode"
	keyCheckpoint  = "execution.checkpointing.interval"
	keyParallelism = "parallelism.default"
	keyNotNull     = "table.exec.sink.not-null-enforcer"
	keyIdle        = "table.exec.source.idle-timeout"
	keyName        = "pipeline.name"
)

// NewSettings returns the settings given, checked.
func NewSettings(values map[string]string) (Settings, error) {
	s := Settings{values: option.Values{}}
	for key, value := range values {
		if err := s.set(key, value); err != nil {
			return Settings{}, err
		}
	}
	return s, nil
}

func (s *Settings) set(key, value string) error {
	if _, err := option.Check("SET", settingKeys, option.Values{key: value}); err != nil {
		return err
	}
	if key == keyZone {
		if _, err := zone(value); err != nil {
			return err
		}
	}
	s.values[key] = value
	return nil
}

func (s *Settings) reset(key string) {
	if key == "" {
		clear(s.values)
	}
	delete(s.values, key)
}

// clone also makes the zero Settings ready to be set.
func (s Settings) clone() Settings {
	out := Settings{values: option.Values{}}
	maps.Copy(out.values, s.values)
	return out
}

// Values returns what was set, by key.
func (s Settings) Values() map[string]string { return maps.Clone(s.values) }

// Zone is the session's time zone.
func (s Settings) Zone() *time.Location {
	loc, err := zone(s.values[keyZone])
	if err != nil {
		// set lets no other zone in.
		panic(err)
	}
	return loc
}

func zone(name string) (*time.Location, error) {
	if name == "" || name == "default" {
		return time.Local, nil
	}
	if rest, ok := strings.CutPrefix(name, "GMT"); ok && rest != "" {
		if at, err := time.Parse("-07:00", rest); err == nil {
			_, offset := at.Zone()
			return time.FixedZone(name, offset), nil
		}
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, fault.New(fault.Invalid, "time zone %q is not known", name).WithHint("write a region such as Asia/Shanghai, UTC or GMT+08:00")
	}
	return loc, nil
}

// Batch says whether each group answers once, at the end of the input.
func (s Settings) Batch() bool { return strings.EqualFold(s.values[keyMode], "batch") }

// Checkpoint is the time between two checkpoints, 0 if it is unset.
func (s Settings) Checkpoint() time.Duration { return s.values.Duration(keyCheckpoint) }

// Parallelism is how many tasks an operator has.
func (s Settings) Parallelism() int {
	if n := s.values.Int(keyParallelism); n > 0 {
		return int(n)
	}
	return runtime.GOMAXPROCS(0)
}

// DropNulls says whether rows with NULL in a NOT NULL column of a sink are dropped instead of failing the job.
func (s Settings) DropNulls() bool { return strings.EqualFold(s.values[keyNotNull], "DROP") }

// IdleTimeout is how long a split without records holds event time back; 0: for ever.
func (s Settings) IdleTimeout() time.Duration { return s.values.Duration(keyIdle) }

// JobName returns the name that was set, or one made of the tables that the job writes.
func (s Settings) JobName(tables []string) string {
	if name := s.values[keyName]; name != "" {
		return name
	}
	if len(tables) == 0 {
		return "collect"
	}
	return fmt.Sprintf("insert-into_%s", strings.Join(tables, ","))
}
