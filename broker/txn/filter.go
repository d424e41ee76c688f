package txn

import (
	"regexp"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// filter is what a client wants to see of a list of transactions.
type filter struct {
	states    []state
	any       bool     // no states were named
	unknown   []string // names of states that there are not
	producers []int64
	longer    int64 // milliseconds; < 0: all
	pattern   *regexp.Regexp
}

func newFilter(req *kmsg.ListTransactionsRequest) (*filter, error) {
	f := &filter{any: len(req.StateFilters) == 0, producers: req.ProducerIDFilters, longer: -1}
	if req.Version >= 1 {
		f.longer = req.DurationFilterMillis
	}
	for _, name := range req.StateFilters {
		found := false
		for s := empty; s <= dead; s++ {
			if s.String() == name {
				f.states, found = append(f.states, s), true
			}
		}
		if !found {
			f.unknown = append(f.unknown, name)
		}
	}
	if req.TransactionalIDPattern != nil && *req.TransactionalIDPattern != "" {
		re, err := regexp.Compile("^(?:" + *req.TransactionalIDPattern + ")$")
		if err != nil {
			return nil, kerr.InvalidRegularExpression
		}
		f.pattern = re
	}
	return f, nil
}

// takes says whether a transaction, open for some milliseconds, is to be listed; its gate is held.
func (f *filter) takes(t *transaction, open int64) bool {
	return (f.any || slices.Contains(f.states, t.state)) &&
		(len(f.producers) == 0 || slices.Contains(f.producers, t.producer)) &&
		(f.longer < 0 || open > f.longer) &&
		(f.pattern == nil || f.pattern.MatchString(t.id))
}
