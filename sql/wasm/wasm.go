// Package wasm runs functions of users that are compiled to WebAssembly, so that any language can be used, and none
// of it can do harm.
//
// A module sees its own memory and nothing else: no files, no network, no clock, no chance. Its memory is bounded,
// and so is the time of each call. sql/plan makes a Function of a module and a signature; each task opens an
// instance of its own, whose kernel it calls once a batch.
//
// The conventions between us and a module are in docs/sql-functions.md.
package wasm

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"millrace/fault"
	"millrace/schema"
	"millrace/vec"
)

// Limits bound what a module may use.
type Limits struct {
	// Memory is what an instance may have, in bytes; there is one instance for each call in a script and each task.
	Memory int64
	// Call is how long one call may take; one that takes twice as long is stopped for certain.
	Call time.Duration
	// Module is how large a module may be, in bytes.
	Module int64
}

// DefaultLimits returns the bounds where nothing else is said.
func DefaultLimits() Limits { return Limits{Memory: 64 << 20, Call: time.Second, Module: 8 << 20} }

// pageSize is the unit of memory in WebAssembly.
const pageSize = 64 << 10

// Host is where modules run. It keeps what it has compiled, and is safe for concurrent use.
type Host struct {
	limits   Limits
	compiled wazero.CompilationCache
}

// NewHost returns a host with bounds.
func NewHost(l Limits) *Host { return &Host{limits: l, compiled: wazero.NewCompilationCache()} }

// Signature says what an export is to SQL.
type Signature struct {
	Name   string // of the function, for errors
	Export string
	Args   []schema.Type
	Result schema.Type
	// OnNull: it is called for NULLs, too. Before each argument then stands whether it is NULL.
	OnNull bool
}

// Function is an export of a module with its signature.
type Function struct {
	host   *Host
	code   []byte
	sig    Signature
	string bool // arguments or result lie in the module's memory
}

// The names that we and modules have for each other.
const (
	hostModule = "millrace" // what modules import from
	hostNull   = "null"     // the answer of this call is NULL
	hostFail   = "fail"     // the call fails, with a text
	allocName  = "alloc"
	freeName   = "free"
)

// config is that of all runtimes. There is one for each instance, so that both go when nothing refers to them.
func (h *Host) config() wazero.RuntimeConfig {
	pages := max(1, min(h.limits.Memory/pageSize, 65536))
	return wazero.NewRuntimeConfig().WithCompilationCache(h.compiled).WithMemoryLimitPages(uint32(pages)).
		WithCloseOnContextDone(true).WithDebugInfoEnabled(false).WithCustomSections(false)
}

// Function compiles a module and checks that it has what the signature says.
func (h *Host) Function(code []byte, sig Signature) (*Function, error) {
	if int64(len(code)) > h.limits.Module {
		return nil, sig.wrong("the module has %d bytes, more than %d", len(code), h.limits.Module)
	}
	if err := checkTables(code); err != nil {
		return nil, sig.wrong("%w", err)
	}
	ctx := context.Background()
	runtime := wazero.NewRuntimeWithConfig(ctx, h.config())
	module, err := runtime.CompileModule(ctx, code)
	if err != nil {
		return nil, sig.wrong("compile the module: %w", err)
	}
	f := &Function{host: h, code: code, sig: sig}
	return f, f.check(module)
}

func (s Signature) wrong(format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, "function %s: "+format, slices.Concat([]any{s.Name}, args)...)
}

// imports are what a module may import, with the types that it gives.
func imports() map[string][]api.ValueType {
	i32 := api.ValueTypeI32
	return map[string][]api.ValueType{
		hostModule + "." + hostNull: {}, hostModule + "." + hostFail: {i32, i32},
		"env.abort": {i32, i32, i32, i32}, // what AssemblyScript calls when it gives up
	}
}

