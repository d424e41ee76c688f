package wasm

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/sys"

	"millrace/schema"
	"millrace/sql/function"
	"millrace/vec"
)

// instance is a module at work for one task.
type instance struct {
	*Function
	module      api.Module
	call        api.Function
	alloc, free api.Function // nil: there is none
	memory      api.Memory

	stack   []uint64 // of a call: its arguments, then its answer
	pair    [2]uint64
	room    uint32 // where the strings of a call lie in the memory
	roomFor uint32 // how long they may be
	null    bool   // the module has said that the answer is NULL
	failed  string // what it has failed with
	watch   watch
}

// errFailed stops a module that has said that it fails.
var errFailed = errors.New("the function has failed")

// Open makes an instance for one task and returns its kernel. Nothing needs to be closed: it goes with the kernel.
func (f *Function) Open() (function.Kernel, error) {
	ctx, cancel := context.WithTimeout(context.Background(), f.host.limits.Call)
	defer cancel()
	runtime := wazero.NewRuntimeWithConfig(ctx, f.host.config())
	in := &instance{Function: f}
	if err := in.imports(ctx, runtime); err != nil {
		return nil, f.sig.wrong("%w", err)
	}
	compiled, err := runtime.CompileModule(ctx, f.code)
	if err != nil {
		return nil, f.sig.wrong("compile the module: %w", err)
	}
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions("_initialize")
	if in.module, err = runtime.InstantiateModule(ctx, compiled, config); err != nil {
		return nil, in.broken("start the module", err)
	}
	in.call = in.module.ExportedFunction(f.sig.Export)
	in.alloc, in.free = in.module.ExportedFunction(allocName), in.module.ExportedFunction(freeName)
	in.memory = in.module.Memory()
	in.stack = make([]uint64, max(1, 3*len(f.sig.Args)))
	in.watch.limit = f.host.limits.Call
	in.watch.stop = func() { _ = in.module.CloseWithExitCode(context.Background(), sys.ExitCodeDeadlineExceeded) }
	return in.kernel, nil
}

// imports gives the module what it may call.
func (in *instance) imports(ctx context.Context, runtime wazero.Runtime) error {
	i32 := api.ValueTypeI32
	_, err := runtime.NewHostModuleBuilder(hostModule).
		NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(func(context.Context, api.Module, []uint64) {
		in.null = true
	}), nil, nil).Export(hostNull).
		NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(func(_ context.Context, m api.Module, stack []uint64) {
		in.failed = "it has failed"
		if memory := m.Memory(); memory != nil {
			if text, ok := memory.Read(uint32(stack[0]), min(uint32(stack[1]), maxFailure)); ok {
				in.failed = strings.ToValidUTF8(string(text), "?")
			}
		}
		panic(errFailed)
	}), []api.ValueType{i32, i32}, nil).Export(hostFail).
		Instantiate(ctx)
	if err != nil {
		return fmt.Errorf("make the module %s: %w", hostModule, err)
	}
	_, err = runtime.NewHostModuleBuilder("env").
		NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(func(_ context.Context, _ api.Module, stack []uint64) {
		in.failed = fmt.Sprintf("aborted at line %d, column %d of its source", uint32(stack[2]), uint32(stack[3]))
		panic(errFailed)
	}), []api.ValueType{i32, i32, i32, i32}, nil).Export("abort").
		Instantiate(ctx)
	if err != nil {
		return fmt.Errorf("make the module env: %w", err)
	}
	return nil
}

// maxFailure bounds the text that a module fails with.
const maxFailure = 1000

// broken is the error of a call that did not end well.
func (in *instance) broken(doing string, err error) error {
	var exit *sys.ExitError
	switch {
	case in.failed != "":
		return in.sig.wrong("%s", in.failed)
	case errors.As(err, &exit) && exit.ExitCode() == sys.ExitCodeDeadlineExceeded:
		return in.sig.wrong("%s: it took longer than %s", doing, in.host.limits.Call).WithHint("it may loop without end")
	}
	// What follows is a trace of the module's stack.
	text, _, _ := strings.Cut(err.Error(), "\n")
	return in.sig.wrong("%s: %s", doing, text)
}

