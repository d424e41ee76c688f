// Package wasmtest makes small WebAssembly modules for tests, so that no compiler and no binary file is needed.
package wasmtest

import (
	"encoding/base64"
	"encoding/binary"
	"slices"
)

// The types of values.
const (
	I32 byte = 0x7f
	I64 byte = 0x7e
	F32 byte = 0x7d
	F64 byte = 0x7c
)

// Func is a function: what the module exports under Name, or imports from the module From. Code has no end.
type Func struct {
	From    string
	Name    string
	Params  []byte
	Results []byte
	Locals  []byte // one type each
	Code    []byte
}

// Module is what Bytes writes.
type Module struct {
	Pages uint64 // of memory; exported as "memory"
	Table []uint64
	Funcs []Func // imported ones first: Code calls them by their position
	Data  string // at the start of the memory
	Start string // nothing, or the name of the function that runs when the module starts
}

// Bytes returns the module in binary form.
func (m Module) Bytes() []byte {
	var types, imports, funcs, exports, codes [][]byte
	start := -1
	for i, f := range m.Funcs {
		types = append(types, slices.Concat([]byte{0x60}, vector(f.Params), vector(f.Results)))
		if f.From != "" {
			imports = append(imports, slices.Concat(vector([]byte(f.From)), vector([]byte(f.Name)), []byte{0}, number(i)))
			continue
		}
		funcs = append(funcs, number(i))
		exports = append(exports, slices.Concat(vector([]byte(f.Name)), []byte{0}, number(i)))
		body := number(len(f.Locals))
		for _, t := range f.Locals {
			body = append(body, 1, t)
		}
		codes = append(codes, vector(slices.Concat(body, f.Code, []byte{0x0b})))
		if f.Name == m.Start {
			start = i
		}
	}
	exports = append(exports, slices.Concat(vector([]byte("memory")), []byte{2, 0}))
	out := []byte("\x00asm\x01\x00\x00\x00")
	out = append(out, section(1, list(types))...)
	out = append(out, section(2, list(imports))...)
	out = append(out, section(3, list(funcs))...)
	if len(m.Table) > 0 {
		table := []byte{1, 0x70, byte(len(m.Table) - 1)}
		for _, n := range m.Table {
			table = binary.AppendUvarint(table, n)
		}
		out = append(out, section(4, table)...)
	}
	out = append(out, section(5, binary.AppendUvarint([]byte{1, 0}, m.Pages))...)
	out = append(out, section(7, list(exports))...)
	if start >= 0 {
		out = append(out, section(8, number(start))...)
	}
	out = append(out, section(10, list(codes))...)
	return append(out, section(11, list([][]byte{slices.Concat([]byte{0, 0x41, 0, 0x0b}, vector([]byte(m.Data)))}))...)
}

func number(n int) []byte { return binary.AppendUvarint(nil, uint64(n)) }

func vector(b []byte) []byte { return append(number(len(b)), b...) }

func list(items [][]byte) []byte { return append(number(len(items)), slices.Concat(items...)...) }

func section(id byte, content []byte) []byte { return append([]byte{id}, vector(content)...) }

// Inline returns a module as USING JAR takes it in a script.
func Inline(module []byte) string {
	return "data:application/wasm;base64," + base64.StdEncoding.EncodeToString(module)
}

// Sample returns a module with functions of all kinds:
//
//	add(BIGINT, BIGINT) RETURNS BIGINT    half(DOUBLE) RETURNS DOUBLE
//	upper(STRING) RETURNS STRING          count(BIGINT) RETURNS BIGINT: how often it was called
//	or_zero(BIGINT) RETURNS BIGINT, called on NULL input: 0 for NULL
//	positive(BIGINT) RETURNS BIGINT: NULL if it is not
//	fails(BIGINT) RETURNS BIGINT          forever(BIGINT) RETURNS BIGINT
//	greedy(BIGINT) RETURNS BIGINT: takes memory until there is none
//	broken(STRING) RETURNS STRING: a place outside of the memory
func Sample() []byte {
	return Module{
		Pages: 1, Data: "no good", Table: []uint64{1, 1},
		Funcs: []Func{
			{From: "millrace", Name: "null"},
			{From: "millrace", Name: "fail", Params: []byte{I32, I32}},
			{Name: "alloc", Params: []byte{I32}, Results: []byte{I32}, Code: []byte{
				0x20, 0, 0x41, 0xff, 0xff, 0x03, 0x6a, 0x41, 16, 0x76, 0x40, 0, 0x41, 16, 0x74, // memory.grow((n + 65535) >> 16) << 16
			}},
			{Name: "add", Params: []byte{I64, I64}, Results: []byte{I64}, Code: []byte{0x20, 0, 0x20, 1, 0x7c}},
			{Name: "half", Params: []byte{F64}, Results: []byte{F64}, Code: []byte{0x20, 0, 0x44, 0, 0, 0, 0, 0, 0, 0xe0, 0x3f, 0xa2}},
			{Name: "upper", Params: []byte{I32, I32}, Results: []byte{I64}, Locals: []byte{I32, I32}, Code: []byte{
				0x02, 0x40, 0x03, 0x40, // block loop
				0x20, 2, 0x20, 1, 0x4f, 0x0d, 1, // i >= n: leave
				0x20, 0, 0x20, 2, 0x6a, 0x2d, 0, 0, 0x22, 3, // c = byte i
				0x41, 0xe1, 0, 0x6b, 0x41, 26, 0x49, 0x04, 0x40, // if c - 'a' < 26
				0x20, 0, 0x20, 2, 0x6a, 0x20, 3, 0x41, 32, 0x6b, 0x3a, 0, 0, // byte i = c - 32
				0x0b, 0x20, 2, 0x41, 1, 0x6a, 0x21, 2, 0x0c, 0, 0x0b, 0x0b, // i++, again
				0x20, 0, 0xad, 0x42, 32, 0x86, 0x20, 1, 0xad, 0x84, // place << 32 | length
			}},
			{Name: "count", Params: []byte{I64}, Results: []byte{I64}, Code: []byte{
				0x41, 0x80, 2, 0x41, 0x80, 2, 0x29, 3, 0, 0x42, 1, 0x7c, 0x37, 3, 0, 0x41, 0x80, 2, 0x29, 3, 0, // the number at 256
			}},
			{Name: "or_zero", Params: []byte{I32, I64}, Results: []byte{I64}, Code: []byte{0x42, 0, 0x20, 1, 0x20, 0, 0x1b}},
			{Name: "positive", Params: []byte{I64}, Results: []byte{I64}, Code: []byte{
				0x20, 0, 0x42, 0, 0x57, 0x04, 0x40, 0x10, 0, 0x0b, 0x20, 0, // if v <= 0 { null() } v
			}},
			{Name: "fails", Params: []byte{I64}, Results: []byte{I64}, Code: []byte{0x41, 0, 0x41, 7, 0x10, 1, 0x42, 0}},
			{Name: "forever", Params: []byte{I64}, Results: []byte{I64}, Code: []byte{0x03, 0x40, 0x0c, 0, 0x0b, 0x42, 0}},
			{Name: "greedy", Params: []byte{I64}, Results: []byte{I64}, Code: []byte{
				0x03, 0x40, 0x41, 16, 0x40, 0, 0x41, 0x7f, 0x47, 0x0d, 0, 0x0b, 0x00, // while memory.grow(16) != -1; unreachable
			}},
			{Name: "broken", Params: []byte{I32, I32}, Results: []byte{I64}, Code: []byte{0x42, 0x7f}},
		},
	}.Bytes()
}
