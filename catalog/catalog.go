// Package catalog remembers which tables, views and functions exist, and in which databases.
//
// sql/plan defines and looks up, api and lineage list. An object is its CREATE statement: what is
// beside it (columns, options) is for those who show it, and can be made again from the statement.
// The catalog is one JSON file, rewritten whole and atomically at each change: there are tens of
// objects, rarely hundreds. Temporary objects live in memory only, and hide others of their name.
//
// All methods are safe for concurrent use. Objects are values that nobody changes once made.
//
// Caveat: two processes must not share the file; the node that owns the data folder owns it.
package catalog

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"millrace/fault"
)

// Kind says what an object is.
type Kind string

// The kinds of objects.
const (
	Table Kind = "table"
	View  Kind = "view"
)

// Object is a table or a view.
type Object struct {
	// Name is unique: the name alone in the default database, database.name in others.
	Name      string            `json:"name"`
	Database  string            `json:"database,omitempty"` // empty: the default one
	Kind      Kind              `json:"kind"`
	SQL       string            `json:"sql"` // the CREATE statement, in canonical form
	Comment   string            `json:"comment,omitempty"`
	Columns   []Column          `json:"columns"`
	Key       []string          `json:"key,omitempty"`       // PRIMARY KEY
	Watermark string            `json:"watermark,omitempty"` // "ts AS ts - INTERVAL '5' SECOND"
	Options   map[string]string `json:"options,omitempty"`   // of WITH
	Temporary bool              `json:"-"`
	// Within is the database that unqualified names in SQL belong to.
	Within string `json:"within,omitempty"`
	// Version is the catalog's version at which the object was defined.
	Version int64 `json:"version"`
}

// Column is a column as DESCRIBE shows it.
type Column struct {
	Name    string `json:"name"`
	Type    string `json:"type"`             // in Flink's form
	Extras  string `json:"extras,omitempty"` // "AS …" or "METADATA …"
	Comment string `json:"comment,omitempty"`
}

// Catalog is a set of objects by name.
type Catalog struct {
	path string // empty: in memory

	mu        sync.RWMutex // guards what follows
	version   int64
	objects   map[key]Object
	databases map[string]Database
	functions map[functionKey]Function
	modules   map[string][]byte // in memory, by hash
}

// key is what an object is kept by.
type key struct {
	name      string
	temporary bool
}

func keyOf(o Object) key { return key{o.Name, o.Temporary} }

// file is the layout on disk.
type file struct {
	Format    int        `json:"format"`
	Version   int64      `json:"version"`
	Objects   []Object   `json:"objects"` // by name
	Databases []Database `json:"databases,omitempty"`
	Functions []Function `json:"functions,omitempty"`
}

// format is the version of the layout; a file of another one is refused.
const format = 1

// New returns an empty catalog in memory.
func New() *Catalog {
	return &Catalog{
		objects: map[key]Object{}, databases: map[string]Database{}, functions: map[functionKey]Function{}, modules: map[string][]byte{},
	}
}

// Open returns the catalog in the file at path, empty if there is none.
func Open(path string) (*Catalog, error) {
	c := New()
	c.path = path
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open catalog: %w", err)
	}
	var f file
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fault.New(fault.Corrupt, "open catalog %s: %w", path, err)
	}
	if f.Format != format {
		return nil, fault.New(fault.Corrupt, "open catalog %s: format %d, want %d", path, f.Format, format)
	}
	c.version = f.Version
	for _, o := range f.Objects {
		c.objects[keyOf(o)] = o
	}
	for _, d := range f.Databases {
		c.databases[d.Name] = d
	}
	for _, fn := range f.Functions {
		c.functions[fn.key()] = fn
	}
	return c, nil
}

// Version is a number that grows with each change.
func (c *Catalog) Version() int64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.version
}

// Lookup returns the object of a name; a temporary one if there are two.
func (c *Catalog) Lookup(name string) (Object, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	o, ok := c.objects[key{name, true}]
	if !ok {
		o, ok = c.objects[key{name, false}]
	}
	return o, ok
}

// Get returns the object of a name that is temporary, or that is not.
func (c *Catalog) Get(name string, temporary bool) (Object, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	o, ok := c.objects[key{name, temporary}]
	return o, ok
}

// List returns all objects that Lookup finds, by name.
func (c *Catalog) List() []Object {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return slices.DeleteFunc(c.sorted(), func(o Object) bool {
		_, hidden := c.objects[key{o.Name, true}]
		return hidden && !o.Temporary
	})
}

