package kafka

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// outcome is what a producer knows of a record that it sent.
type outcome string

const (
	ok      outcome = "ok"      // acknowledged
	failed  outcome = "failed"  // refused: it is nowhere
	unknown outcome = "unknown" // no answer: it is there once, or not
)

// record is where an id was read.
type record struct {
	id        int
	partition int32
	offset    int64
}

// place is a position in a topic.
type place struct {
	partition int32
	offset    int64
}

// ledger is what was sent to a topic, and in which transactions.
type ledger struct {
	sent  map[int]outcome
	at    map[int]place // of ids whose producer was told
	whole [][2]int      // first and last id of transactions, which are visible whole or not at all
	gone  [][2]int      // of those that must not be visible
}

func newLedger() *ledger { return &ledger{sent: map[int]outcome{}, at: map[int]place{}} }

// add enters what a client said.
func (l *ledger) add(events ...event) {
	for _, e := range events {
		switch e.Kind {
		case "sent":
			l.sent[e.ID] = e.Outcome
			if e.Outcome == ok && e.Offset >= 0 {
				l.at[e.ID] = place{e.Partition, e.Offset}
			}
		case "transaction":
			ids := [2]int{e.First, e.Last}
			l.whole = append(l.whole, ids)
			if e.Outcome != "committed" {
				l.gone = append(l.gone, ids)
			}
		}
	}
}

// ids enters the ids [first, first+count), which somebody else acknowledged.
func (l *ledger) ids(first, count int) *ledger {
	for id := first; id < first+count; id++ {
		l.sent[id] = ok
	}
	return l
}

// check holds what a reader of committed records saw, from the first record of the topic to its end, against what was
// sent, by the invariants I1, I2, I3, I4 and I6: none lost, unknown ones at most once, failed ones never, none twice,
// offsets that rise and are those that the producer was told, transactions whole or not there.
func (l *ledger) check(read []record) error {
	var wrong []string
	bad := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	seen, last := map[int]int{}, map[int32]int64{}
	for _, r := range read {
		seen[r.id]++
		if was, any := last[r.partition]; any && r.offset <= was {
			bad("partition %d: offset %d after %d", r.partition, r.offset, was)
		}
		last[r.partition] = r.offset
		if at, told := l.at[r.id]; told && at != (place{r.partition, r.offset}) {
			bad("id %d: its producer was told partition %d, offset %d, it is at %d, %d", r.id, at.partition, at.offset, r.partition, r.offset)
		}
		if _, known := l.sent[r.id]; !known {
			bad("id %d: nobody sent it", r.id)
		}
	}
	hidden := l.hidden()
	for id, o := range l.sent {
		switch n := seen[id]; {
		case n > 1:
			bad("id %d: read %d times", id, n)
		case n == 1 && (o == failed || hidden[id]):
			bad("id %d: read, though it was refused or aborted", id)
		case n == 0 && o == ok && !hidden[id]:
			bad("id %d: acknowledged and lost", id)
		}
	}
	wrong = append(wrong, l.torn(seen)...)
	if len(wrong) == 0 {
		return nil
	}
	slices.Sort(wrong)
	return fmt.Errorf("%d sent, %d read, %d wrong:\n%s", len(l.sent), len(read), len(wrong), strings.Join(wrong[:min(len(wrong), 10)], "\n"))
}

// hidden are the ids of transactions that did not commit.
func (l *ledger) hidden() map[int]bool {
	out := map[int]bool{}
	for _, ids := range l.gone {
		for id := ids[0]; id <= ids[1]; id++ {
			out[id] = true
		}
	}
	return out
}

// torn are transactions of which a part was seen.
func (l *ledger) torn(seen map[int]int) (wrong []string) {
	for _, ids := range l.whole {
		n := 0
		for id := ids[0]; id <= ids[1]; id++ {
			n += min(seen[id], 1)
		}
		if n != 0 && n != ids[1]-ids[0]+1 {
			wrong = append(wrong, fmt.Sprintf("transaction of ids %d to %d: %d of them are visible", ids[0], ids[1], n))
		}
	}
	return wrong
}

// TestLedgerFinds plants each kind of mistake: a check that cannot fail proves nothing.
func TestLedgerFinds(t *testing.T) {
	sent := func() *ledger {
		l := newLedger().ids(0, 10)
		l.sent[10], l.sent[11] = unknown, failed
		l.at[1] = place{1, 0}
		l.ids(20, 10)
		l.add(event{Kind: "transaction", First: 20, Last: 24, Outcome: "committed"}, event{Kind: "transaction", First: 25, Last: 29, Outcome: "aborted"})
		return l
	}
	good := func() (out []record) {
		for id := range 25 {
			if id < 10 || id >= 20 {
				out = append(out, record{id, int32(id % 2), int64(id / 2)})
			}
		}
		return out
	}
	if err := sent().check(good()); err != nil {
		t.Fatal(err)
	}
	if err := sent().check(append(good(), record{10, 0, 50})); err != nil {
		t.Errorf("one of unknown outcome that is there: %v", err)
	}
	f := func(want string, read []record) {
		t.Helper()
		if err := sent().check(read); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	f("acknowledged and lost", good()[1:])
	f("read 2 times", append(good(), record{3, 1, 99}))
	f("read 2 times", append(good(), record{10, 1, 99}, record{10, 1, 100}))
	f("refused or aborted", append(good(), record{11, 1, 99}))
	f("refused or aborted", append(good(), record{27, 1, 99}))
	f("nobody sent it", append(good(), record{77, 1, 99}))
	f("offset 0 after 12", append(good(), record{10, 0, 0}))
	moved := good()
	moved[1].partition = 0
	f("its producer was told", moved)
	f("4 of them are visible", good()[:len(good())-1])
}