// kernel calls the export for each row.
func (in *instance) kernel(c *function.Call, args []*vec.Column, dst *vec.Column) error {
	in.watch.begin()
	defer in.watch.end()
	text := dst.Layout() == vec.LayoutBytes
	next := 0
	for k := range c.Rows.Len() {
		i := c.Rows.At(k)
		for ; text && next < i; next++ {
			dst.Off[next+1] = int32(len(dst.Data))
		}
		if !in.sig.OnNull && dst.IsNull(i) {
			continue
		}
		answer, err := in.row(args, i)
		if err != nil {
			return err
		}
		if in.null {
			if dst.Type.NotNull {
				return in.sig.wrong("it returned NULL, but is declared NOT NULL")
			}
			dst.SetNull(i, c.Rows.N)
			continue
		}
		if err := in.set(dst, i, answer); err != nil {
			return err
		}
		next = i + 1
	}
	for ; text && next < c.Rows.N; next++ {
		dst.Off[next+1] = int32(len(dst.Data))
	}
	return nil
}

// row calls the export for row i.
func (in *instance) row(args []*vec.Column, i int) (uint64, error) {
	n, err := in.lay(args, i)
	if err != nil {
		return 0, err
	}
	in.null = false
	in.watch.next()
	if err := in.call.CallWithStack(context.Background(), in.stack[:max(1, n)]); err != nil {
		return 0, in.broken("call "+in.sig.Export, err)
	}
	return in.stack[0], nil
}

// lay puts the arguments of row i on the stack, and strings into the module's memory. It returns how many values
// there are on the stack.
func (in *instance) lay(args []*vec.Column, i int) (int, error) {
	if in.string {
		if err := in.makeRoom(args, i); err != nil {
			return 0, err
		}
	}
	n, at := 0, in.room
	for _, a := range args {
		null := a.IsNull(i)
		if in.sig.OnNull {
			in.stack[n] = 0
			if null {
				in.stack[n] = 1
			}
			n++
		}
		if a.Layout() == vec.LayoutBytes {
			in.stack[n], in.stack[n+1] = uint64(at), 0
			if !null {
				text := a.Bytes(i)
				if !in.memory.Write(at, text) {
					return 0, in.sig.wrong("alloc returned a place outside of the memory")
				}
				in.stack[n+1] = uint64(len(text))
				at += uint32(len(text))
			}
			n += 2
			continue
		}
		in.stack[n] = 0
		if !null {
			in.stack[n] = scalar(a, i)
		}
		n++
	}
	return n, nil
}

// scalar returns the value of row i of a column without strings as it lies on the stack.
func scalar(c *vec.Column, i int) uint64 {
	switch c.Layout() {
	case vec.LayoutBits:
		if c.Bits.Get(i) {
			return 1
		}
		return 0
	case vec.LayoutI8:
		return api.EncodeI32(int32(c.I8[i]))
	case vec.LayoutI16:
		return api.EncodeI32(int32(c.I16[i]))
	case vec.LayoutI32:
		return api.EncodeI32(c.I32[i])
	case vec.LayoutI64:
		return api.EncodeI64(c.I64[i])
	case vec.LayoutF32:
		return api.EncodeF32(c.F32[i])
	}
	return api.EncodeF64(c.F64[i])
}

