package op

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"millrace/fault"
	"millrace/sql/plan"
)

// matchModel says by trying all ways which runs of rows a pattern fits. Row r fits step i if bit i of rows[r] is set.
type matchModel struct {
	steps  []plan.MatchStep
	rows   []int
	times  []int64
	within int64
}

func (m *matchModel) fits(step, row int) bool { return m.rows[row]>>step&1 == 1 }

// enter adds the steps that may take a row as their first, from step j on. A greedy step before takes it instead.
func (m *matchModel) enter(j, row int, to []int) []int {
	if j == len(m.steps) || j > 0 && m.steps[j-1].Greedy && m.chooses(j-1) && m.fits(j-1, row) {
		return to
	}
	if m.fits(j, row) {
		to = append(to, j)
	}
	if m.steps[j].Min == 0 {
		to = m.enter(j+1, row, to)
	}
	return to
}

func (m *matchModel) chooses(i int) bool {
	s := m.steps[i]
	return s.Min != s.Max && (s.Min != 0 || s.Max != 1)
}

// ways returns the matches that begin at a row, as the steps of their rows, and whether one may still come.
func (m *matchModel) ways(start int) (found []string, open bool) {
	var follow func(row, step, count int, taken string)
	follow = func(row, step, count int, taken string) {
		s := m.steps[step]
		enough := count >= max(s.Min, 1)
		if enough && step == len(m.steps)-1 {
			found = append(found, taken)
		}
		last := len(m.rows) - 1
		if m.within > 0 && m.times[min(row+1, last)]-m.times[start] >= m.within {
			return
		}
		if row == last {
			open = open || step < len(m.steps)-1 || s.Max < 0 || count < s.Max
			return
		}
		row++
		if (s.Max < 0 || count < s.Max) && m.fits(step, row) {
			follow(row, step, count+1, taken+fmt.Sprint(step))
		}
		if enough {
			for _, next := range m.enter(step+1, row, nil) {
				follow(row, next, 1, taken+fmt.Sprint(next))
			}
		}
	}
	for _, first := range m.enter(0, start, nil) {
		follow(start, first, 1, fmt.Sprint(first))
	}
	slices.SortStableFunc(found, func(a, b string) int { return len(a) - len(b) })
	return found, open
}

// matched is a match that the automaton gave: where it begins, and the steps of its rows.
type matched struct {
	start int
	steps string
}

// runMatcher runs the automaton over the rows of a model.
func runMatcher(t *testing.T, m *matchModel, skip plan.MatchSkip, skipTo int) (all []matched, err error) {
	t.Helper()
	a := newMatcher(&plan.Match{Pattern: m.steps, Skip: skip, SkipTo: skipTo, Within: m.within})
	held := make([]int, len(m.rows))
	a.fits = func(_ attempt, step, row int32) (bool, error) { return m.fits(int(step), int(row)), nil }
	a.number = func(row int32) int64 { return int64(row) }
	a.keep, a.free = func(row int32) { held[row]++ }, func(row int32) { held[row]-- }
	a.found = func(last int32, _ int64) error {
		var found matched
		for l := last; l >= 0; l = a.links[l].prev {
			found.start = int(a.links[l].row)
			found.steps = fmt.Sprint(a.links[l].step) + found.steps
		}
		all = append(all, found)
		return nil
	}
	var s search
	a.begin(&s)
	for row := range m.rows {
		if err := a.advance(&s, m.times[row]); err != nil {
			return all, err
		}
		if _, err := a.row(&s, int32(row), int64(row), m.times[row]); err != nil {
			return all, err
		}
	}
	for _, list := range []*attempts{&s.open, &s.done} {
		list.remove(notBegun, func(p attempt) { a.release(p.last) })
	}
	if a.live != 0 || slices.Max(held) != 0 {
		t.Fatalf("%d links and the rows %v are held by nothing", a.live, held)
	}
	return all, nil
}

