package telemetry

import (
	"context"
	"io"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// LogFormat is how log lines look.
type LogFormat string

// The formats. AutoFormat is ConsoleFormat when the output is a terminal, else JSONFormat.
const (
	AutoFormat    LogFormat = "auto"
	JSONFormat    LogFormat = "json"
	ConsoleFormat LogFormat = "console"
)

// DefaultLogger is the name in "logger" of lines whose logger was given none.
const DefaultLogger = "millrace"

// loggerKey is the attribute that names a logger: log.With("logger", "store").
const loggerKey = "logger"

// LogOptions says how a logger writes.
type LogOptions struct {
	// Level is the least level written; it may be changed while the logger is in use. nil: info.
	Level *slog.LevelVar
	// Format is one of the LogFormats; "" is AutoFormat.
	Format LogFormat
	// Color paints the levels of ConsoleFormat.
	Color bool
}

// NewLogger returns a logger that writes one line a record to w. A part of the platform takes its
// own by log.With("logger", name).
func NewLogger(w io.Writer, o LogOptions) *slog.Logger {
	level := o.Level
	if level == nil {
		level = new(slog.LevelVar)
	}
	out := &logOutput{w: w, level: level, encode: encodeJSON}
	if o.Format == ConsoleFormat || (o.Format == "" || o.Format == AutoFormat) && IsTerminal(w) {
		out.encode = encodeConsole
		if o.Color {
			out.encode = encodeColor
		}
	}
	out.buffers.New = func() any { b := make([]byte, 0, 1024); return &b }
	return slog.New(&lineLog{out: out, logger: DefaultLogger})
}

// LevelOf returns the level of a logger that NewLogger made, or of one made from it, which may be changed while it
// is in use; nil for any other logger.
func LevelOf(log *slog.Logger) *slog.LevelVar {
	if l, ok := log.Handler().(*lineLog); ok {
		return l.out.level
	}
	return nil
}

// IsTerminal reports whether w is a terminal: someone is likely to read along.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// ParseLevel reads a level by name: debug, info, warn or error.
func ParseLevel(name string) (slog.Level, bool) {
	switch strings.ToLower(name) {
	case "debug":
		return slog.LevelDebug, true
	case "info":
		return slog.LevelInfo, true
	case "warn", "warning":
		return slog.LevelWarn, true
	case "error":
		return slog.LevelError, true
	}
	return 0, false
}

// logOutput is what all loggers made from one another share.
type logOutput struct {
	level   *slog.LevelVar
	encode  func(buf []byte, e *entry) []byte
	buffers sync.Pool // of *[]byte

	mu sync.Mutex // guards w: one line is one Write
	w  io.Writer
}

// entry is one line before it is encoded.
type entry struct {
	time     time.Time
	level    slog.Level
	logger   string
	message  string
	module   string
	function string
	line     int
	attrs    []slog.Attr
}

// lineLog is the slog.Handler behind NewLogger. Attributes are kept as a tree, so that a group that
// stays empty is not written.
type lineLog struct {
	out    *logOutput
	logger string
	attrs  []slog.Attr // given by With outside any group
	groups []group     // opened by WithGroup, outermost first
}

type group struct {
	name  string
	attrs []slog.Attr
}

// Enabled reports whether a record of this level would be written.
func (l *lineLog) Enabled(_ context.Context, level slog.Level) bool {
	return level >= l.out.level.Level()
}

// WithAttrs returns a handler whose lines have these attributes too.
func (l *lineLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(attrs) == 0 {
		return l
	}
	c := *l
	if n := len(l.groups); n > 0 {
		c.groups = slices.Clone(l.groups)
		c.groups[n-1].attrs = slices.Concat(l.groups[n-1].attrs, attrs)
		return &c
	}
	c.attrs = slices.Clone(l.attrs)
	for _, a := range attrs {
		if a.Key == loggerKey && a.Value.Kind() == slog.KindString {
			c.logger = a.Value.String()
			continue
		}
		c.attrs = append(c.attrs, a)
	}
	return &c
}

// WithGroup returns a handler that puts what follows into an object of this name.
func (l *lineLog) WithGroup(name string) slog.Handler {
	if name == "" {
		return l
	}
	c := *l
	c.groups = append(slices.Clone(l.groups), group{name: name})
	return &c
}

// Handle writes one line.
func (l *lineLog) Handle(_ context.Context, r slog.Record) error {
	e := entry{time: r.Time, level: r.Level, logger: l.logger, message: r.Message}
	e.module, e.function, e.line = place(r.PC)
	own := make([]slog.Attr, 0, r.NumAttrs())
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == loggerKey && len(l.groups) == 0 && a.Value.Kind() == slog.KindString {
			e.logger = a.Value.String()
			return true
		}
		own = append(own, a)
		return true
	})
	e.attrs = l.nest(own)

	buf := l.out.buffers.Get().(*[]byte)
	*buf = l.out.encode((*buf)[:0], &e)
	l.out.mu.Lock()
	_, err := l.out.w.Write(*buf)
	l.out.mu.Unlock()
	if cap(*buf) <= 64<<10 { // a huge line must not stay in memory
		l.out.buffers.Put(buf)
	}
	return err
}

// nest puts a record's attributes into the open groups, innermost first.
func (l *lineLog) nest(own []slog.Attr) []slog.Attr {
	for i := len(l.groups) - 1; i >= 0; i-- {
		g := l.groups[i]
		own = []slog.Attr{{Key: g.name, Value: slog.GroupValue(slices.Concat(g.attrs, own)...)}}
	}
	return slices.Concat(l.attrs, own)
}

// place says where a record was logged: the package below the module ("sql/plan"), the function in
// it and the line.
func place(pc uintptr) (module, function string, line int) {
	if pc == 0 {
		return "", "", 0
	}
	frame, _ := runtime.CallersFrames([]uintptr{pc}).Next()
	module, function = splitFunction(frame.Function)
	return module, function, frame.Line
}

// splitFunction cuts "millrace/sql/plan.(*Binder).bind" into "sql/plan" and "(*Binder).bind".
func splitFunction(name string) (module, function string) {
	path := strings.LastIndexByte(name, '/') + 1
	dot := strings.IndexByte(name[path:], '.')
	if dot < 0 {
		return "", name
	}
	return strings.TrimPrefix(name[:path+dot], "millrace/"), name[path+dot+1:]
}
