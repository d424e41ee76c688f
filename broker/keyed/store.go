package keyed

import "context"

type store struct{}

func (s *store) scan(space string, do func(key, value []byte) error) error { panic("not yet") }
func (s *store) get(space string, key []byte) []byte                       { panic("not yet") }
func (s *store) put(space string, entries []Entry) (func(context.Context) error, error) {
	panic("not yet")
}
