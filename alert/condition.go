package alert

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"millrace/fault"
	"millrace/notify"
)

// Point is the newest value of a series.
type Point struct {
	Labels map[string]string
	Value  float64
	At     time.Time
}

// Source is where rules look. Its methods may be called from several goroutines.
type Source interface {
	// Latest returns the newest point of each series of a metric; none if the metric is not known.
	Latest(ctx context.Context, metric string) ([]Point, error)
	// Query runs a SELECT over what is stored and returns limit rows at most.
	Query(ctx context.Context, sql string, limit int) (columns []string, rows [][]any, err error)
}

// Condition is something that is wrong at this moment.
type Condition struct {
	Labels    map[string]string `json:"labels"`
	Value     float64           `json:"value"`
	Threshold float64           `json:"threshold"`
	Level     notify.Level      `json:"level"`
}

const (
	maxConditions = 500     // of a rule: more is not read by anybody, and is a rule that should aggregate
	maxLabelBytes = 400_000 // of all conditions of a rule, so that its state fits one record
)

// reading is what an evaluation found about one series.
type reading struct {
	id        string
	labels    map[string]string
	value     float64
	threshold float64
	op        string // empty: there is no threshold
	holds     bool
	level     notify.Level
	absent    bool // it is a condition that there is no data
}

// evaluate looks at what a rule watches. For SQL all readings hold; for a metric there is one of each series
// that has data.
func evaluate(ctx context.Context, src Source, r Rule, now time.Time) ([]reading, error) {
	var found []reading
	var err error
	if r.SQL != "" {
		found, err = evaluateSQL(ctx, src, r)
	} else {
		found, err = evaluateMetric(ctx, src, r, now)
	}
	if err != nil {
		return nil, err
	}
	held, bytes := 0, 0
	seen := map[string]bool{}
	for i := range found {
		f := &found[i]
		f.id = fingerprint(r.Name, f.labels)
		if seen[f.id] {
			return nil, fault.New(fault.Invalid, "two conditions have the same labels {%s}", notify.Cut(notify.Labels(f.labels), 200)).
				WithHint("add the column that tells them apart, or aggregate them")
		}
		seen[f.id] = true
		if f.holds {
			held++
			bytes += len(notify.Labels(f.labels))
		}
	}
	if held > maxConditions || bytes > maxLabelBytes {
		return nil, fault.New(fault.Limit, "%d conditions hold, %d at most are taken", held, maxConditions).
			WithHint("aggregate, or watch fewer series")
	}
	return found, nil
}

func evaluateSQL(ctx context.Context, src Source, r Rule) ([]reading, error) {
	columns, rows, err := src.Query(ctx, r.SQL, maxConditions+1)
	if err != nil {
		return nil, err
	}
	column := func(name string) int {
		return slices.IndexFunc(columns, func(c string) bool { return strings.EqualFold(c, name) })
	}
	at, limit := column("value"), column("threshold")
	if at < 0 {
		return nil, fault.New(fault.Invalid, "the SQL has no column value").WithHint("name the figure: SELECT avg(value) AS value, host FROM …")
	}
	var found []reading
	for _, row := range rows {
		if row[at] == nil {
			continue // no value, no condition
		}
		f := reading{labels: maps.Clone(r.Labels), holds: true}
		if f.value, err = number(row[at]); err != nil {
			return nil, fault.New(fault.Invalid, "column value of the SQL: %w", err)
		}
		switch {
		case limit >= 0 && row[limit] != nil:
			if f.threshold, err = number(row[limit]); err != nil {
				return nil, fault.New(fault.Invalid, "column threshold of the SQL: %w", err)
			}
			f.op = r.Op
		case r.Threshold != nil:
			f.threshold, f.op = *r.Threshold, r.Op
		}
		for i, name := range columns {
			if i != at && i != limit && row[i] != nil {
				f.labels = with(f.labels, name, text(row[i]))
			}
		}
		f.level = r.levelOf(f.value, f.threshold, f.op)
		found = append(found, f)
	}
	return found, nil
}

func evaluateMetric(ctx context.Context, src Source, r Rule, now time.Time) ([]reading, error) {
	points, err := src.Latest(ctx, r.Metric)
	if err != nil {
		return nil, err
	}
	var fresh []Point
	var found []reading
	for _, p := range points {
		// A point of the future comes from a clock that is off; it is the newest there is.
		if math.IsNaN(p.Value) || now.Sub(p.At) > r.StaleAfter.Std() {
			if r.NoData == NoDataAlert && r.Aggregate == "" {
				found = append(found, r.nothing(p.Labels))
			}
			continue
		}
		fresh = append(fresh, p)
	}
	if len(points) == 0 || len(fresh) == 0 && r.Aggregate != "" {
		if r.NoData == NoDataAlert {
			found = append(found, r.nothing(nil))
		}
		return found, nil
	}
	if r.Aggregate != "" {
		fresh = []Point{{Value: aggregate(r.Aggregate, fresh)}}
	}
	for _, p := range fresh {
		v := finite(p.Value)
		f := reading{labels: joined(p.Labels, r.Labels), value: v, threshold: *r.Threshold, op: r.Op, holds: holds(r.Op, v, *r.Threshold)}
		f.level = r.levelOf(f.value, f.threshold, f.op)
		found = append(found, f)
	}
	return found, nil
}

