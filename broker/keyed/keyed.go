// Package keyed is a durable map: what the broker knows besides records (topics and their settings, groups
// and their offsets, transactions, users, rules) in one file of framed, checked entries that is written
// anew when too much of it is outdated.
//
// A Store is opened once for the broker; each owner has a Space of its own in it. All that one call of
// Put changes is there after a crash, or none of it.
package keyed

import "context"

// Entry is a change of one key. Value nil removes the key.
type Entry struct {
	Key, Value []byte
}

// Store is the file. Its methods may be called from any goroutine.
type Store struct{ store }

// Space is the part of a Store that one owner has. Its methods may be called from any goroutine.
type Space struct {
	store *Store
	name  string
}

// Space returns the part of the store with a name; it is made by its first Put.
func (s *Store) Space(name string) *Space { return &Space{s, name} }

// Range calls do with every key and its value, in the order of keys, until do returns an error, which Range
// returns. What do is given is only borrowed.
func (s *Space) Range(do func(key, value []byte) error) error { return s.store.scan(s.name, do) }

// Get returns the value of a key, nil if it has none. It is a copy.
func (s *Space) Get(key []byte) []byte { return s.store.get(s.name, key) }

// Put changes entries, all or none of them. Other calls of Get and Range see them at once; wait returns when they
// are as durable as the broker's flush policy says (Config.Flush of package broker), and only then may a client be told.
// It may be called once, by any goroutine, or left alone. An error of Put or wait means that the disk refuses, that what
// has become of the change is known only after a restart, and that every later Put fails too.
func (s *Space) Put(entries ...Entry) (wait func(context.Context) error, err error) {
	return s.store.put(s.name, entries)
}