func (f *Function) check(module wazero.CompiledModule) error {
	for _, i := range module.ImportedFunctions() {
		from, name, _ := i.Import()
		types, known := imports()[from+"."+name]
		if !known || !slices.Equal(types, i.ParamTypes()) || len(i.ResultTypes()) > 0 {
			return f.sig.wrong("the module imports %s.%s, which there is not", from, name).
				WithHint("compile it without WASI: there are no files, clocks or networks for it")
		}
	}
	if len(module.ImportedMemories()) > 0 {
		return f.sig.wrong("the module imports its memory").WithHint("let it have and export its own")
	}
	exports := module.ExportedFunctions()
	export, ok := exports[f.sig.Export]
	if !ok {
		var names []string
		for name := range exports {
			names = append(names, name)
		}
		slices.Sort(names)
		return f.sig.wrong("the module does not export a function %q", f.sig.Export).WithHint("it exports %s", strings.Join(names, ", "))
	}
	params, result, err := f.types()
	if err != nil {
		return err
	}
	if !slices.Equal(params, export.ParamTypes()) || !slices.Equal([]api.ValueType{result}, export.ResultTypes()) {
		return f.sig.wrong("the module's %s is %s", f.sig.Export, signatureText(export.ParamTypes(), export.ResultTypes())).
			WithHint("what is declared needs %s", signatureText(params, []api.ValueType{result}))
	}
	return f.checkMemory(module)
}

// types returns what the export must take and return.
func (f *Function) types() (params []api.ValueType, result api.ValueType, err error) {
	for i, t := range f.sig.Args {
		v, ok := valueType(t)
		if !ok {
			return nil, 0, f.sig.wrong("parameter %d is %s, which WebAssembly has no form for", i+1, t.Nullable()).
				WithHint("use a number, a STRING, BYTES or a time")
		}
		if f.sig.OnNull {
			params = append(params, api.ValueTypeI32)
		}
		if vec.LayoutOf(t.ID) == vec.LayoutBytes {
			params = append(params, api.ValueTypeI32)
			f.string = true
		}
		params = append(params, v)
	}
	result, ok := valueType(f.sig.Result)
	switch r := f.sig.Result; {
	case !ok, r.ID == schema.Char, r.ID == schema.Binary, vec.LayoutOf(r.ID) == vec.LayoutBytes && r.Precision != schema.MaxLength:
		return nil, 0, f.sig.wrong("it returns %s, which WebAssembly has no form for", r.Nullable()).
			WithHint("use a number, STRING, BYTES or a time")
	case vec.LayoutOf(r.ID) == vec.LayoutBytes:
		f.string = true
		result = api.ValueTypeI64
	}
	return params, result, nil
}

// valueType returns the form that values of a type have; for strings it is that of their place and their length.
func valueType(t schema.Type) (api.ValueType, bool) {
	switch vec.LayoutOf(t.ID) {
	case vec.LayoutBits, vec.LayoutI8, vec.LayoutI16, vec.LayoutI32, vec.LayoutBytes:
		return api.ValueTypeI32, true
	case vec.LayoutI64:
		return api.ValueTypeI64, true
	case vec.LayoutF32:
		return api.ValueTypeF32, true
	case vec.LayoutF64:
		return api.ValueTypeF64, true
	}
	return 0, false
}

// checkMemory insists on a memory and alloc where strings go between us and the module.
func (f *Function) checkMemory(module wazero.CompiledModule) error {
	i32, exports := api.ValueTypeI32, module.ExportedFunctions()
	if free, ok := exports[freeName]; ok && (!slices.Equal(free.ParamTypes(), []api.ValueType{i32, i32}) || len(free.ResultTypes()) > 0) {
		return f.sig.wrong("the module's free is %s", signatureText(free.ParamTypes(), free.ResultTypes())).
			WithHint("it takes a place and a size: (i32, i32), or is not exported")
	}
	if !f.string {
		return nil
	}
	if len(module.ExportedMemories()) == 0 {
		return f.sig.wrong("the module does not export its memory, where strings lie")
	}
	if alloc, ok := exports[allocName]; !ok || !slices.Equal(alloc.ParamTypes(), []api.ValueType{i32}) || !slices.Equal(alloc.ResultTypes(), []api.ValueType{i32}) {
		return f.sig.wrong("the module does not export alloc(i32) i32, which makes room for strings")
	}
	return nil
}

func signatureText(params, results []api.ValueType) string {
	text := func(types []api.ValueType) string {
		names := make([]string, len(types))
		for i, t := range types {
			names[i] = api.ValueTypeName(t)
		}
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("(%s) -> (%s)", text(params), text(results))
}
