package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"millrace/fault"
	"millrace/option"
)

// Setting is a key of SET. Flink's keys are all known, so that a script for Flink runs as it is and a typing
// error does not pass unseen; Acts says which of them mean something here.
type Setting struct {
	Name    string      // a name that ends in ".*" stands for all keys with that prefix
	Kind    option.Kind // of the value
	OneOf   []string    // the words that the value may be, in either case; empty: any value of the kind
	Default string      // empty: unset
	Doc     string      // what it does; empty where it does nothing here
	Acts    bool
}

// KnownSettings returns all keys that SET takes, by name.
func KnownSettings() []Setting { return slices.Clone(settings) }

const (
	keyZone        = "table.local-time-zone"
	keyMode        = "execution.runtime-mode"
	keyCheckpoint  = "execution.checkpointing.interval"
	keyParallelism = "parallelism.default"
	keyTasks       = "table.exec.resource.default-parallelism"
	keyNotNull     = "table.exec.sink.not-null-enforcer"
	keyLength      = "table.exec.sink.type-length-enforcer"
	keyNested      = "table.exec.sink.nested-constraint-enforcer"
	keyMaterialize = "table.exec.sink.upsert-materialize"
	keyDuplicates  = "table.exec.source.cdc-events-duplicate"
	keyIdle        = "table.exec.source.idle-timeout"
	keyTTL         = "table.exec.state.ttl"
	keyEarly       = "table.exec.emit.early-fire.enabled"
	keyEarlyDelay  = "table.exec.emit.early-fire.delay"
	keyLate        = "table.exec.emit.late-fire.enabled"
	keyLateDelay   = "table.exec.emit.late-fire.delay"
	keyLateness    = "table.exec.emit.allow-lateness"
	keyMiniBatch   = "table.exec.mini-batch.enabled"
	keyBatchSize   = "table.exec.mini-batch.size"
	keyBatchDelay  = "table.exec.mini-batch.allow-latency"
	keyWatermarks  = "pipeline.auto-watermark-interval"
	keyHints       = "table.dynamic-table-options.enabled"
	keyName        = "pipeline.name"
)

// acting are the keys that mean something here.
var acting = []Setting{
	{Name: keyZone, Default: "default", Doc: "The session's time zone: default (the machine's), UTC, Asia/Shanghai, GMT+08:00."},
	{Name: keyMode, OneOf: []string{"STREAMING", "BATCH"}, Default: "STREAMING", Doc: "Whether aggregates answer as rows come, or once at the end."},
	{Name: keyCheckpoint, Kind: option.Duration, Doc: "The time between two checkpoints."},
	{Name: keyParallelism, Kind: option.Int, Doc: "How many tasks an operator has; unset or -1: one a core."},
	{Name: keyTasks, Kind: option.Int, Default: "-1", Doc: "Comes before parallelism.default, if it is above 0."},
	{Name: keyNotNull, OneOf: []string{"ERROR", "DROP"}, Default: "ERROR", Doc: "What to do with a NULL in a NOT NULL column of a sink."},
	{Name: keyLength, OneOf: []string{"IGNORE", "TRIM_PAD", "ERROR"}, Default: "IGNORE", Doc: "What to do with text of another length than a sink's column has."},
	{Name: keyNested, OneOf: []string{"IGNORE", "ROWS", "ROWS_AND_COLLECTIONS"}, Default: "IGNORE", Doc: "How deep within a sink's columns NOT NULL and lengths are looked at."},
	{Name: keyMaterialize, OneOf: []string{"AUTO", "NONE", "FORCE"}, Default: "AUTO", Doc: "Whether a sink with a key puts updates in order that come from different keys."},
	{Name: keyDuplicates, Kind: option.Bool, Default: "false", Doc: "Whether a change log may repeat events, which the table's key then removes."},
	{Name: keyIdle, Kind: option.Duration, Default: "0 ms", Doc: "After which time without records a split no longer holds event time back; 0: never."},
	{Name: keyTTL, Kind: option.Duration, Default: "0 ms", Doc: "After which time without change the state of a key is forgotten; 0: never."},
	{Name: keyEarly, Kind: option.Bool, Default: "false", Doc: "Whether group windows answer before they end."},
	{Name: keyEarlyDelay, Kind: option.Duration, Doc: "The time between two early answers; 0: one a row."},
	{Name: keyLate, Kind: option.Bool, Default: "false", Doc: "Whether group windows answer again for late rows."},
	{Name: keyLateDelay, Kind: option.Duration, Doc: "The time between two late answers; 0: one a row."},
	{Name: keyLateness, Kind: option.Duration, Doc: "For how long group windows wait for late rows."},
	{Name: keyMiniBatch, Kind: option.Bool, Default: "false", Doc: "Whether aggregates may hold rows back to answer for several at once."},
	{Name: keyBatchSize, Kind: option.Int, Default: "-1", Doc: "For how many rows at most; must be above 0 with mini batches."},
	{Name: keyBatchDelay, Kind: option.Duration, Default: "0 ms", Doc: "For how long at most; must be above 0 with mini batches."},
	{Name: keyWatermarks, Kind: option.Duration, Default: "200 ms", Doc: "By how much more than this event time must advance to be passed on at once."},
	{Name: keyHints, Kind: option.Bool, Default: "true", Doc: "Whether the OPTIONS hint is allowed."},
	{Name: keyName, Doc: "The name of the next job."},
}

