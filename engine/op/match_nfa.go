package op

import (
	"math"
	"slices"

	"millrace/fault"
	"millrace/sql/plan"
)

// automaton is a pattern as states with edges between them, as Flink's CEP library builds it: matches must be the
// same where a pattern fits the same rows in several ways.
type automaton struct {
	states [][]edge // the first is the final one
	start  int32
}

// edge leads from a state of one step of the pattern to another state: by taking the row at hand, or as it is.
type edge struct {
	take   bool
	to     int32
	step   int32 // that takes the row
	guards []guard
}

// guard is a condition of an edge: that a step lets the row at hand through, or does not.
type guard struct {
	step int32
	not  bool
}

const finalState = 0

// newAutomaton builds the states from the last step of a pattern to the first.
func newAutomaton(pattern []plan.MatchStep) *automaton {
	a := &automaton{states: make([][]edge, 1)}
	for i, s := range slices.Backward(pattern) {
		a.start = a.add(int32(i), s, a.start)
	}
	return a
}

// add adds the states of a step before state sink, and returns the first of them.
func (a *automaton) add(step int32, s plan.MatchStep, sink int32) int32 {
	from, optional := max(s.Min, 1), s.Min == 0
	greedy := s.Greedy && s.Min != s.Max && !(s.Min == 0 && s.Max == 1)
	first := sink
	if greedy {
		a.yield(sink, step)
	}
	if s.Max < 0 {
		// The state that takes any number of rows more.
		first = a.state()
		a.states[first] = []edge{{to: sink}, {take: true, to: first, step: step, guards: []guard{{step: step}}}}
	}
	for range max(s.Max-from, 0) {
		first = a.single(step, first, sink, true)
	}
	for range from - 1 {
		first = a.single(step, first, sink, false)
	}
	return a.single(step, first, sink, optional)
}

func (a *automaton) state() int32 {
	a.states = append(a.states, nil)
	return int32(len(a.states) - 1)
}

// single adds a state that takes one row on to next, or if it is optional none on to sink.
func (a *automaton) single(step, next, sink int32, optional bool) int32 {
	at := a.state()
	a.states[at] = []edge{{take: true, to: next, step: step, guards: []guard{{step: step}}}}
	if optional {
		a.states[at] = append(a.states[at], edge{to: sink})
	}
	return at
}

// yield makes the edges of a state wait for rows that the step before does not take.
func (a *automaton) yield(state, step int32) {
	for i := range a.states[state] {
		e := &a.states[state][i]
		e.guards = append(slices.Clone(e.guards), guard{step: step, not: true})
	}
}

// link is one row of matches so far, behind the row that it came after.
type link struct {
	row, step int32
	prev      int32 // -1: it is the first
	refs      int32 // partial matches and links that hold it
}

// search is what is known of one key: its partial matches, and the matches that wait for one that began before them.
type search struct {
	open, done attempts
}

// matcher runs an automaton over rows, key by key. Its owner says whether a row fits a step, and what becomes of
// matches and of rows that no partial match holds any more.
type matcher struct {
	*automaton
	skip   plan.MatchSkip
	skipTo int32
	within int64
	limit  int // of links

	fits   func(at attempt, step, row int32) (bool, error)
	found  func(last int32, at int64) error
	keep   func(row int32)       // a link holds a row, and
	free   func(row int32)       // lets it go
	number func(row int32) int64 // a row's place in the order of its key's

	links []link
	spare int32 // a free link, -1: none
	live  int

	next, ended attempts
	verdicts    []int8 // by step, of the partial match at hand: 0 unknown, 1 fits, -1 does not
	todo        []int32
	takes       []edge
}

func newMatcher(n *plan.Match) *matcher {
	return &matcher{
		automaton: newAutomaton(n.Pattern), skip: n.Skip, skipTo: int32(n.SkipTo), within: n.Within, limit: maxLinks, spare: -1,
		verdicts: make([]int8, len(n.Pattern)),
	}
}

// begin makes a search ready for its first row.
func (m *matcher) begin(s *search) {
	if len(s.open) == 0 {
		s.open.push(attempt{state: m.start, last: -1, first: notBegun})
	}
}

// row takes the next row of a key, the number-th, and says whether a match may have begun with it.
func (m *matcher) row(s *search, row int32, number, at int64) (begun bool, err error) {
	m.next, m.ended = m.next[:0], m.ended[:0]
	for _, p := range s.open {
		clear(m.verdicts)
		if err := m.outgoing(p, row); err != nil {
			return false, err
		}
		for _, e := range m.takes {
			if err := m.take(p, e, row, number, at); err != nil {
				return false, err
			}
			begun = begun || p.last < 0
		}
		if p.last < 0 {
			m.next.push(p)
		} else {
			m.release(p.last)
		}
	}
	s.open, m.next = m.next, s.open
	for _, p := range m.ended {
		s.done.push(p)
	}
	return begun, m.settle(s, at)
}

// outgoing finds the edges by which a partial match takes the row.
func (m *matcher) outgoing(p attempt, row int32) error {
	m.takes = m.takes[:0]
	m.todo = append(m.todo[:0], p.state)
	for len(m.todo) > 0 {
		state := m.todo[len(m.todo)-1]
		m.todo = m.todo[:len(m.todo)-1]
		for _, e := range m.states[state] {
			switch open, err := m.open(p, e, row); {
			case err != nil:
				return err
			case open && e.take:
				m.takes = append(m.takes, e)
			case open:
				m.todo = append(m.todo, e.to)
			}
		}
	}
	return nil
}

