package api

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"millrace/fault"
)

// AnalyzeRequest asks for figures of a measurement over time.
type AnalyzeRequest struct {
	Measurement string     `json:"measurement" minLength:"1" maxLength:"512" pattern:"^[^\\x00-\\x1f\\x7f]+$" example:"cpu_core_usage"`
	Fields      []string   `json:"fields" minItems:"1" maxItems:"20" nullable:"false"`
	Aggregation string     `json:"aggregation,omitempty" enum:"avg,min,max,sum,count,first,last,p50,p95,p99,stddev,rate" doc:"avg if it is left out; rate is the increase in a second of a counter"`
	GroupBy     []string   `json:"group_by,omitempty" maxItems:"8" nullable:"false" doc:"Tags that tell series apart; the others are put together"`
	TimeRange   *TimeRange `json:"time_range,omitempty"`
	Start       Instant    `json:"start,omitempty" doc:"Instead of time_range: the first time"`
	End         Instant    `json:"end,omitempty" doc:"Instead of time_range: the first time that is not wanted"`
	Interval    string     `json:"interval,omitempty" pattern:"^(auto|([0-9]{1,9}m?s|[0-9]{1,7}m|[0-9]{1,5}h|[0-9]{1,4}d|[0-9]{1,3}w){1,3})?$" doc:"How long a point stands for; auto: by the range" example:"30s"`
	Filters     Filters    `json:"filters,omitempty"`
	Limit       int        `json:"limit,omitempty" minimum:"1" maximum:"200" nullable:"true" doc:"How many series at most, those with the largest mean; 20 if it is left out"`
	Compare     string     `json:"compare,omitempty" enum:"previous,1h,1d,7d" doc:"Beside each point the one of a time before: the range just before this one, or an hour, a day, a week ago"`
}

// AnalyzeAnswer are figures over time.
type AnalyzeAnswer struct {
	IntervalSeconds float64          `json:"interval_seconds"`
	From            time.Time        `json:"from"`
	Upto            time.Time        `json:"upto"`
	Series          []AnalyzedSeries `json:"series" nullable:"false" doc:"The largest by their mean first"`
	SeriesTotal     int              `json:"series_total" doc:"How many there are"`
	Truncated       bool             `json:"truncated" doc:"The limit left some out"`
	Rollup          string           `json:"rollup" enum:"1m,1h," doc:"Figures kept ready that the answer is made of, if it is"`
	Partial         bool             `json:"partial" doc:"Some of the data could not be reached"`
	Warnings        []string         `json:"warnings" nullable:"false"`
	TookMS          float64          `json:"took_ms"`
}

// AnalyzedSeries is one line of a chart.
type AnalyzedSeries struct {
	Field    string            `json:"field"`
	Tags     map[string]string `json:"tags" nullable:"false"`
	Points   Points            `json:"points"`
	Previous Points            `json:"previous,omitempty" doc:"Of the time compared with, at the times of this range"`
	Total    *float64          `json:"total" doc:"The figure of the whole range"`
}

// Points are the values of a series: pairs of the time, in milliseconds since 1970, and a number, or null
// where there is none.
type Points []Bucket

// MarshalJSON writes the pairs.
func (p Points) MarshalJSON() ([]byte, error) {
	out := make([]byte, 0, 2+len(p)*28)
	out = append(out, '[')
	for i, b := range p {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, '[')
		out = strconv.AppendInt(out, b.Time.UnixMilli(), 10)
		out = append(out, ',')
		if v := number(b.Value); v != nil {
			text, err := json.Marshal(*v)
			if err != nil {
				return nil, err
			}
			out = append(out, text...)
		} else {
			out = append(out, "null"...)
		}
		out = append(out, ']')
	}
	return append(out, ']'), nil
}

// Schema describes Points.
func (Points) Schema(huma.Registry) *huma.Schema {
	two := 2
	return &huma.Schema{
		Type: huma.TypeArray, Description: "Pairs of a time, in milliseconds since 1970, and a value, or null where there is none",
		Items: &huma.Schema{
			Type: huma.TypeArray, MinItems: &two, MaxItems: &two,
			Items: &huma.Schema{AnyOf: []*huma.Schema{{Type: huma.TypeNumber}, {Type: "null"}}},
		},
	}
}

