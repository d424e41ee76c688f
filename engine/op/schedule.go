package op

// schedule says what is due by when: a heap of times, each with what its owner has to look at then.
type schedule[T any] struct{ items []dueItem[T] }

type dueItem[T any] struct {
	at int64
	of T
}

func (s *schedule[T]) add(at int64, of T) {
	s.items = append(s.items, dueItem[T]{at, of})
	for i := len(s.items) - 1; i > 0; {
		up := (i - 1) / 2
		if s.items[up].at <= s.items[i].at {
			return
		}
		s.items[up], s.items[i] = s.items[i], s.items[up]
		i = up
	}
}

// next takes out the earliest of what is due by now.
func (s *schedule[T]) next(now int64) (first dueItem[T], ok bool) {
	if len(s.items) == 0 || s.items[0].at > now {
		return first, false
	}
	first = s.items[0]
	last := len(s.items) - 1
	s.items[0] = s.items[last]
	s.items = s.items[:last]
	for i := 0; ; {
		least := i
		for _, child := range []int{2*i + 1, 2*i + 2} {
			if child < last && s.items[child].at < s.items[least].at {
				least = child
			}
		}
		if least == i {
			return first, true
		}
		s.items[least], s.items[i] = s.items[i], s.items[least]
		i = least
	}
}
