package wasm

import (
	"encoding/binary"
	"slices"

	"github.com/tetratelabs/wazero/api"
)

// The driver is a module that we make for a signature. It calls the export for all rows of a batch, so that a batch
// enters WebAssembly once: to enter costs a goroutine each time, which watches over the time. It is
//
//	answer = 0
//	while step(answer): answer = export(the arguments at 0, 8, 16, ... of the driver's memory)
//
// where step is ours: it takes the answer of the row before as bits, and lays the arguments of the next.
const (
	driverModule = "driver"
	guestModule  = "guest"
	stepName     = "step"
	runName      = "run"
)

// The parts of the binary form that the driver has.
const (
	typesPart     = 1
	importsPart   = 2
	functionsPart = 3
	memoryPart    = 5
	exportsPart   = 7
	codePart      = 10
)

// Instructions.
const (
	opBlock   = 0x02
	opLoop    = 0x03
	opEnd     = 0x0b
	opBranch  = 0x0c
	opLeaveIf = 0x0d
	opCall    = 0x10
	opGet     = 0x20
	opSet     = 0x21
	opI32     = 0x41
	opIsZero  = 0x45
	opExtend  = 0xad // i32 to i64, unsigned
	opBits32  = 0xbc // f32 to i32
	opBits64  = 0xbd // f64 to i64
	noResult  = 0x40
)

// driver returns the driver of an export.
func driver(export string, params []api.ValueType, result api.ValueType) []byte {
	types := part(typesPart, 3,
		[]byte{0x60, 1, api.ValueTypeI64, 1, api.ValueTypeI32},
		slices.Concat([]byte{0x60}, sized(params), []byte{1, result}),
		[]byte{0x60, 0, 0})
	imports := part(importsPart, 2,
		slices.Concat(sized([]byte(hostModule)), sized([]byte(stepName)), []byte{0, 0}),
		slices.Concat(sized([]byte(guestModule)), sized([]byte(export)), []byte{0, 1}))
	code := []byte{1, 1, api.ValueTypeI64, opBlock, noResult, opLoop, noResult, opGet, 0, opCall, 0, opIsZero, opLeaveIf, 1}
	for i, t := range params {
		load := map[api.ValueType][]byte{
			api.ValueTypeI32: {0x28, 2}, api.ValueTypeI64: {0x29, 3}, api.ValueTypeF32: {0x2a, 2}, api.ValueTypeF64: {0x2b, 3},
		}[t]
		code = append(code, opI32, 0)
		code = binary.AppendUvarint(append(code, load...), uint64(8*i))
	}
	code = append(code, opCall, 1)
	switch result {
	case api.ValueTypeI32:
		code = append(code, opExtend)
	case api.ValueTypeF32:
		code = append(code, opBits32, opExtend)
	case api.ValueTypeF64:
		code = append(code, opBits64)
	}
	code = append(code, opSet, 0, opBranch, 0, opEnd, opEnd, opEnd)
	return slices.Concat([]byte(header), types, imports,
		part(functionsPart, 1, []byte{2}),
		part(memoryPart, 1, []byte{1, 1, 1}),
		part(exportsPart, 1, slices.Concat(sized([]byte(runName)), []byte{0, 2})),
		part(codePart, 1, sized(code)))
}

func sized(b []byte) []byte { return append(binary.AppendUvarint(nil, uint64(len(b))), b...) }

func part(id byte, count int, items ...[]byte) []byte {
	return append([]byte{id}, sized(append(binary.AppendUvarint(nil, uint64(count)), slices.Concat(items...)...))...)
}
