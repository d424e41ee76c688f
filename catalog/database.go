package catalog

import (
	"maps"
	"slices"
	"strings"

	"millrace/fault"
)

// Database is a set of objects beside the default one, which has no name here and is always there.
type Database struct {
	Name    string            `json:"name"`
	Comment string            `json:"comment,omitempty"`
	Options map[string]string `json:"options,omitempty"` // kept for those who wrote them
}

// Database returns the database of a name.
func (c *Catalog) Database(name string) (Database, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	d, ok := c.databases[name]
	return d, ok
}

// Databases returns all databases but the default one, by name.
func (c *Catalog) Databases() []Database {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.sortedDatabases()
}

func (c *Catalog) sortedDatabases() []Database {
	return slices.SortedFunc(maps.Values(c.databases), func(a, b Database) int { return strings.Compare(a.Name, b.Name) })
}

// PutDatabase adds a database, or puts it in the place of the one of its name.
func (c *Catalog) PutDatabase(d Database) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	old, existed := c.databases[d.Name]
	c.databases[d.Name] = d
	return c.commit(func() {
		delete(c.databases, d.Name)
		if existed {
			c.databases[d.Name] = old
		}
	})
}

// DropDatabase removes a database. One that has objects is a fault.Conflict, unless they are to go too.
func (c *Catalog) DropDatabase(name string, cascade bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	old, ok := c.databases[name]
	if !ok {
		return fault.New(fault.NotFound, "drop database %q: no such database", name)
	}
	kept, functions := maps.Clone(c.objects), maps.Clone(c.functions)
	for at, f := range functions {
		switch {
		case f.Database != name:
		case !cascade:
			return fault.New(fault.Conflict, "drop database %q: it has functions", name).WithHint("use CASCADE, or drop its functions first")
		default:
			delete(c.functions, at)
		}
	}
	for at, o := range kept {
		if o.Database != name {
			continue
		}
		if !cascade {
			return fault.New(fault.Conflict, "drop database %q: it is not empty", name).WithHint("use CASCADE, or drop its tables first")
		}
		delete(c.objects, at)
	}
	delete(c.databases, name)
	return c.commit(func() {
		c.databases[name], c.objects, c.functions = old, kept, functions
	})
}
