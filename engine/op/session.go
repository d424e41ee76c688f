package op

import (
	"cmp"
	"slices"

	"millrace/engine/state"
	"millrace/schema"
	"millrace/sql/plan"
	"millrace/vec"
)

// sessions are the windows of rows of one key that are not further apart than a gap. Two that touch are one: their
// rows are put together. A session is the group, by its number, of acc.
type sessions struct {
	gap  int64
	wall wall
	keys keyIndex
	head []int32 // by key, its first session; -1: none
	acc  accumulators

	key   []int32 // by session; -1: free
	start []int64
	end   []int64
	rows  []int64
	age   []int64 // which came first
	track state.Track
	next  []int32 // of the same key; or the next free one
	free  int32
	count int
	born  int64
	due   schedule[sessionAge]

	groups []int32 // by pending row, its session
	sel    []int32
	in     []vec.Column
}

func newSessions(h vec.Hasher, w plan.Window, by wall, keys []schema.Type, calls []plan.Agg, changing bool) *sessions {
	return &sessions{
		gap: w.Size, wall: by, keys: newKeyIndex(h, keys), acc: newAccumulators(h, calls, changing), free: -1,
		in: make([]vec.Column, len(keys)), sel: make([]int32, 0, vec.MaxRows),
	}
}

// add puts the named rows, at the given times of the wall's clock, into their sessions. What belongs to a session that
// ended by reached is late: it returns how many these are. changing says that -U and -D retract rows.
func (s *sessions) add(b *vec.Batch, keys []int, rows vec.Rows, times []int64, reached int64, changing bool) (late int64, err error) {
	for i, k := range keys {
		s.in[i] = b.Cols[k]
	}
	s.keys.number(s.in, rows)
	for len(s.head) < s.keys.N {
		s.head = append(s.head, -1)
	}
	adds := true
	s.groups, s.sel = s.groups[:0], s.sel[:0]
	flush := func() error {
		if len(s.sel) == 0 {
			return nil
		}
		err := s.acc.apply(b, vec.Rows{N: b.N, Sel: s.sel}, s.groups, adds)
		s.groups, s.sel = s.groups[:0], s.sel[:0]
		return err
	}
	for k, key := range s.keys.groups {
		i := rows.At(k)
		add := !changing || !retracts(b.Kind(i))
		if add != adds {
			if err := flush(); err != nil {
				return late, err
			}
			adds = add
		}
		var at int32
		if add {
			if at, err = s.reach(key, times[k], reached); err != nil {
				return late, err
			}
		} else if at = s.holding(key, times[k]); at < 0 || s.rows[at] == 0 {
			continue
		}
		if at < 0 {
			late++
			continue
		}
		if s.rows[at]++; !add {
			s.rows[at] -= 2
		}
		s.track.Touch(at)
		s.groups, s.sel = append(s.groups, at), append(s.sel, int32(i))
	}
	if err := flush(); err != nil {
		return late, err
	}
	for _, key := range s.keys.groups {
		s.leave(key)
	}
	s.tidy()
	return late, nil
}

// holding returns the session of a key that a time is in, -1 if none is.
func (s *sessions) holding(key int32, t int64) int32 {
	for at := s.head[key]; at >= 0; at = s.next[at] {
		if s.start[at] <= t && t+s.gap <= s.end[at] {
			return at
		}
	}
	return -1
}

// reach returns the session that a row belongs to: one that it touches, with all others that it touches merged into
// it, or a new one; -1 if that would have ended by reached.
func (s *sessions) reach(key int32, t, reached int64) (int32, error) {
	from, to := t, t+s.gap
	found := int32(-1)
	for at := s.head[key]; at >= 0; {
		next := s.next[at]
		if s.start[at] <= to && from <= s.end[at] {
			if found >= 0 {
				// The older one stays, so that its values come first.
				if s.age[at] < s.age[found] {
					found, at = at, found
				}
				if err := s.merge(at, found); err != nil {
					return -1, err
				}
			} else {
				found = at
			}
			s.start[found], s.end[found] = min(s.start[found], from), max(s.end[found], to)
		}
		at = next
	}
	if found >= 0 {
		return found, nil
	}
	if s.wall.due(to) <= reached {
		return -1, nil
	}
	return s.open(key, from, to), nil
}

func (s *sessions) open(key int32, start, end int64) int32 {
	at := s.free
	if at >= 0 {
		s.free = s.next[at]
	} else {
		at = int32(len(s.key))
		s.key, s.next = append(s.key, -1), append(s.next, -1)
		s.start, s.end, s.rows, s.age = append(s.start, 0), append(s.end, 0), append(s.rows, 0), append(s.age, 0)
		s.acc.grow(len(s.key))
	}
	s.key[at], s.start[at], s.end[at], s.rows[at], s.age[at] = key, start, end, 0, s.born
	s.next[at], s.head[key] = s.head[key], at
	s.track.Touch(at)
	s.count++
	s.born++
	s.due.add(s.wall.due(end), sessionAge{at, s.age[at]})
	return at
}

