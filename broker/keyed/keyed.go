// Package keyed is a durable map: what the broker knows besides records (topics and their settings, groups
// and their offsets, transactions, users, rules) in one file of framed, checked entries that is written
// anew when too much of it is outdated. The map itself is in memory: owners bound what they put.
//
// A Store is opened once for the broker; each owner has a Space of its own in it. All that one call of
// Put changes is there after a crash, or none of it, and what was put before it is there then, too.
package keyed

import "context"

// Entry is a change of one key. Value nil removes the key; an empty one that is not nil is a value.
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

// Stats describe a store.
type Stats struct {
	Bytes     int64 // of the file
	Live      int64 // of them that are not outdated
	Entries   int64
	Puts      int64 // since it was opened
	Writes    int64 // to the file, each of many Puts where they came together
	Rewritten int64 // how often the file was written anew
}

// Space returns the part of the store with a name; it is made by its first Put.
func (s *Store) Space(name string) *Space { return &Space{s, name} }

// Stats describes the store now.
func (s *Store) Stats() Stats { return s.stats() }

// Close writes what is left to disk and lets go of the file. Later calls of Put fail.
func (s *Store) Close() error { return s.close() }

// Range calls do with every key and its value, in the order of keys, until do returns an error, which Range
// returns. What do is given is only borrowed, and must not be changed. do may call the methods of the space: it sees
// the keys and values as they were when Range was called.
func (s *Space) Range(do func(key, value []byte) error) error { return s.store.scan(s.name, do) }

// Get returns the value of a key, nil if it has none. It is a copy.
func (s *Space) Get(key []byte) []byte { return s.store.get(s.name, key) }

// Put changes entries, all or none of them, in their order. Other calls of Get and Range see them at once; wait returns when they
// are as durable as the broker's flush policy says (Config.Flush of package broker), and only then may a client be told.
// It may be called once, by any goroutine, or left alone. An error of Put or wait means that the disk refuses, that what
// has become of the change is known only after a restart, and that every later Put fails too; but a fault of kind Limit
// says that the entries are too many for one Put (64 MiB), and has changed nothing. What is put may be changed afterwards.
// Put may have to wait for the disk when too much (16 MiB) is not written yet.
func (s *Space) Put(entries ...Entry) (wait func(context.Context) error, err error) {
	return s.store.put(s.name, entries)
}