// number is v, or nil where JSON has no number for it.
func number(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// Bounds of an analysis. A chart is about a thousand pixels wide, so that more buckets than autoBuckets
// show nothing more.
const (
	defaultSeries = 20
	autoBuckets   = 300
	maxBuckets    = 10_000
	maxPoints     = 500_000
	// compareSeries is how many series of the time before are asked for, to find those that are shown.
	compareSeries = 1000
)

func (s *Server) addAnalyze(api huma.API) {
	p := part{s, api, s.deps.Analysis != nil, "analysis"}
	type analyzeInput struct{ Body AnalyzeRequest }
	type analyzeOutput struct{ Body AnalyzeAnswer }
	registerPart(p, huma.Operation{
		OperationID: "analyze", Method: http.MethodPost, Path: "/api/analyze", Tags: []string{"data"},
		Summary:     "Figures of a measurement over time",
		Description: "By fields, tags, interval and function, and compared with an earlier time.",
		RequestBody: sample(map[string]any{
			"measurement": "cpu_core_usage", "fields": []string{"value"}, "aggregation": "avg", "group_by": []string{"core"}, "time_range": "-15m", "interval": "auto",
		}),
	}, func(ctx context.Context, in *analyzeInput) (*analyzeOutput, error) {
		began := time.Now()
		a, err := s.analyze(ctx, &in.Body, began)
		if err != nil {
			return nil, err
		}
		a.TookMS = rounded(time.Since(began).Seconds() * 1000)
		return &analyzeOutput{a}, nil
	})
}

func (s *Server) analyze(ctx context.Context, r *AnalyzeRequest, now time.Time) (AnalyzeAnswer, error) {
	q, err := r.aggregation(now)
	if err != nil {
		return AnalyzeAnswer{}, err
	}
	leave, err := s.gates.query.enter(ctx)
	if err != nil {
		return AnalyzeAnswer{}, err
	}
	defer leave()
	found, err := s.deps.Analysis.Aggregate(ctx, q)
	if err != nil {
		return AnalyzeAnswer{}, err
	}
	a := AnalyzeAnswer{
		IntervalSeconds: q.Interval.Seconds(), From: q.From.UTC(), Upto: q.Upto.UTC(), Series: []AnalyzedSeries{},
		SeriesTotal: max(found.SeriesTotal, len(found.Series)), Rollup: found.Rollup,
	}
	warnings := slices.Clone(found.Warnings)
	for _, one := range found.Series[:min(q.Limit, len(found.Series))] {
		tags := one.Tags
		if tags == nil {
			tags = map[string]string{}
		}
		a.Series = append(a.Series, AnalyzedSeries{Field: one.Field, Tags: tags, Points: q.whole(one.Points), Total: number(one.Total)})
	}
	if shift := r.shift(&q); shift > 0 && len(a.Series) > 0 {
		before, err := s.before(ctx, q, a.Series, shift)
		if err != nil {
			return AnalyzeAnswer{}, err
		}
		found.Partial = found.Partial || before.Partial
		warnings = append(warnings, before.Warnings...)
	}
	slices.Sort(warnings)
	a.Warnings = orEmpty(slices.Compact(warnings))
	a.Truncated, a.Partial = a.SeriesTotal > len(a.Series), found.Partial
	return a, nil
}

// aggregation is the request with its times, filters and interval understood.
func (r *AnalyzeRequest) aggregation(now time.Time) (q Aggregation, err error) {
	q = Aggregation{
		Measurement: r.Measurement, Fields: r.Fields, Function: r.Aggregation, GroupBy: slices.Compact(slices.Sorted(slices.Values(r.GroupBy))), Limit: r.Limit,
	}
	if q.Function == "" {
		q.Function = "avg"
	}
	if q.Limit == 0 {
		q.Limit = defaultSeries
	}
	for _, name := range slices.Concat(r.Fields, r.GroupBy) {
		if name == "" || len(name) > 512 || hasNUL(name) {
			return q, fault.New(fault.Invalid, "%q is no name of a field or tag", cut(name))
		}
	}
	if q.From, q.Upto, err = r.TimeRange.bounds(string(r.Start), string(r.End), now); err != nil {
		return q, err
	}
	var picked []string
	if q.Filters, picked, err = r.Filters.parse(); err != nil {
		return q, err
	}
	if len(picked) > 0 {
		return q, fault.New(fault.Invalid, "fields are picked by fields and by a filter").WithHint("leave %q out of the filters", fieldKey)
	}
	q.Interval, err = r.interval(q.Upto.Sub(q.From))
	if err != nil {
		return q, err
	}
	if n := q.buckets(); n > maxBuckets || n*q.Limit > maxPoints {
		return q, fault.New(fault.Invalid, "%d points for each of %d series are too many: %d of one, %d of all is the most", n, q.Limit, maxBuckets, maxPoints).
			WithHint(`take a longer interval, or "auto"`)
	}
	return q, nil
}

// interval is the one asked for, or for auto the shortest of the usual ones that does not make too many
// buckets.
func (r *AnalyzeRequest) interval(span time.Duration) (time.Duration, error) {
	if r.Interval != "" && r.Interval != "auto" {
		d, err := parseSpan(r.Interval)
		if err != nil || d <= 0 {
			return 0, fault.New(fault.Invalid, "interval %q is no length of time", cut(r.Interval)).WithHint(`write "auto", or a length as "30s", "1m", "1h"`)
		}
		return d, nil
	}
	day := 24 * time.Hour
	steps := []time.Duration{
		time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
		time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
		time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, day, 7 * day, 30 * day,
	}
	for _, step := range steps {
		if span/step <= autoBuckets {
			return step, nil
		}
	}
	return (span/autoBuckets/day + 1) * day, nil
}

// first is when the bucket begins that From is in.
func (q *Aggregation) first() time.Time {
	ms, step := q.From.UnixMilli(), q.Interval.Milliseconds()
	rest := ms % step
	if rest < 0 {
		rest += step
	}
	return time.UnixMilli(ms - rest).UTC()
}

// buckets is how many intervals the range touches.
func (q *Aggregation) buckets() int {
	if !q.Upto.After(q.From) {
		return 0
	}
	return int((q.Upto.UnixMilli()-1-q.first().UnixMilli())/q.Interval.Milliseconds()) + 1
}

// whole returns a point for every bucket of the range; those that were left out have no value, so that
// a chart shows a gap.
func (q *Aggregation) whole(found []Bucket) Points {
	first, step := q.first().UnixMilli(), q.Interval.Milliseconds()
	out := make(Points, q.buckets())
	for i := range out {
		out[i] = Bucket{time.UnixMilli(first + int64(i)*step), math.NaN()}
	}
	for _, b := range found {
		if i := (b.Time.UnixMilli() - first) / step; b.Time.UnixMilli() >= first && i < int64(len(out)) {
			out[i].Value = b.Value
		}
	}
	return out
}

// shift is how far back to compare with, 0 for not at all. The range before this one is so many
// whole intervals back that points stand above each other.
func (r *AnalyzeRequest) shift(q *Aggregation) time.Duration {
	switch r.Compare {
	case "previous":
		span := q.Upto.Sub(q.From)
		return (span + q.Interval - 1) / q.Interval * q.Interval
	case "1h":
		return time.Hour
	case "1d":
		return 24 * time.Hour
	case "7d":
		return 7 * 24 * time.Hour
	}
	return 0
}

// before fills in the points of an earlier time for the series that are shown.
func (s *Server) before(ctx context.Context, q Aggregation, shown []AnalyzedSeries, shift time.Duration) (found Aggregated, err error) {
	q.From, q.Upto, q.Limit = q.From.Add(-shift), q.Upto.Add(-shift), compareSeries
	q.Filters = slices.Concat(q.Filters, onlyShown(q.GroupBy, shown))
	found, err = s.deps.Analysis.Aggregate(ctx, q)
	if err != nil {
		return found, err
	}
	key := func(field string, tags map[string]string) string {
		parts := []string{field}
		for _, tag := range q.GroupBy {
			parts = append(parts, tags[tag])
		}
		return strings.Join(parts, "\x00")
	}
	old := map[string][]Bucket{}
	for _, one := range found.Series {
		old[key(one.Field, one.Tags)] = one.Points
	}
	for i := range shown {
		shown[i].Previous = q.whole(old[key(shown[i].Field, shown[i].Tags)])
		for j := range shown[i].Previous {
			b := &shown[i].Previous[j]
			b.Time = b.Time.Add(shift)
		}
	}
	return found, nil
}

// onlyShown are filters that let through the tags of the series that are shown, and few others.
func onlyShown(groupBy []string, shown []AnalyzedSeries) (filters []Filter) {
	for _, tag := range groupBy {
		seen := map[string]bool{}
		for _, one := range shown {
			seen[one.Tags[tag]] = true
		}
		if seen[""] {
			continue // no filter finds rows without the tag
		}
		f := Filter{Column: tag, Op: "in"}
		for _, v := range names(seen) {
			f.Values = append(f.Values, v)
		}
		filters = append(filters, f)
	}
	return filters
}
