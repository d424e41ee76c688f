package node

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"millrace/fault"
	"millrace/sql/wasm"
)

// functions are what the scripts of pipelines may have as WebAssembly: where modules are read from, and what they may
// use. What a pipeline has read once is in the table beside it, in pieces, so that neither a restart nor another
// replica needs the file.
type functions struct {
	limits wasm.Limits
	read   func(name string) ([]byte, error) // nil: there is no folder
}

// The prefix of the keys of modules in the table, and how large a piece is.
const (
	modulePrefix = "module/"
	modulePiece  = 512 << 10
)

// newFunctions returns what the configuration says.
func (n *Node) newFunctions() functions {
	c := n.cfg.Functions
	limits := wasm.DefaultLimits()
	limits.Memory, limits.Call = int64(c.Memory), c.Timeout.Std()
	f := functions{limits: limits}
	if c.Folder != "" {
		f.read = wasm.Within(c.Folder, limits.Module)
	}
	return f
}

// moduleReader reads the modules of one pipeline: those that it has already from the table, others from the folder.
type moduleReader struct {
	*pipelines
	known  map[string]string // their hashes, by the names that the script has for them
	before map[string]string // the same, of the pipeline that has the name now: for files that are gone
	fresh  map[string][]byte // what was read from the folder, by hash
}

// modulesOf returns the reader for a pipeline that is about to be planned.
func (p *pipelines) modulesOf(e pipelineEntry) (*moduleReader, error) {
	r := &moduleReader{pipelines: p, known: map[string]string{}, before: map[string]string{}, fresh: map[string][]byte{}}
	if e.Modules == "" {
		var old pipelineEntry
		if value, ok := p.table.Get(pipelinePrefix + e.Name); ok && json.Unmarshal(value, &old) == nil && old.Modules != "" {
			// What cannot be read is as if it had never been there: the file is asked first.
			_ = json.Unmarshal([]byte(old.Modules), &r.before)
		}
		return r, nil
	}
	if err := json.Unmarshal([]byte(e.Modules), &r.known); err != nil {
		return nil, fault.New(fault.Corrupt, "read the modules of pipeline %q: %w", e.Name, err)
	}
	return r, nil
}

// read returns a module by its name in the script.
func (r *moduleReader) read(name string) ([]byte, error) {
	if hash, ok := r.known[name]; ok {
		if module, ok := r.fresh[hash]; ok {
			return module, nil
		}
		return r.stored(hash)
	}
	module, err := r.fromFolder(name)
	if hash, ok := r.before[name]; err != nil && ok {
		r.known[name] = hash
		return r.stored(hash)
	}
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(module)
	hash := hex.EncodeToString(sum[:])
	r.known[name], r.fresh[hash] = hash, module
	return module, nil
}

func (r *moduleReader) fromFolder(name string) ([]byte, error) {
	if r.functions.read == nil {
		return wasm.Read(name, nil) // says why not
	}
	return r.functions.read(name)
}

// stored returns a module from the table.
func (r *moduleReader) stored(hash string) ([]byte, error) {
	var module []byte
	for i := 0; ; i++ {
		piece, ok := r.table.Get(moduleKey(hash, i))
		if !ok {
			break
		}
		module = append(module, piece...)
	}
	if sum := sha256.Sum256(module); hex.EncodeToString(sum[:]) != hash {
		return nil, fault.New(fault.Corrupt, "read module %s: the table does not have all of it", hash).WithHint("drop the pipeline and apply it again")
	}
	return module, nil
}

func moduleKey(hash string, piece int) string {
	return fmt.Sprintf("%s%s/%d", modulePrefix, hash, piece)
}

// entry returns the names and hashes of all that was read, as the table has them.
func (r *moduleReader) entry() (string, error) {
	if len(r.known) == 0 {
		return "", nil
	}
	text, err := json.Marshal(r.known)
	return string(text), err
}

// keepModules writes what a pipeline has read from files to the table.
func (p *pipelines) keepModules(ctx context.Context, one *pipeline) error {
	for hash, module := range one.modules {
		for i := 0; i*modulePiece < len(module); i++ {
			piece := module[i*modulePiece : min((i+1)*modulePiece, len(module))]
			if err := p.table.Put(ctx, moduleKey(hash, i), piece); err != nil {
				return err
			}
		}
	}
	return nil
}

// forgetModules removes the modules that no pipeline has any more.
func (p *pipelines) forgetModules(ctx context.Context) error {
	used := map[string]bool{}
	for _, value := range p.table.List(pipelinePrefix) {
		var e pipelineEntry
		var names map[string]string
		if json.Unmarshal(value, &e) != nil || json.Unmarshal([]byte(e.Modules), &names) != nil {
			continue // of another release, or without modules
		}
		for _, hash := range names {
			used[hash] = true
		}
	}
	for key := range p.table.List(modulePrefix) {
		hash, _, _ := strings.Cut(strings.TrimPrefix(key, modulePrefix), "/")
		if used[hash] {
			continue
		}
		if err := p.table.Put(ctx, key, nil); err != nil {
			return err
		}
	}
	return nil
}