// merge puts the rows of session from into session into, and those that wait to be added, too.
func (s *sessions) merge(from, into int32) error {
	if err := s.acc.merge(from, into); err != nil {
		return err
	}
	for k, at := range s.groups {
		if at == from {
			s.groups[k] = into
		}
	}
	s.start[into], s.end[into] = min(s.start[into], s.start[from]), max(s.end[into], s.end[from])
	s.rows[into] += s.rows[from]
	s.track.Touch(into)
	s.close(from)
	return nil
}

// close forgets a session.
func (s *sessions) close(at int32) {
	link := &s.head[s.key[at]]
	for *link != at {
		link = &s.next[*link]
	}
	*link = s.next[at]
	s.track.Touch(at)
	s.acc.reset(at)
	s.key[at], s.next[at], s.free = -1, s.free, at
	s.count--
}

// leave removes a key that has no session; head says so from then on.
func (s *sessions) leave(key int32) {
	if s.head[key] == -1 {
		s.head[key] = noKey
		s.keys.remove(key)
	}
}

// noKey in head is for a key that was removed.
const noKey = -2

// tidy compacts what is left of keys that were removed.
func (s *sessions) tidy() {
	if !s.keys.sparse() {
		return
	}
	n := s.keys.N
	moved := s.keys.compact()
	s.head = moveInts(s.head[:n], moved, s.keys.N)
	for at, key := range s.key {
		if key >= 0 {
			s.key[at] = moved[key]
		}
	}
}

// ended returns the sessions that end by a time, earliest first. Each must then be closed.
func (s *sessions) ended(reached int64) []int32 {
	var ended []int32
	for {
		item, ok := s.due.next(reached)
		if !ok {
			break
		}
		t := item.of
		if s.key[t.session] < 0 || s.age[t.session] != t.age {
			continue // merged into another, and perhaps opened anew
		}
		if due := s.wall.due(s.end[t.session]); due > reached {
			s.due.add(due, t)
			continue
		}
		ended = append(ended, t.session)
	}
	slices.SortFunc(ended, func(a, b int32) int {
		return cmp.Or(cmp.Compare(s.end[a], s.end[b]), cmp.Compare(s.start[a], s.start[b]), cmp.Compare(s.age[a], s.age[b]))
	})
	return ended
}

// shut closes sessions that have ended.
func (s *sessions) shut(ended []int32) {
	for _, at := range ended {
		key := s.key[at]
		s.close(at)
		s.leave(key)
	}
	s.tidy()
}

// sessionAge is a session that may have ended: it may have grown since.
type sessionAge struct {
	session int32
	age     int64 // for numbers are given again
}

// snapshot writes all sessions.
func (s *sessions) snapshot(w *state.Writer) {
	facts := newNumbers(4)
	var keys []int32
	var columns, all []vec.Column
	var keyCols, states picked
	live := func(at int32) bool { return s.key[at] >= 0 }
	w.Rows("sessions", &s.track, len(s.key), live, func(rows []int32) []vec.Column {
		facts.clear()
		keys = keys[:0]
		for _, at := range rows {
			keys = append(keys, s.key[at])
			facts.add(s.start[at], s.end[at], s.rows[at], s.age[at])
		}
		columns = s.acc.stateColumns(columns[:0])
		all = append(all[:0], keyCols.of(keys, s.keys.Keys)...)
		all = append(all, states.of(rows, columns)...)
		return append(all, facts...)
	})
	s.acc.snapshot(w, "")
}

// restore adds the sessions of a snapshot whose keys are in share.
func (s *sessions) restore(r *state.Reader, share Share) error {
	keyTypes := typesOfColumns(s.keys.Keys)
	types := s.acc.stateTypes(keyTypes[:len(keyTypes):len(keyTypes)])
	keys, width := len(keyTypes), len(types)
	var to moved
	err := r.Rows("sessions", typesBehind(types, 4), func(rows []int32, cols []vec.Column) error {
		part := vec.Rows{N: len(rows), Sel: share.Select(s.keys.hasher, cols[:keys], len(rows))}
		facts := cols[width:]
		for k, key := range s.keys.number(cols[:keys], part) {
			for len(s.head) < s.keys.N {
				s.head = append(s.head, -1)
			}
			i := part.At(k)
			born := s.born
			s.born = facts[3].I64[i]
			at := s.open(key, facts[0].I64[i], facts[1].I64[i])
			s.born = max(s.born, born)
			s.rows[at] = facts[2].I64[i]
			s.acc.setStates(at, cols[keys:width], i)
			to.set(rows[i], at)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.acc.restore(r, "", to)
}