// makeRoom has the module make room for the strings of row i, if there is not enough.
func (in *instance) makeRoom(args []*vec.Column, i int) error {
	need := 0
	for _, a := range args {
		if a.Layout() == vec.LayoutBytes && !a.IsNull(i) {
			need += len(a.Bytes(i))
		}
	}
	const least = 4096
	switch {
	case in.roomFor > 0 && need <= int(in.roomFor):
		return nil
	case int64(need) > in.host.limits.Memory:
		return in.sig.wrong("its arguments have %d bytes, more than its memory", need)
	}
	if in.roomFor > 0 && in.free != nil {
		if err := in.release(in.room, in.roomFor); err != nil {
			return err
		}
	}
	size := uint32(max(least, min(2*need, math.MaxInt32)))
	in.pair[0] = uint64(size)
	in.watch.next()
	if err := in.alloc.CallWithStack(context.Background(), in.pair[:1]); err != nil {
		return in.broken("call alloc", err)
	}
	in.room, in.roomFor = uint32(in.pair[0]), size
	if in.room == 0 || int64(in.room)+int64(size) > int64(in.memory.Size()) {
		return in.sig.wrong("alloc found no room for %d bytes; the module may have %d bytes of memory", size, in.host.limits.Memory)
	}
	return nil
}

// release gives memory back to the module.
func (in *instance) release(at, size uint32) error {
	in.pair = [2]uint64{uint64(at), uint64(size)}
	in.watch.next()
	if err := in.free.CallWithStack(context.Background(), in.pair[:]); err != nil {
		return in.broken("call free", err)
	}
	return nil
}

// set puts an answer in row i.
func (in *instance) set(dst *vec.Column, i int, answer uint64) error {
	switch dst.Layout() {
	case vec.LayoutBits:
		if uint32(answer) != 0 {
			dst.Bits.Set(i)
		} else {
			dst.Bits.Clear(i)
		}
	case vec.LayoutI8:
		dst.I8[i] = int8(answer)
	case vec.LayoutI16:
		dst.I16[i] = int16(answer)
	case vec.LayoutI32:
		dst.I32[i] = api.DecodeI32(answer)
	case vec.LayoutI64:
		dst.I64[i] = int64(answer)
	case vec.LayoutF32:
		dst.F32[i] = api.DecodeF32(answer)
	case vec.LayoutF64:
		dst.F64[i] = api.DecodeF64(answer)
	case vec.LayoutBytes:
		return in.setText(dst, i, answer)
	}
	return nil
}

// setText takes a string out of the module's memory: its place is in the upper half of the answer, its length in
// the lower one.
func (in *instance) setText(dst *vec.Column, i int, answer uint64) error {
	at, size := uint32(answer>>32), uint32(answer)
	text, ok := in.memory.Read(at, size)
	switch {
	case !ok:
		return in.sig.wrong("it returned %d bytes at %d, which is outside of its memory", size, at)
	case len(dst.Data)+len(text) > math.MaxInt32:
		return in.sig.wrong("it returned more than 2 GB for one batch")
	case dst.Type.ID == schema.VarChar && !utf8.Valid(text):
		return in.sig.wrong("it returned text that is not UTF-8").WithHint("declare it RETURNS BYTES")
	}
	dst.AppendBytes(i, text)
	if in.free != nil {
		return in.release(at, size)
	}
	return nil
}

// watch stops a module whose call takes too long. It has one timer for a batch: calls are counted, and if the timer
// finds the count as it was the last time, then one call has lasted all that time.
type watch struct {
	limit time.Duration
	stop  func()
	calls atomic.Int64

	mu    sync.Mutex // guards what follows
	timer *time.Timer
	seen  int64
	busy  bool
}

func (w *watch) next() { w.calls.Add(1) }

func (w *watch) begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy = true
	w.seen = w.calls.Add(1)
	if w.timer == nil {
		w.timer = time.AfterFunc(w.limit, w.tick)
	} else {
		w.timer.Reset(w.limit)
	}
}

func (w *watch) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy = false
	w.timer.Stop()
}

func (w *watch) tick() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.busy {
		return
	}
	if n := w.calls.Load(); n != w.seen {
		w.seen = n
		w.timer.Reset(w.limit)
		return
	}
	w.stop()
}