func (c *Catalog) sorted() []Object {
	return slices.SortedFunc(maps.Values(c.objects), func(a, b Object) int { return strings.Compare(a.Name, b.Name) })
}

// Names returns the names of all objects, in order.
func (c *Catalog) Names() []string {
	c.mu.RLock()
	defer c.mu.RUnlock()
	var names []string
	for _, o := range c.sorted() {
		names = append(names, o.Name)
	}
	return slices.Compact(names)
}

// Create adds an object. A name that is taken is a fault.Conflict.
func (c *Catalog) Create(o Object) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if old, taken := c.objects[keyOf(o)]; taken {
		return fault.New(fault.Conflict, "create %s %q: a %s of this name exists", o.Kind, o.Name, old.Kind)
	}
	return c.put(o)
}

// Replace adds an object, or puts it in the place of the one of its name.
func (c *Catalog) Replace(o Object) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.put(o)
}

// Rename puts an object in the place of the one of another name. A name that is taken is a fault.Conflict.
func (c *Catalog) Rename(from string, o Object) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if old, taken := c.objects[keyOf(o)]; taken {
		return fault.New(fault.Conflict, "rename %s %q: a %s %q exists", o.Kind, from, old.Kind, o.Name)
	}
	was := key{from, o.Temporary}
	old, ok := c.objects[was]
	if !ok {
		return fault.New(fault.NotFound, "rename %s %q: no such %s", o.Kind, from, o.Kind)
	}
	delete(c.objects, was)
	if err := c.put(o); err != nil {
		c.objects[was] = old
		return err
	}
	return nil
}

func (c *Catalog) put(o Object) error {
	at := keyOf(o)
	old, existed := c.objects[at]
	o.Version = c.version + 1
	c.objects[at] = o
	return c.commit(func() {
		delete(c.objects, at)
		if existed {
			c.objects[at] = old
		}
	})
}

// Drop removes the object of a name and kind that is temporary, or that is not. One that does not exist is
// a fault.NotFound; one that a temporary one hides is a fault.Conflict.
func (c *Catalog) Drop(kind Kind, name string, temporary bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := key{name, temporary}
	old, ok := c.objects[at]
	if hidden, is := c.objects[key{name, true}]; is && !temporary {
		return fault.New(fault.Conflict, "drop %s %q: a temporary %s of this name exists", kind, name, hidden.Kind).
			WithHint("use DROP TEMPORARY %s", strings.ToUpper(string(hidden.Kind)))
	}
	switch {
	case !ok && temporary:
		return fault.New(fault.NotFound, "drop %s %q: no such temporary %s", kind, name, kind)
	case !ok:
		return fault.New(fault.NotFound, "drop %s %q: no such %s", kind, name, kind)
	case old.Kind != kind:
		return fault.New(fault.Invalid, "drop %s %q: it is a %s", kind, name, old.Kind).WithHint("use DROP %s", strings.ToUpper(string(old.Kind)))
	}
	delete(c.objects, at)
	return c.commit(func() { c.objects[at] = old })
}

// commit counts the change and writes the file; if that goes wrong, the change is undone.
func (c *Catalog) commit(undo func()) error {
	c.version++
	if err := c.write(); err != nil {
		c.version--
		undo()
		return fmt.Errorf("write catalog: %w", err)
	}
	return nil
}

func (c *Catalog) write() error {
	if c.path == "" {
		return nil
	}
	objects := slices.DeleteFunc(c.sorted(), func(o Object) bool { return o.Temporary })
	functions := slices.DeleteFunc(c.sortedFunctions(), func(f Function) bool { return f.Temporary })
	data, err := json.MarshalIndent(file{
		Format: format, Version: c.version, Objects: objects, Databases: c.sortedDatabases(), Functions: functions,
	}, "", "  ")
	if err != nil {
		return err
	}
	return writeAtomically(c.path, append(data, '\n'))
}

// writeAtomically leaves either the old or the new content, also after a power failure: the new
// file is durable before it takes the old one's name, and the name before the call returns.
func writeAtomically(path string, data []byte) error {
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	temp, err := os.CreateTemp(folder, filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = temp.Write(data)
	if err == nil {
		err = temp.Sync()
	}
	if closed := temp.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		// The half-written file is of no use to anyone; what matters is the first error.
		_ = os.Remove(temp.Name())
		return err
	}
	return syncFolder(folder)
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	err = folder.Sync()
	if closed := folder.Close(); err == nil {
		err = closed
	}
	return err
}