// nothing is the condition that there is no data.
func (r Rule) nothing(labels map[string]string) reading {
	level := r.Level
	if level == "" {
		level = notify.Warning
	}
	return reading{labels: with(joined(labels, r.Labels), "no_data", "true"), holds: true, level: level, absent: true}
}

// levelOf is the level of a condition: the rule's, or by how far the value is beyond the threshold.
func (r Rule) levelOf(value, threshold float64, op string) notify.Level {
	switch {
	case r.Level != "":
		return r.Level
	case op == "":
		return notify.Warning
	case strings.HasPrefix(op, "<"):
		// The lower the worse: nothing left of something is infinitely below it.
		if threshold > 0 && value <= 0 {
			return notify.Critical
		}
		return LevelOf(threshold, value)
	}
	return LevelOf(value, threshold)
}

// LevelOf returns the level by the ratio of a value and its threshold: more than 1.5 is critical, more than 1.2 an
// error, less a warning. Where there is no ratio, as the threshold is not above zero, it is a warning.
func LevelOf(value, threshold float64) notify.Level {
	if threshold <= 0 {
		return notify.Warning
	}
	switch ratio := value / threshold; {
	case ratio > 1.5:
		return notify.Critical
	case ratio > 1.2:
		return notify.Error
	}
	return notify.Warning
}

func holds(op string, value, threshold float64) bool {
	switch op {
	case ">":
		return value > threshold
	case ">=":
		return value >= threshold
	case "<":
		return value < threshold
	case "<=":
		return value <= threshold
	}
	return false
}

// aggregate is one value of several, of which there is at least one.
func aggregate(how string, points []Point) float64 {
	v, newest := points[0].Value, points[0].At
	for _, p := range points[1:] {
		switch how {
		case "avg":
			v += p.Value
		case "max":
			v = max(v, p.Value)
		case "min":
			v = min(v, p.Value)
		case "last":
			if p.At.After(newest) {
				v, newest = p.Value, p.At
			}
		}
	}
	if how == "avg" {
		return v / float64(len(points))
	}
	return v
}

// finite makes infinity a number that JSON has.
func finite(v float64) float64 { return max(min(v, math.MaxFloat64), -math.MaxFloat64) }

// joined are labels of a series and those of its rule, which win.
func joined(series, rule map[string]string) map[string]string {
	var out map[string]string
	for name, value := range series {
		out = with(out, name, value)
	}
	for name, value := range rule {
		out = with(out, name, value)
	}
	return out
}

// with adds a label within the bounds: what is longer is cut, what is more is left out.
func with(labels map[string]string, name, value string) map[string]string {
	if labels == nil {
		labels = map[string]string{}
	}
	if reserved(name) {
		name += "_"
	}
	if _, ok := labels[name]; ok || len(labels) < maxLabels {
		labels[notify.Cut(name, maxLabelName)] = notify.Cut(strings.ToValidUTF8(value, "?"), maxLabelValue)
	}
	return labels
}

// number reads a cell of a query as a number.
func number(cell any) (float64, error) {
	switch v := cell.(type) {
	case float64:
		if math.IsNaN(v) {
			return 0, fault.New(fault.Invalid, "it is not a number (NaN)")
		}
		return finite(v), nil
	case float32:
		return number(float64(v))
	case int:
		return float64(v), nil
	case int8:
		return float64(v), nil
	case int16:
		return float64(v), nil
	case int32:
		return float64(v), nil
	case int64:
		return float64(v), nil
	case uint8:
		return float64(v), nil
	case uint16:
		return float64(v), nil
	case uint32:
		return float64(v), nil
	case uint64:
		return float64(v), nil
	case bool:
		if v {
			return 1, nil
		}
		return 0, nil
	}
	// Decimals and integers of more than 64 bits come as texts or with a String method.
	v, err := strconv.ParseFloat(text(cell), 64)
	if err != nil || math.IsNaN(v) {
		return 0, fault.New(fault.Invalid, "%q is no number", notify.Cut(text(cell), 40))
	}
	return finite(v), nil
}

// text is a cell of a query as a label.
func text(cell any) string {
	switch v := cell.(type) {
	case string:
		return v
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case []byte:
		return string(v)
	}
	return fmt.Sprint(cell)
}
