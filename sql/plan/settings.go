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

// Settings are what SET changes: Flink's keys, checked, and their text. Readers give the defaults of what
// is unset.
type Settings struct {
	values option.Values
}

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
	known, err := setting(key)
	if err != nil {
		return err
	}
	if err := known.check(value); err != nil {
		return fault.New(fault.Invalid, "setting %q: %w", key, err)
	}
	if known.Name == keyZone {
		if _, err := zone(value); err != nil {
			return err
		}
	}
	s.values[known.Name] = value
	return nil
}

func (s *Settings) reset(key string) error {
	if key == "" {
		clear(s.values)
		return nil
	}
	known, err := setting(key)
	delete(s.values, known.Name)
	return err
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
	if n := s.values.Int(keyTasks); n > 0 {
		return int(n)
	}
	if n := s.values.Int(keyParallelism); n > 0 {
		return int(n)
	}
	return runtime.GOMAXPROCS(0)
}

// DropNulls says whether rows with NULL in a NOT NULL column of a sink are dropped instead of failing the job.
func (s Settings) DropNulls() bool { return strings.EqualFold(s.values[keyNotNull], "DROP") }

// IdleTimeout is how long a split without records holds event time back; 0: for ever.
func (s Settings) IdleTimeout() time.Duration { return s.values.Duration(keyIdle) }

// WatermarkInterval is by how much event time must advance to be passed on at once.
func (s Settings) WatermarkInterval() time.Duration {
	if s.values.Has(keyWatermarks) {
		return s.values.Duration(keyWatermarks)
	}
	return 200 * time.Millisecond
}

// StateTTL is after how long without change the state of a key is forgotten; 0: never.
func (s Settings) StateTTL() time.Duration { return s.values.Duration(keyTTL) }

// CDCDuplicates says whether a change log may repeat events, which the table's key must then remove.
func (s Settings) CDCDuplicates() bool { return s.values.Bool(keyDuplicates) }

// A LengthRule says what a sink does with text of another length than its CHAR(n), VARCHAR(n), BINARY(n)
// or VARBINARY(n) column has.
type LengthRule uint8

// The length rules.
const (
	LengthIgnored LengthRule = iota // it is written as it is
	LengthFitted                    // it is cut, or filled up with blanks (text) or zeros (bytes)
	LengthChecked                   // it fails the job
)

// TypeLength is what a sink does with text of another length than its column has.
func (s Settings) TypeLength() LengthRule {
	switch strings.ToUpper(s.values[keyLength]) {
	case "TRIM_PAD":
		return LengthFitted
	case "ERROR":
		return LengthChecked
	}
	return LengthIgnored
}

// A NestedRule says how deep within a sink's columns NOT NULL and lengths are looked at.
type NestedRule uint8

// The nested rules.
const (
	NestedIgnored NestedRule = iota // not within them
	NestedRows                      // in the fields of rows
	NestedAll                       // in rows, and in the elements of arrays and maps
)

// NestedConstraints is how deep a sink looks into its columns.
func (s Settings) NestedConstraints() NestedRule {
	switch strings.ToUpper(s.values[keyNested]) {
	case "ROWS":
		return NestedRows
	case "ROWS_AND_COLLECTIONS":
		return NestedAll
	}
	return NestedIgnored
}

// A MaterializeRule says when a sink with a key puts updates in order that come from different keys.
type MaterializeRule uint8

// The materialize rules.
const (
	MaterializeAuto  MaterializeRule = iota // where the keys of the input and of the sink differ
	MaterializeNone                         // never
	MaterializeForce                        // always
)

// UpsertMaterialize is when a sink with a key puts updates in order that come from different keys.
func (s Settings) UpsertMaterialize() MaterializeRule {
	switch strings.ToUpper(s.values[keyMaterialize]) {
	case "NONE":
		return MaterializeNone
	case "FORCE":
		return MaterializeForce
	}
	return MaterializeAuto
}

// EmitEarly says whether group windows answer before they end, and the time between two such answers;
// 0: one a row.
func (s Settings) EmitEarly() (time.Duration, bool) {
	return s.values.Duration(keyEarlyDelay), s.values.Bool(keyEarly)
}

// EmitLate says whether group windows answer again for late rows, and the time between two such answers;
// 0: one a row.
func (s Settings) EmitLate() (time.Duration, bool) {
	return s.values.Duration(keyLateDelay), s.values.Bool(keyLate)
}

// AllowLateness is for how long group windows wait for late rows: as set, or for as long as state is
// kept. Without late answers they do not wait.
func (s Settings) AllowLateness() time.Duration {
	if _, late := s.EmitLate(); !late {
		return 0
	}
	if s.values.Has(keyLateness) {
		return s.values.Duration(keyLateness)
	}
	return s.StateTTL()
}

// MiniBatch says whether aggregates may hold rows back to answer for several at once: for so many rows
// and so long at most.
func (s Settings) MiniBatch() (rows int64, latency time.Duration, on bool) {
	return s.values.Int(keyBatchSize), s.values.Duration(keyBatchDelay), s.values.Bool(keyMiniBatch)
}

// OptionsHint says whether the OPTIONS hint is allowed.
func (s Settings) OptionsHint() bool { return !s.values.Has(keyHints) || s.values.Bool(keyHints) }

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
