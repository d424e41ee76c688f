package state

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"millrace/internal/failpoint"
)

// merge is a merge under way: files of a chain that follow each other become one.
type merge struct {
	from, upto int // of the chain's files
	name       string
	in         Place
	cancel     context.CancelFunc
	done       chan struct{}
	into       *chained // when done is closed and err is nil
	err        error
}

// start merges the files of the chain from one on.
func (c *Chain) start(ctx context.Context, from int) {
	files := slices.Clone(c.files[from:])
	ctx, cancel := context.WithCancel(ctx)
	// The name is unique as that of the newest file is, and sorts behind it.
	name := strings.TrimSuffix(files[len(files)-1].name, suffix) + "-merged" + suffix
	c.merge = &merge{from: from, upto: len(c.files), name: name, in: c.in, cancel: cancel, done: make(chan struct{})}
	go c.merge.run(ctx, files, from == 0)
}

// suffix is how the names of snapshots end.
const suffix = ".snap"

// adopt takes the outcome of a merge over, if there is one.
func (c *Chain) adopt() error {
	m := c.merge
	if m == nil {
		return nil
	}
	select {
	case <-m.done:
	default:
		return nil
	}
	c.merge = nil
	if m.err != nil {
		return fmt.Errorf("merge snapshots: %w", m.err)
	}
	for _, f := range c.files[m.from:m.upto] {
		c.stale = append(c.stale, f.name)
	}
	c.files = slices.Replace(c.files, m.from, m.upto, m.into)
	return nil
}

// stop ends a merge whose outcome nobody wants.
func (c *Chain) stop() {
	m := c.merge
	if m == nil {
		return
	}
	m.cancel()
	<-m.done
	if m.err == nil {
		c.stale = append(c.stale, m.name)
	}
	c.merge = nil
}

func (m *merge) run(ctx context.Context, files []*chained, all bool) {
	defer close(m.done)
	defer m.cancel()
	m.into, m.err = m.write(ctx, files, all)
}

// write merges files, the oldest first, into one; all says that there is none before them.
func (m *merge) write(ctx context.Context, files []*chained, all bool) (*chained, error) {
	s := &Snapshot{}
	defer func() { _ = s.Close() }()
	for _, f := range files {
		opened, err := openSnapshot(ctx, m.in, f.name)
		if err != nil {
			return nil, err
		}
		s.files = append(s.files, opened)
	}
	to, err := m.in.Create(ctx, m.name)
	if err != nil {
		return nil, err
	}
	w := newWriter(m.name, to, nil, false)
	newest := files[len(files)-1]
	for _, p := range newest.dir.parts {
		w.Part(p.name)
		for _, t := range p.tables {
			if err := m.table(ctx, w, s.files, files, p.name, t.name); err != nil {
				to.Discard()
				return nil, err
			}
		}
	}
	failpoint.Hit("state.merge.save.before")
	if err := w.save(); err != nil {
		return nil, err
	}
	failpoint.Hit("state.merge.save.after")
	return &chained{w.link(), w.dir}, nil
}

// table merges one table. What is gone must be said if older files than these have a say on it.
func (m *merge) table(ctx context.Context, w *Writer, files []*file, known []*chained, part, name string) error {
	p := w.part()
	p.tables = append(p.tables, table{name: name})
	to := &p.tables[len(p.tables)-1]
	var sources []source
	for i := len(files) - 1; i >= 0 && !to.whole; i-- {
		at := files[i].dir.table(part, name)
		if at == nil {
			return corrupt(files[i].name, "lacks the table %q of %q", name, part)
		}
		sources = append(sources, source{files[i], at})
		to.whole = at.whole
		if own := known[i].dir.table(part, name); own != nil && own.types != nil {
			to.types = own.types
		}
	}
	return newMerging(sources, to.types).each(!to.whole, func(b batch) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		w.block(to, b.puts, b.gone, b.cols)
		return w.err
	})
}
