// Package print writes rows to standard output or standard error, as Flink's connector of that name does:
// +I[ann, 25.0, 2026-11-20T10:00:00.123].
//
// The writers of all tasks, and all tables, share the two outputs: each batch is written at once, so that
// rows never mix within a line.
package print

import (
	"bytes"
	"context"
	"io"
	"strconv"
	"sync"

	"millrace/connector"
	"millrace/fault"
	"millrace/format"
	"millrace/option"
	"millrace/vec"
)

// Spec returns the connector as SQL sees it, with the outputs that it writes to.
func Spec(stdout, stderr io.Writer) connector.Spec {
	var mu sync.Mutex // one for both: they may be the same terminal
	outputs := [2]*output{{mu: &mu, w: stdout}, {mu: &mu, w: stderr}}
	return connector.Spec{
		Name:  "print",
		Doc:   "Writes each row as a line to the standard output or standard error of the process.",
		SQL:   true,
		Takes: func(option.Values) format.Changes { return format.All },
		Options: []option.Option{
			{Name: "print-identifier", Doc: "A text before each row, to tell tables apart."},
			{Name: "standard-error", Kind: option.Bool, Default: "false", Doc: "Write to standard error instead of standard output."},
			{Name: "sink.parallelism", Kind: option.Int, Doc: "How many tasks write; it is that of the job."},
		},
		Sink: func(t connector.Table) (connector.Sink, error) {
			s := &sink{out: outputs[0], identifier: t.Options.String("print-identifier")}
			if t.Options.Bool("standard-error") {
				s.out = outputs[1]
			}
			return s, nil
		},
	}
}

// output is a stream that several writers share.
type output struct {
	mu *sync.Mutex // guards w
	w  io.Writer
}

func (o *output) write(lines []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, err := o.w.Write(lines)
	return err
}

type sink struct {
	out        *output
	identifier string
}

// Open implements connector.Sink.
func (s *sink) Open(_ context.Context, t connector.Task, _ format.Encoder) (connector.Writer, error) {
	w := &writer{out: s.out}
	w.prefix = append(w.prefix, s.identifier...)
	if t.Of > 1 {
		if s.identifier != "" {
			w.prefix = append(w.prefix, ':')
		}
		w.prefix = strconv.AppendInt(w.prefix, int64(t.Index+1), 10)
	}
	if len(w.prefix) > 0 {
		w.prefix = append(w.prefix, "> "...)
	}
	return w, nil
}

// Close implements connector.Sink.
func (s *sink) Close() error { return nil }

type writer struct {
	out    *output
	prefix []byte
	buf    bytes.Buffer
	line   []byte
}

// Write implements connector.Writer.
func (w *writer) Write(_ context.Context, b *vec.Batch) error {
	w.buf.Reset()
	rows := b.Rows()
	for k := range rows.Len() {
		i := rows.At(k)
		w.line = append(w.line[:0], w.prefix...)
		w.line = append(append(w.line, b.Kind(i).String()...), '[')
		for c := range b.Cols {
			if c > 0 {
				w.line = append(w.line, ", "...)
			}
			w.line = appendValue(w.line, &b.Cols[c], i)
		}
		w.buf.Write(append(w.line, "]\n"...))
	}
	if err := w.out.write(w.buf.Bytes()); err != nil {
		return fault.New(fault.Unavailable, "print rows: %w", err)
	}
	return nil
}

// Flush implements connector.Writer.
func (w *writer) Flush(context.Context) error { return nil }

// Close implements connector.Writer.
func (w *writer) Close() error { return nil }
