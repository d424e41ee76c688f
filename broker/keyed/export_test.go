package keyed

// SetFloor makes a store be written anew sooner.
func SetFloor(s *Store, bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.floor = bytes
}
