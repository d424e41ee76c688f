package bustest

import (
	"fmt"

	"millrace/bus"
)

// firstAndLast looks at both ends of a partition in which every record has a marker behind it, and every
// other record is aborted.
func (s *suite) firstAndLast() {
	topic := s.topic(2)
	txn, err := s.bus.OpenTransaction(s.ctx, topic, bus.TransactionConfig{})
	s.must(err)
	defer txn.Close()
	for i := range 20 {
		s.must(txn.Begin())
		rec := bus.Record{Topic: topic, Value: fmt.Appendf(nil, "%d", i), Headers: []bus.Header{{Key: "n", Value: []byte("x")}}}
		bus.ToPartition(&rec, 1)
		s.must(txn.Produce(s.ctx, []bus.Record{rec}))
		if i%2 == 1 {
			s.must(txn.Abort(s.ctx))
			continue
		}
		_, err := txn.Commit(s.ctx)
		s.must(err)
	}
	f := func(name string, got []bus.Record, err error, want ...string) {
		s.Helper()
		s.must(err)
		var values []string
		for _, r := range got {
			values = append(values, string(r.Value))
			if len(r.Headers) != 1 || r.Headers[0].Key != "n" {
				s.Errorf("%s: headers %v", name, r.Headers)
			}
		}
		if fmt.Sprint(values) != fmt.Sprint(want) {
			s.Errorf("%s: %v, want %v", name, values, want)
		}
	}
	got, err := s.bus.Last(s.ctx, topic, 3)
	f("last 3", got, err, "14", "16", "18")
	got, err = s.bus.First(s.ctx, topic, 3)
	f("first 3", got, err, "0", "2", "4")
	got, err = s.bus.Last(s.ctx, topic, 1000)
	f("all", got, err, "0", "2", "4", "6", "8", "10", "12", "14", "16", "18")
}
