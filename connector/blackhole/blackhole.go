// Package blackhole takes rows and forgets them, as Flink's connector of that name does: to measure or try
// a query without its sink.
package blackhole

import (
	"context"

	"millrace/connector"
	"millrace/format"
	"millrace/option"
	"millrace/vec"
)

// Spec returns the connector as SQL sees it.
func Spec() connector.Spec {
	return connector.Spec{
		Name:  "blackhole",
		Doc:   "Takes all rows and keeps none.",
		SQL:   true,
		Takes: func(option.Values) format.Changes { return format.All },
		Sink:  func(connector.Table) (connector.Sink, error) { return hole{}, nil },
	}
}

// hole is the sink and its writers: there is nothing to keep apart.
type hole struct{}

// Open implements connector.Sink.
func (hole) Open(context.Context, connector.Task, format.Encoder) (connector.Writer, error) {
	return hole{}, nil
}

// Write implements connector.Writer.
func (hole) Write(ctx context.Context, _ *vec.Batch) error { return ctx.Err() }

// Flush implements connector.Writer.
func (hole) Flush(context.Context) error { return nil }

// Close implements connector.Sink and connector.Writer.
func (hole) Close() error { return nil }
