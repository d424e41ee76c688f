package wasm

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"strings"

	"millrace/fault"
)

// inlinePrefix begins the name of a module that is its content itself, as in a URL.
const inlinePrefix = "data:application/wasm;base64,"

// Read returns the module that a script names: the content itself, behind data:application/wasm;base64, or what
// files has for the name; with nil there are no files.
func Read(name string, files func(name string) ([]byte, error)) ([]byte, error) {
	if text, ok := strings.CutPrefix(name, inlinePrefix); ok {
		module, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, fault.New(fault.Invalid, "read module: %w", err)
		}
		return module, nil
	}
	if strings.HasPrefix(name, "data:") {
		return nil, fault.New(fault.Invalid, "read module: it is not WebAssembly in base64").WithHint("begin it with %s", inlinePrefix)
	}
	if files == nil {
		return nil, fault.New(fault.Denied, "read module %q: files are not read here", name).
			WithHint("set functions.folder, or write the module into the script: %s...", inlinePrefix)
	}
	return files(name)
}

// Parts of the binary form.
const (
	header     = "\x00asm\x01\x00\x00\x00"
	tablesPart = 4
	maxTable   = 1 << 16 // entries of a table
	maxTables  = 16
	hasMaximum = 1
)

var errCutOff = errors.New("the module is cut off")

// checkTables insists that the tables of a module are bounded, because the bound of the memory does not count them.
// All else is checked where the module is compiled.
func checkTables(code []byte) error {
	if !strings.HasPrefix(string(code[:min(len(code), len(header))]), header) {
		return errors.New("it is no WebAssembly module")
	}
	r := &reader{code[len(header):]}
	for len(r.rest) > 0 {
		id := r.rest[0]
		r.rest = r.rest[1:]
		size, err := r.number()
		if err != nil || size > uint64(len(r.rest)) {
			return errCutOff
		}
		if id == tablesPart {
			if err := (&reader{r.rest[:size]}).tables(); err != nil {
				return err
			}
		}
		r.rest = r.rest[size:]
	}
	return nil
}

// reader reads the binary form.
type reader struct{ rest []byte }

func (r *reader) number() (uint64, error) {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 || size > 5 {
		return 0, errCutOff
	}
	r.rest = r.rest[size:]
	return n, nil
}

func (r *reader) tables() error {
	count, err := r.number()
	if err != nil {
		return err
	}
	if count > maxTables {
		return fault.New(fault.Limit, "the module has %d tables, more than %d", count, maxTables)
	}
	for range count {
		if len(r.rest) < 2 {
			return errCutOff
		}
		bounded := r.rest[1]&hasMaximum != 0
		r.rest = r.rest[2:]
		most, err := r.number()
		if err == nil && bounded {
			most, err = r.number()
		}
		if err != nil {
			return err
		}
		if most > maxTable {
			return fault.New(fault.Limit, "the module has a table of %d entries, more than %d", most, maxTable)
		}
		if !bounded {
			return fault.New(fault.Limit, "the module has a table that may grow without end").WithHint("link it with a fixed table")
		}
	}
	return nil
}

// Anywhere reads a module from any file; most is how many bytes it may have.
func Anywhere(most int64) func(name string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		f, err := os.Open(strings.TrimPrefix(name, "file://"))
		if err != nil {
			return nil, fault.New(fault.NotFound, "read module: %w", err)
		}
		return readAll(f, most)
	}
}

// Within reads a module from a file below a folder. Links that lead out of it are not followed.
func Within(folder string, most int64) func(name string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		f, err := os.OpenInRoot(folder, strings.TrimPrefix(name, "file://"))
		if err != nil {
			return nil, fault.New(fault.NotFound, "read module %q: %w", name, err).
				WithHint("put it into the folder of functions, and write its name without that of the folder")
		}
		return readAll(f, most)
	}
}

func readAll(f *os.File, most int64) ([]byte, error) {
	module, err := io.ReadAll(io.LimitReader(f, most+1))
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return nil, fault.New(fault.Unavailable, "read module: %w", err)
	}
	if int64(len(module)) > most {
		return nil, fault.New(fault.Limit, "read module %s: it has more than %d bytes", f.Name(), most)
	}
	return module, nil
}
