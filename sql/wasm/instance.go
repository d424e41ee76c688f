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
	run         api.Function // of the driver
	alloc, free api.Function // nil: there is none
	memory      api.Memory
	args        api.Memory // of the driver: the arguments of a row

	rows    rows
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
	config := wazero.NewModuleConfig().WithName(guestModule).WithStartFunctions("_initialize")
	if in.module, err = runtime.InstantiateModule(ctx, compiled, config); err != nil {
		return nil, in.broken("start the module", err)
	}
	params, result, err := f.types()
	if err != nil {
		return nil, err
	}
	loop, err := runtime.InstantiateWithConfig(ctx, driver(f.sig.Export, params, result), wazero.NewModuleConfig().WithName(driverModule))
	if err != nil {
		return nil, f.sig.wrong("make its driver: %w", err)
	}
	in.run, in.args = loop.ExportedFunction(runName), loop.Memory()
	in.alloc, in.free = in.module.ExportedFunction(allocName), in.module.ExportedFunction(freeName)
	in.memory = in.module.Memory()
	in.watch.limit = f.host.limits.Call
	in.watch.stop = func() {
		for _, m := range []api.Module{in.module, loop} {
			_ = m.CloseWithExitCode(context.Background(), sys.ExitCodeDeadlineExceeded)
		}
	}
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
		NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(func(_ context.Context, _ api.Module, stack []uint64) {
		stack[0] = in.step(stack[0])
	}), []api.ValueType{api.ValueTypeI64}, []api.ValueType{i32}).Export(stepName).
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

// rows is how far a batch has come.
type rows struct {
	call *function.Call
	args []*vec.Column
	dst  *vec.Column
	next int   // of the rows of the call
	at   int   // the row that was called
	text int   // the rows of dst, if it is one of strings, that have their end
	err  error // why it stops
}

// kernel has the driver call the export for each row.
func (in *instance) kernel(c *function.Call, args []*vec.Column, dst *vec.Column) error {
	in.watch.begin()
	defer in.watch.end()
	in.rows = rows{call: c, args: args, dst: dst, at: -1}
	err := in.run.CallWithStack(context.Background(), nil)
	r := in.rows
	in.rows = rows{} // what is in there is borrowed
	switch {
	case r.err != nil:
		return r.err
	case err != nil:
		return in.broken("call "+in.sig.Export, err)
	}
	r.endTexts(c.Rows.N)
	return nil
}

// endTexts ends the strings of all rows before row n that have none.
func (r *rows) endTexts(n int) {
	for ; r.dst.Layout() == vec.LayoutBytes && r.text < n; r.text++ {
		r.dst.Off[r.text+1] = int32(len(r.dst.Data))
	}
}

// step takes the answer of the row before and lays the arguments of the next. It returns 0 if there is none.
func (in *instance) step(answer uint64) uint64 {
	r := &in.rows
	if r.at >= 0 {
		if r.err = in.take(answer); r.err != nil {
			return 0
		}
	}
	for r.next < r.call.Rows.Len() {
		i := r.call.Rows.At(r.next)
		r.next++
		if !in.sig.OnNull && r.dst.IsNull(i) {
			continue
		}
		if r.err = in.lay(r.args, i); r.err != nil {
			return 0
		}
		r.at, in.null = i, false
		in.watch.next()
		return 1
	}
	return 0
}

// take puts the answer of the row that was called into the result.
func (in *instance) take(answer uint64) error {
	r := &in.rows
	switch {
	case in.null && r.dst.Type.NotNull:
		return in.sig.wrong("it returned NULL, but is declared NOT NULL")
	case in.null:
		r.dst.SetNull(r.at, r.call.Rows.N)
		return nil
	}
	if r.dst.Layout() != vec.LayoutBytes {
		set(r.dst, r.at, answer)
		return nil
	}
	r.endTexts(r.at)
	r.text = r.at + 1
	return in.setText(r.dst, r.at, answer)
}

// lay puts the arguments of row i where the driver reads them, and strings into the module's memory.
func (in *instance) lay(args []*vec.Column, i int) error {
	if in.string {
		if err := in.makeRoom(args, i); err != nil {
			return err
		}
	}
	n, at := uint32(0), in.room
	put := func(v uint64) {
		in.args.WriteUint64Le(n, v) // it has place for all that a function can have
		n += 8
	}
	for _, a := range args {
		null := a.IsNull(i)
		if in.sig.OnNull {
			put(api.EncodeU32(uint32(truth(null))))
		}
		switch {
		case a.Layout() == vec.LayoutBytes && null:
			put(uint64(at))
			put(0)
		case a.Layout() == vec.LayoutBytes:
			text := a.Bytes(i)
			if !in.memory.Write(at, text) {
				return in.sig.wrong("alloc returned a place outside of the memory")
			}
			put(uint64(at))
			put(uint64(len(text)))
			at += uint32(len(text))
		case null:
			put(0)
		default:
			put(scalar(a, i))
		}
	}
	return nil
}

func truth(is bool) uint64 {
	if is {
		return 1
	}
	return 0
}

// scalar returns the value of row i of a column without strings as it lies on the stack.
func scalar(c *vec.Column, i int) uint64 {
	switch c.Layout() {
	case vec.LayoutBits:
		return truth(c.Bits.Get(i))
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

// set puts an answer that is no string in row i.
func set(dst *vec.Column, i int, answer uint64) {
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
	}
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
