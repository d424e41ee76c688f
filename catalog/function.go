package catalog

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"millrace/fault"
)

// Function is a function that a user has defined. Functions and tables do not share names.
type Function struct {
	// Name is in lower case: the name alone in the default database and for system functions, database.name in others.
	Name      string `json:"name"`
	Database  string `json:"database,omitempty"` // empty: the default one
	Language  string `json:"language"`           // SQL or WASM
	SQL       string `json:"sql"`                // the CREATE statement, in canonical form
	Temporary bool   `json:"-"`
	System    bool   `json:"-"` // in no database; Temporary, too
	// Within is the database that unqualified names in SQL belong to.
	Within string `json:"within,omitempty"`
	// Module is the SHA-256 of the WebAssembly module, which the catalog keeps.
	Module string `json:"module,omitempty"`
	// Version is the catalog's version at which the function was defined.
	Version int64 `json:"version"`
}

// functionKey is what a function is kept by.
type functionKey struct {
	name              string
	temporary, system bool
}

func (f Function) key() functionKey { return functionKey{f.Name, f.Temporary, f.System} }

// Function returns the function of a name that is temporary, or that is not, or a system function.
func (c *Catalog) Function(name string, temporary, system bool) (Function, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	f, ok := c.functions[functionKey{name, temporary, system}]
	return f, ok
}

// Functions returns all functions, by name.
func (c *Catalog) Functions() []Function {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.sortedFunctions()
}

func (c *Catalog) sortedFunctions() []Function {
	return slices.SortedFunc(maps.Values(c.functions), func(a, b Function) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), order(b.Temporary, a.Temporary), order(b.System, a.System))
	})
}

func order(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// PutFunction adds a function, or puts it in the place of the one of its name. module is that of WebAssembly, nil for
// others; it is kept under its hash, which becomes f.Module.
func (c *Catalog) PutFunction(f Function, module []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if module != nil {
		sum := sha256.Sum256(module)
		f.Module = hex.EncodeToString(sum[:])
		if err := c.keepModule(f, module); err != nil {
			return fmt.Errorf("keep the module of function %q: %w", f.Name, err)
		}
	}
	at := f.key()
	old, existed := c.functions[at]
	f.Version = c.version + 1
	c.functions[at] = f
	err := c.commit(func() {
		delete(c.functions, at)
		if existed {
			c.functions[at] = old
		}
	})
	if err == nil && existed {
		c.dropModule(old.Module)
	}
	return err
}

// DropFunction removes a function. One that does not exist is a fault.NotFound.
func (c *Catalog) DropFunction(name string, temporary, system bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := functionKey{name, temporary, system}
	old, ok := c.functions[at]
	if !ok {
		return fault.New(fault.NotFound, "drop function %q: no such function", name)
	}
	delete(c.functions, at)
	err := c.commit(func() { c.functions[at] = old })
	if err == nil {
		c.dropModule(old.Module)
	}
	return err
}

// Module returns the bytes of a module by their SHA-256.
func (c *Catalog) Module(hash string) ([]byte, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if module, ok := c.modules[hash]; ok {
		return module, nil
	}
	if c.path == "" {
		return nil, fault.New(fault.NotFound, "read module %s: no such module", hash)
	}
	module, err := os.ReadFile(c.modulePath(hash))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "read module: %w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("read module: %w", err)
	}
	if sum := sha256.Sum256(module); hex.EncodeToString(sum[:]) != hash {
		return nil, fault.New(fault.Corrupt, "read module %s: its content is another", c.modulePath(hash))
	}
	return module, nil
}

// modulePath is the file of a module, in the folder modules beside the catalog's.
func (c *Catalog) modulePath(hash string) string {
	return filepath.Join(filepath.Dir(c.path), "modules", hash+".wasm")
}

// keepModule keeps a module in memory for functions that live there, and else as a file.
func (c *Catalog) keepModule(f Function, module []byte) error {
	if c.path == "" || f.Temporary {
		c.modules[f.Module] = module
		return nil
	}
	return writeAtomically(c.modulePath(f.Module), module)
}

// dropModule forgets a module that no function has any more.
func (c *Catalog) dropModule(hash string) {
	if hash == "" {
		return
	}
	for _, f := range c.functions {
		if f.Module == hash {
			return
		}
	}
	delete(c.modules, hash)
	if c.path != "" {
		// A file that stays behind takes place, no more.
		_ = os.Remove(c.modulePath(hash))
	}
}
