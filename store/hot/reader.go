package hot

import (
	"slices"
	"time"
)

// Reader answers with the newest values: a Hot, or what shares its values with other replicas. All
// methods are called concurrently.
type Reader interface {
	// Latest returns the latest point of every series of the named metrics, or of all if none is
	// named, in order of metric and tags.
	Latest(metrics ...string) []Point
	// Last returns the latest point of one series; ok is false if it has none.
	Last(metric string, tags ...Tag) (_ Point, ok bool)
	// Recent returns the kept points since a time, in order of metric and tags.
	Recent(since time.Time, metrics ...string) []Series
}

var _ Reader = (*Hot)(nil)

// SortPoints brings points into the order of Latest.
func SortPoints(points []Point) {
	slices.SortFunc(points, func(a, b Point) int { return compare(a.Metric, a.Tags, b.Metric, b.Tags) })
}

// SortSeries brings series into the order of Recent.
func SortSeries(series []Series) {
	slices.SortFunc(series, func(a, b Series) int { return compare(a.Metric, a.Tags, b.Metric, b.Tags) })
}
