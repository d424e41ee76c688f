// Package bustest is the contract of package bus as tests, to be run against every kind of cluster
// that it must work with: the embedded broker, franz-go's kfake, and a real Apache Kafka.
package bustest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"millrace/bus"
)

// Difference is something that a cluster does not do as Kafka does it.
type Difference string

// ConfigsUnchecked: settings of topics are taken whatever their values are (kfake).
const ConfigsUnchecked Difference = "configs unchecked"

// Run checks that package bus keeps its promises on a cluster. open returns a Bus on it, a new one
// each time; the cluster may be in use by others, every test makes topics of its own. What rests on
// one of the differences is left out.
func Run(t *testing.T, open func(t *testing.T, cfg bus.Config) *bus.Bus, differences ...Difference) {
	lacks := map[Difference]bool{}
	for _, d := range differences {
		lacks[d] = true
	}
	for name, test := range map[string]func(*suite){
		"Topics":             (*suite).topics,
		"Records":            (*suite).records,
		"Codecs":             (*suite).codecs,
		"Producer":           (*suite).producer,
		"ReaderWaits":        (*suite).readerWaits,
		"ReaderMoves":        (*suite).readerMoves,
		"ReaderOutOfRange":   (*suite).readerOutOfRange,
		"Transactions":       (*suite).transactions,
		"TransactionHolds":   (*suite).transactionHolds,
		"TransactionFencing": (*suite).transactionFencing,
		"RandomTransactions": (*suite).randomTransactions,
		"Latest":             (*suite).latest,
		"FirstAndLast":       (*suite).firstAndLast,
		"Groups":             (*suite).groups,
		"ClassicGroup":       (*suite).classicGroup,
		"ConsumerGroup":      (*suite).consumerGroup,
		"TopicDetail":        (*suite).topicDetail,
		"Find":               (*suite).find,
		"Tail":               (*suite).tail,
		"Table":              (*suite).table,
		"Work":               (*suite).work,
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			test(&suite{T: t, ctx: ctx, open: open, bus: open(t, bus.Config{}), lacks: lacks})
		})
	}
}

// suite is one test and what it works with.
type suite struct {
	*testing.T
	ctx  context.Context
	open func(*testing.T, bus.Config) *bus.Bus
	bus  *bus.Bus

	lacks map[Difference]bool
}

// must ends the test on an error.
func (s *suite) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// topic makes a topic with a name of its own.
func (s *suite) topic(partitions int) string {
	s.Helper()
	name := fmt.Sprintf("%s-%d", strings.ReplaceAll(s.Name(), "/", "."), time.Now().UnixNano())
	created, err := s.bus.Ensure(s.ctx, name, partitions, nil)
	s.must(err)
	if !created {
		s.Fatalf("topic %s was there", name)
	}
	return name
}

// append writes values without keys, one after the other.
func (s *suite) append(topic string, values ...string) {
	s.Helper()
	recs := make([]bus.Record, len(values))
	for i, v := range values {
		recs[i] = bus.Record{Topic: topic, Value: []byte(v)}
	}
	s.must(s.bus.Append(s.ctx, recs))
}

// numbers returns "from" to "upto"-1 as texts.
func numbers(from, upto int) []string {
	var out []string
	for i := from; i < upto; i++ {
		out = append(out, fmt.Sprint(i))
	}
	return out
}

// reader starts a reader that ends with the test.
func (s *suite) reader(cfg bus.ReaderConfig) *bus.Reader {
	s.Helper()
	r, err := s.bus.NewReader(cfg)
	s.must(err)
	ctx, cancel := context.WithCancel(s.ctx)
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	s.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			s.Errorf("Run: %v", err)
		}
		r.Close()
	})
	return r
}

// read returns the values of one-partition topic, in order, from an offset to where the cluster says
// that it ends now: its end, or for committed records the end of what is decided.
func (s *suite) read(topic string, committed bool, from int64) []string {
	s.Helper()
	end := s.bus.EndOffsets
	if committed {
		end = s.bus.StableOffsets
	}
	upto, err := end(s.ctx, topic)
	s.must(err)
	if len(upto) != 1 {
		s.Fatalf("%d partitions, want 1", len(upto))
	}
	p := s.reader(bus.ReaderConfig{Committed: committed}).Add(topic, 0, from)
	var values []string
	for at := from; at < upto[0]; {
		f, err := p.Poll(s.ctx)
		s.must(err)
		for f.Next() {
			values = append(values, string(f.Raw.Value))
		}
		s.must(f.Err())
		at = f.After
	}
	return values
}
