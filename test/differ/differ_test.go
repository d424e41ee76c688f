package differ

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"millrace/test/sql"
)

var (
	seeds = flag.String("seeds", "1-100", "the scripts to compare: one number, or first-last")
	show  = flag.Bool("show", false, "write the scripts of -seeds, with Millrace's answers, to standard output")
)

const recorded = "testdata/answers.jsonl.gz"

// of returns rows such that two answers that are the same in this order are equal.
func (o Order) of(rows []string) []string {
	return map[Order]sql.Order{InOrder: sql.InOrder, Sorted: sql.Sorted, Folded: sql.Folded}[o].Of(rows)
}

// TestRecorded compares Millrace with the answers that were recorded.
func TestRecorded(t *testing.T) {
	answers, err := Load(recorded)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range answers {
		t.Run(fmt.Sprint(a.Seed), func(t *testing.T) {
			t.Parallel()
			s := Generate(a.Seed)
			if s.Digest() != a.Script {
				t.Fatal("the seed gives another script than when Flink's answer was recorded: record anew (doc.go)")
			}
			compare(t, s, a)
		})
	}
}

// TestShow writes scripts, if asked to.
func TestShow(t *testing.T) {
	if !*show {
		return
	}
	for _, seed := range wanted(t) {
		s := Generate(seed)
		rows, err := ways(s)[0].run(t, s)
		fmt.Fprintln(os.Stdout, s.Golden(rows))
		if err != nil {
			fmt.Fprintln(os.Stdout, "-- fails:", err)
		}
	}
}

func wanted(t *testing.T) []uint64 {
	t.Helper()
	var first, last uint64
	if n, _ := fmt.Sscanf(*seeds, "%d-%d", &first, &last); n < 1 {
		t.Fatalf("-seeds: want FIRST-LAST, got %q", *seeds)
	} else if n == 1 {
		last = first
	}
	var all []uint64
	for ; first <= last; first++ {
		all = append(all, first)
	}
	return all
}

// compare runs a script in several ways and holds each answer against Flink's.
func compare(t *testing.T, s *Script, a Answer) {
	t.Helper()
	for _, w := range ways(s) {
		rows, err := w.run(t, s)
		said := ""
		if err != nil {
			said = err.Error()
		}
		order := s.Order
		if w.parallelism > 1 {
			order = s.Wide
		}
		if err != nil && a.Error != "" || err == nil && a.Error == "" && slices.Equal(order.of(a.Rows), order.of(rows)) {
			continue
		}
		folds := err == nil && a.Error == "" && slices.Equal(Folded.of(a.Rows), Folded.of(rows))
		if d := deviation(s, a, folds); err == nil && d != nil {
			t.Logf("differs by decision: %s", d.Reason)
			continue
		}
		t.Fatalf("seed %d, %s:\n%s\n%s", s.Seed, w, s.Golden(nil), difference(order, a, rows, said))
	}
}

// deviation is the decision behind a difference, if there is one.
func deviation(s *Script, a Answer, folds bool) *Deviation {
	for _, d := range Deviations() {
		if d.Fits(s, a.Error, folds) {
			return &d
		}
	}
	return nil
}

// difference tells the rows that only one of the two gave.
func difference(order Order, a Answer, rows []string, said string) string {
	switch {
	case a.Error != "":
		return fmt.Sprintf("Flink fails: %s\nMillrace gives %d rows", a.Error, len(rows))
	case said != "":
		return fmt.Sprintf("Millrace fails: %s\nFlink gives %d rows", said, len(a.Rows))
	}
	f, m := order.of(a.Rows), order.of(rows)
	var b strings.Builder
	count := map[string]int{}
	for _, r := range m {
		count[r]++
	}
	for _, r := range f {
		if count[r]--; count[r] < 0 {
			b.WriteString("- Flink     " + r + "\n")
		}
	}
	for _, r := range m {
		if count[r] > 0 {
			count[r]--
			b.WriteString("+ Millrace  " + r + "\n")
		}
	}
	fmt.Fprintf(&b, "%d and %d rows", len(f), len(m))
	if b.Len() < 40 {
		fmt.Fprintf(&b, ", in another order:\n%s\nand\n%s", strings.Join(f, "\n"), strings.Join(m, "\n"))
	}
	return b.String()
}