// TestMatcherFindsWhatAllWaysSay compares the automaton with a search by trial: random patterns, rows and skips.
func TestMatcherFindsWhatAllWaysSay(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 11))
	matches := 0
	for range 30000 {
		m, skip := randomMatch(rng)
		skipTo := rng.IntN(len(m.steps))
		got, err := runMatcher(t, m, skip, skipTo)
		text := describeMatch(m, skip, skipTo)
		left, from := got, 0
		for start := 0; start < len(m.rows); start++ {
			ways, open := m.ways(start)
			switch {
			case start < from:
				continue
			case len(ways) == 0 && open:
				start = len(m.rows) // what has matched since waits for it
				continue
			case len(ways) == 0:
				continue
			}
			size := len(ways[0])
			if len(left) == 0 {
				if err == nil || !refuses(ways, size, skip, skipTo) {
					t.Fatalf("%s\ngave %v, %v: nothing from row %d on, where %v fit", text, got, err, start, ways)
				}
				break
			}
			one := left[0]
			if left = left[1:]; one.start != start || len(one.steps) != size || !slices.Contains(ways, one.steps) {
				t.Fatalf("%s\ngave %v, not one of %v from row %d on", text, got, ways, start)
			}
			matches++
			from = goesOn(one, skip, skipTo)
		}
		if len(left) > 0 {
			t.Fatalf("%s\ngave %v, of which %v should not be", text, got, left)
		}
	}
	if matches < 20000 {
		t.Errorf("only %d matches", matches)
	}
}

// goesOn is the row at which the search goes on.
func goesOn(one matched, skip plan.MatchSkip, skipTo int) int {
	switch skip {
	case plan.SkipPastLast:
		return one.start + len(one.steps)
	case plan.SkipToFirst:
		return one.start + strings.Index(one.steps, fmt.Sprint(skipTo))
	case plan.SkipToLast:
		return one.start + strings.LastIndex(one.steps, fmt.Sprint(skipTo))
	}
	return one.start + 1
}

// refuses says whether one of the shortest ways has no row to skip to, or only its first.
func refuses(ways []string, size int, skip plan.MatchSkip, skipTo int) bool {
	return skip >= plan.SkipToFirst && slices.ContainsFunc(ways, func(w string) bool {
		return len(w) == size && goesOn(matched{steps: w}, skip, skipTo) <= 0
	})
}

func randomMatch(rng *rand.Rand) (*matchModel, plan.MatchSkip) {
	m := &matchModel{}
	n := 1 + rng.IntN(4)
	for i := range n {
		s := plan.MatchStep{Name: fmt.Sprint("s", i), Min: 1, Max: 1, Greedy: true}
		if rng.IntN(3) > 0 {
			s.Min = rng.IntN(3)
			if s.Max = s.Min + rng.IntN(3); s.Max == 0 || rng.IntN(3) == 0 {
				s.Max = -1
			}
			s.Greedy = s.Min == 0 && s.Max == 1 || rng.IntN(2) == 0
		}
		if i == n-1 {
			s.Min, s.Greedy = max(s.Min, 1), false
		}
		m.steps = append(m.steps, s)
	}
	for range 1 + rng.IntN(9) {
		row := 0
		for i := range n {
			if rng.IntN(3) > 0 {
				row |= 1 << i
			}
		}
		m.rows = append(m.rows, row)
		m.times = append(m.times, int64(len(m.rows)*10+rng.IntN(10)))
	}
	if rng.IntN(3) == 0 {
		m.within = int64(10 + rng.IntN(50))
	}
	return m, plan.MatchSkip(rng.IntN(4))
}

func describeMatch(m *matchModel, skip plan.MatchSkip, skipTo int) string {
	var pattern []string
	for _, s := range m.steps {
		pattern = append(pattern, fmt.Sprintf("%s{%d,%d} greedy=%t", s.Name, s.Min, s.Max, s.Greedy))
	}
	return fmt.Sprintf("pattern %s over %b at %v within %d, skip %d to %d", strings.Join(pattern, " "), m.rows, m.times, m.within, skip, skipTo)
}

// TestMatcherHasALimit opens partial matches that never end.
func TestMatcherHasALimit(t *testing.T) {
	m := newMatcher(&plan.Match{Pattern: []plan.MatchStep{{Min: 1, Max: -1}, {Min: 1, Max: 1}}})
	m.limit = 1000
	m.fits = func(_ attempt, step, _ int32) (bool, error) { return step == 0, nil }
	m.keep, m.free = func(int32) {}, func(int32) {}
	var s search
	m.begin(&s)
	for row := range int32(1000) {
		if _, err := m.row(&s, row, int64(row), int64(row)); err != nil {
			if fault.HintOf(err) == "" {
				t.Errorf("%v: no hint", err)
			}
			return
		}
	}
	t.Error("no limit")
}