// settings are all keys, by name; renamed are Flink's older names of some of them.
var settings, renamed = allSettings()

func allSettings() ([]Setting, map[string]string) {
	all := append(slices.Clone(acting), restartSettings...)
	for i := range all {
		all[i].Acts = true
	}
	for line := range strings.Lines(flinkSettings) {
		f := strings.Fields(line)
		s := Setting{Name: f[0]}
		s.Kind, s.OneOf = kindOf(f[1])
		if f[2] != "-" {
			s.Default = f[2]
		}
		all = append(all, s)
	}
	for name := range strings.FieldsSeq(flinkFamilies) {
		all = append(all, Setting{Name: name})
	}
	slices.SortFunc(all, func(a, b Setting) int { return strings.Compare(a.Name, b.Name) })
	old := map[string]string{}
	for line := range strings.Lines(flinkRenamed) {
		f := strings.Fields(line)
		old[f[0]] = f[1]
	}
	return all, old
}

func kindOf(word string) (option.Kind, []string) {
	switch word {
	case "text":
		return option.String, nil
	case "bool":
		return option.Bool, nil
	case "int":
		return option.Int, nil
	case "float":
		return option.Float, nil
	case "duration":
		return option.Duration, nil
	case "size":
		return option.Size, nil
	}
	return option.String, strings.Split(word, "|")
}

// setting returns the key that a name means, which is another one if Flink has renamed it.
func setting(name string) (Setting, error) {
	if now, ok := renamed[name]; ok {
		name = now
	}
	for _, s := range settings {
		if s.Name == name {
			return s, nil
		}
	}
	var names []string
	for _, s := range settings {
		prefix, family := strings.CutSuffix(s.Name, "*")
		if family && strings.HasPrefix(name, prefix) {
			s.Name = name
			return s, nil
		}
		if !family {
			names = append(names, s.Name)
		}
	}
	err := fault.New(fault.Invalid, "setting %q is not known", name)
	if near := fault.Near(name, names); near != "" {
		return Setting{}, err.WithHint("did you mean %q?", near)
	}
	return Setting{}, err.WithHint("Flink has no such key either; SET 'key' = 'value' takes Flink's keys only")
}

// check says what is wrong with a value, with an error that stands behind the setting's name.
func (s *Setting) check(value string) error {
	if len(s.OneOf) > 0 {
		for _, word := range s.OneOf {
			if strings.EqualFold(word, value) {
				return nil
			}
		}
		return fmt.Errorf("%q is none of %s", value, strings.Join(s.OneOf, ", "))
	}
	var err error
	switch s.Kind {
	case option.Bool:
		if !strings.EqualFold(value, "true") && !strings.EqualFold(value, "false") {
			err = fmt.Errorf("%q is neither true nor false", value)
		}
	case option.Int:
		if _, bad := strconv.ParseInt(strings.TrimSpace(value), 10, 64); bad != nil {
			err = fmt.Errorf("%q is no whole number", value)
		}
	case option.Float:
		if _, bad := strconv.ParseFloat(strings.TrimSpace(value), 64); bad != nil {
			err = fmt.Errorf("%q is no number", value)
		}
	case option.Duration:
		var d time.Duration
		if d, err = option.ParseDuration(value); err == nil && d < 0 {
			err = fmt.Errorf("%q is below 0", value)
		}
	case option.Size:
		_, err = option.ParseSize(value)
	}
	return err
}