// open says whether an edge can be gone. A NULL condition does not let the row through.
func (m *matcher) open(p attempt, e edge, row int32) (bool, error) {
	for _, g := range e.guards {
		if m.verdicts[g.step] == 0 {
			fits, err := m.fits(p, g.step, row)
			if err != nil {
				return false, err
			}
			if m.verdicts[g.step] = -1; fits {
				m.verdicts[g.step] = 1
			}
		}
		if (m.verdicts[g.step] > 0) == g.not {
			return false, nil
		}
	}
	return true, nil
}

// take adds the partial match that comes of p by an edge, and the match if nothing more must follow.
func (m *matcher) take(p attempt, e edge, row int32, number, at int64) error {
	l, err := m.add(link{row: row, step: e.step, prev: p.last})
	if err != nil {
		return err
	}
	q := attempt{state: e.to, last: l, first: p.first, since: p.since}
	if p.last < 0 {
		q.first, q.since = number, at
	}
	if e.to == finalState {
		m.ended.push(m.hold(q))
		return nil
	}
	m.next.push(m.hold(q))
	ends, err := m.ends(p, e.to, row)
	if err != nil || !ends {
		return err
	}
	q.state = finalState
	m.ended.push(m.hold(q))
	return nil
}

// ends says whether a match may end in a state: all that follows is optional.
func (m *matcher) ends(p attempt, state, row int32) (bool, error) {
	m.todo = append(m.todo[:0], state)
	for len(m.todo) > 0 {
		state := m.todo[len(m.todo)-1]
		m.todo = m.todo[:len(m.todo)-1]
		for _, e := range m.states[state] {
			if e.take {
				continue
			}
			open, err := m.open(p, e, row)
			switch {
			case err != nil:
				return false, err
			case open && e.to == finalState:
				return true, nil
			case open:
				m.todo = append(m.todo, e.to)
			}
		}
	}
	return false, nil
}

// advance drops the partial matches that take too long.
func (m *matcher) advance(s *search, at int64) error {
	if m.within == 0 {
		return nil
	}
	m.next = m.next[:0]
	for _, p := range s.open {
		if p.last >= 0 && elapsed(p.since, at) >= m.within {
			m.release(p.last)
			continue
		}
		m.next.push(p)
	}
	s.open, m.next = m.next, s.open
	return m.settle(s, at)
}

// elapsed is how long ago a time was, without running over at the end of all time.
func elapsed(since, now int64) int64 {
	if since < 0 && now > math.MaxInt64+since {
		return math.MaxInt64
	}
	return now - since
}

// settle gives the matches that began before all partial ones, and takes back what may not overlap with them.
func (m *matcher) settle(s *search, at int64) error {
	for len(s.done) > 0 {
		if len(s.open) > 0 && s.done[0].first > s.open[0].first {
			return nil
		}
		p := s.done.pop()
		before, err := m.goOn(p)
		if err != nil {
			return err
		}
		drop := func(p attempt) { m.release(p.last) }
		s.open.remove(before, drop)
		s.done.remove(before, drop)
		if err := m.found(p.last, at); err != nil {
			return err
		}
		m.release(p.last)
	}
	return nil
}

// goOn returns the number of the first row that matches after this one may begin with.
func (m *matcher) goOn(p attempt) (before int64, err error) {
	switch m.skip {
	case plan.SkipToNext:
		return p.first + 1, nil
	case plan.SkipPastLast:
		return m.number(m.links[p.last].row) + 1, nil
	}
	to := int32(-1)
	for l := p.last; l >= 0; l = m.links[l].prev {
		if m.links[l].step != m.skipTo {
			continue
		}
		if to = l; m.skip == plan.SkipToLast {
			break
		}
	}
	if to < 0 {
		return 0, fault.New(fault.Invalid, "MATCH_RECOGNIZE: could not skip to a row of a variable: no such element in the found match")
	}
	if m.links[to].prev < 0 {
		return 0, fault.New(fault.Invalid, "MATCH_RECOGNIZE: could not skip to first element of a match").
			WithHint("the search would find the same match again: use SKIP TO NEXT ROW")
	}
	return m.number(m.links[to].row), nil
}

// add makes a link; it holds the one before it.
func (m *matcher) add(l link) (int32, error) {
	if m.live >= m.limit {
		return 0, tooManyLinks(m.limit)
	}
	m.live++
	m.keep(l.row)
	if l.prev >= 0 {
		m.links[l.prev].refs++
	}
	l.refs = 0
	at := m.spare
	if at < 0 {
		m.links = append(m.links, l)
		return int32(len(m.links) - 1), nil
	}
	m.spare = m.links[at].prev
	m.links[at] = l
	return at, nil
}

func (m *matcher) hold(p attempt) attempt {
	m.links[p.last].refs++
	return p
}

// release lets go of a link, and of those before it that nothing else holds.
func (m *matcher) release(at int32) {
	for at >= 0 {
		l := &m.links[at]
		if l.refs--; l.refs > 0 {
			return
		}
		m.free(l.row)
		prev := l.prev
		*l = link{row: -1, prev: m.spare}
		m.spare, at = at, prev
		m.live--
	}
}
