//go:build oracle

package oracle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"millrace/connector"
	"millrace/engine"
	"millrace/engine/state"
	"millrace/fault"
	"millrace/sql/plan"
	"millrace/vec"
)

// clockRuns is how long the clock goes on after the last row was read: longer than any window of
// processing time in the programs.
const clockRuns = 30 * time.Second

// errStop ends the first life after a checkpoint.
var errStop = errors.New("stop with a checkpoint")

// lives are the two lives of a program, and what came out of them by sink.
type lives struct {
	program       *program
	folder        string
	inTurn        bool // one row of each source in turn
	first, second map[string][]string
	open          map[string][]string // of the second, before the input ended
}

// life is the one that a job lives now.
type life struct {
	last   bool
	inTurn bool
	batch  bool
	began  time.Time

	mu      sync.Mutex // guards what follows
	pending map[string][]string
	atEnd   map[string][]string // what was written when the input ended
}

func (l *life) write(table, row string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending[table] = append(l.pending[table], row)
}

// endsNow remembers what has been written before the first source ends.
func (l *life) endsNow() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.atEnd == nil {
		l.atEnd = map[string][]string{}
		for table, rows := range l.pending {
			l.atEnd[table] = slices.Clone(rows)
		}
	}
}

// run lives both lives of a job. A program without rows for a second life has only the last.
func (l *lives) run(ctx context.Context, j *plan.Job) error {
	restores := l.program.restores()
	ledger := &programLedger{lives: l}
	if restores {
		if err := l.live(ctx, j, ledger, l.first); err != nil {
			return fmt.Errorf("first life: %w", err)
		}
	}
	ledger.life = &life{last: true, batch: l.program.batch}
	into := l.second
	if !restores {
		into = l.first
	}
	if err := l.live(ctx, j, ledger, into); err != nil {
		return fmt.Errorf("last life: %w", err)
	}
	maps.Copy(l.open, ledger.life.atEnd)
	return nil
}

func (l *lives) live(ctx context.Context, j *plan.Job, ledger *programLedger, into map[string][]string) error {
	if ledger.life == nil {
		ledger.life = &life{}
	}
	now := ledger.life
	now.inTurn, now.began, now.pending = l.inTurn, time.Now(), map[string][]string{}
	ctx, cancel := context.WithTimeout(ctx, 2*clockRuns)
	defer cancel()
	env := &engine.Env{
		Connectors: map[string]connector.Spec{}, Log: slog.New(slog.DiscardHandler), Hasher: vec.NewHasher(), Snapshots: state.Folders(l.folder),
		OpenLedger: func(context.Context, engine.LedgerOf) (engine.Ledger, error) { return ledger, nil },
	}
	for _, c := range l.program.connectors(now) {
		env.Connectors[c.Name] = c
	}
	spec := engine.SpecOf("program", j)
	// One task an operator: the order of rows of different keys is then that of the input.
	spec.Settings.Parallelism, spec.Settings.Checkpoint = 1, 50*time.Millisecond
	err := engine.NewJob(env, spec).RunOnce(ctx)
	if !now.last && (errors.Is(err, errStop) || errors.Is(err, context.DeadlineExceeded) && ledger.consumed(ledger.epoch)) {
		err = nil
	}
	for table, rows := range now.pending {
		into[table] = append(into[table], rows...)
	}
	return err
}

// programLedger keeps the last epoch, and ends the first life once all its rows are read and what
// comes of them is as it should be. If that never happens the clock ends it.
type programLedger struct {
	lives *lives
	life  *life
	epoch *engine.Epoch
}

// Last implements engine.Ledger.
func (l *programLedger) Last(context.Context) (*engine.Epoch, error) { return l.epoch, nil }

// Txn implements engine.Ledger.
func (l *programLedger) Txn() connector.Txn { return nil }

// Refuse implements engine.Ledger.
func (l *programLedger) Refuse(_ context.Context, s *plan.Scan, bad []connector.Refused) error {
	return fault.New(fault.Invalid, "read table %s: %w", s.Table, bad[0].Reason)
}

// Commit implements engine.Ledger.
func (l *programLedger) Commit(_ context.Context, e *engine.Epoch) error {
	l.epoch = e
	if l.life.last || e.Finished || !l.consumed(e) {
		return nil
	}
	l.life.mu.Lock()
	defer l.life.mu.Unlock()
	for _, s := range l.lives.program.sinks() {
		if len(differing(s.wantBefore(), l.life.pending[s.Name])) > 0 {
			return nil
		}
	}
	return errStop
}

// Close implements engine.Ledger.
func (l *programLedger) Close() error { return nil }

// consumed says whether all rows before the restore have been read in e.
func (l *programLedger) consumed(e *engine.Epoch) bool {
	if e == nil || len(e.Sources) == 0 {
		return false
	}
	for id, s := range e.Sources {
		_, split, _ := strings.Cut(id, "/")
		t := l.lives.program.tables[split]
		if t == nil || string(s.Offset) != strconv.Itoa(t.rows.before) {
			return false
		}
	}
	return true
}

func (t *programTable) wantBefore() []string {
	if t.ExpectedBeforeRestoreStrings != nil {
		return t.ExpectedBeforeRestoreStrings
	}
	return javaRows(t.ExpectedBeforeRestore)
}

func (t *programTable) wantAfter() []string {
	if t.ExpectedAfterRestoreStrings != nil {
		return t.ExpectedAfterRestoreStrings
	}
	return javaRows(t.ExpectedAfterRestore)
}

// The checks that a sink can pass, from the strictest on.
const (
	asSaid       = "1 as said, before and after the restore"
	asSaidOpen   = "2 as said, before the input ends"
	asSaidOnce   = "2 as said, at a moment before all windows of processing time have ended"
	inSum        = "3 as said in sum: some rows come at another moment"
	inSumOpen    = "4 as said in sum, before the input ends"
	materialized = "5 as said when folded by key"
	foldedAlike  = "6 the same when folded: other intermediate answers"
)

// check compares what came to a sink with what its program says.
func (l *lives) check(s *programTable) (how, complaint string) {
	before, after := s.wantBefore(), s.wantAfter()
	first, second, open := l.first[s.Name], l.second[s.Name], l.open[s.Name]
	if !strings.HasSuffix(s.Kind, "RESTORE_DATA") {
		open = nil
	}
	if !s.TestChangelogData {
		return s.checkFolded(append(slices.Clone(before), after...), append(slices.Clone(first), second...))
	}
	want := append(slices.Clone(before), after...)
	got := append(slices.Clone(first), second...)
	onTime := len(differing(before, first)) == 0
	switch {
	case onTime && len(differing(after, second)) == 0:
		return asSaid, ""
	case onTime && len(differing(after, open)) == 0 && open != nil:
		return asSaidOpen, ""
	case onTime && l.program.byClock() && slices.ContainsFunc(prefixes(second), func(p []string) bool { return len(differing(after, p)) == 0 }):
		return asSaidOnce, ""
	case len(differing(want, got)) == 0:
		return inSum, ""
	case open != nil && len(differing(want, append(slices.Clone(first), open...))) == 0:
		return inSumOpen, ""
	}
	folded := s.ExpectedMaterializedStrings
	if folded == nil && s.ExpectedMaterializedRows != nil {
		folded = javaRows(s.ExpectedMaterializedRows)
	}
	if folded != nil && len(differing(folded, s.fold(got))) == 0 {
		return materialized, ""
	}
	if l.program.intermediate() && len(differing(s.fold(before), s.fold(first))) == 0 && len(differing(s.fold(want), s.fold(got))) == 0 {
		return foldedAlike, ""
	}
	slices.Sort(before)
	slices.Sort(first)
	slices.Sort(after)
	slices.Sort(second)
	return "", fmt.Sprintf("sink %s, before the restore (-want +got):\n%safter it:\n%s", s.Name, cmp.Diff(before, first), cmp.Diff(after, second))
}

// intermediate says whether a program says intermediate answers that need not be the same: those of mini
// batches depend on what is batched where, others are in foldedOnly.
func (p *program) intermediate() bool {
	batched := slices.ContainsFunc(p.Setup, func(s step) bool {
		return s.Kind == "CONFIG" && strings.Contains(s.Option, "'table.exec.mini-batch.enabled'") && configText(s.Value) == "true"
	})
	return batched || foldedOnly[p.ID] != ""
}

// prefixes are what had come at each moment.
func prefixes(rows []string) [][]string {
	all := make([][]string, len(rows))
	for i := range rows {
		all[i] = rows[:i]
	}
	return all
}

var procTime = regexp.MustCompile(`(?i)proc_?time`)

// byClock says whether a program's windows are of processing time: then Flink's test looks at the answer
// as soon as it is there, and does not wait for more.
func (p *program) byClock() bool {
	return slices.ContainsFunc(p.Run, func(r runStep) bool { return procTime.MatchString(r.SQL) && strings.Contains(r.SQL, "INTERVAL") })
}

func (t *programTable) checkFolded(want, got []string) (how, complaint string) {
	w, g := t.fold(want), t.fold(got)
	if len(differing(w, g)) == 0 {
		return materialized, ""
	}
	return "", fmt.Sprintf("sink %s, folded (-want +got):\n%s", t.Name, cmp.Diff(w, g))
}

// fold applies a changelog: what stands at its end, as inserts.
func (t *programTable) fold(rows []string) []string {
	var order []string
	standing := map[string][]string{}
	for _, row := range rows {
		kind, body := row[:2], row[2:]
		key := body
		if len(t.key) > 0 {
			key = t.keyOf(body)
		}
		have := standing[key]
		if have == nil {
			order = append(order, key)
		}
		switch {
		case kind == "-U" || kind == "-D":
			have = have[:max(0, len(have)-1)]
		case len(t.key) > 0:
			have = []string{body}
		default:
			have = append(have, body)
		}
		standing[key] = have
	}
	var out []string
	for _, key := range order {
		for _, body := range standing[key] {
			out = append(out, "+I"+body)
		}
		delete(standing, key)
	}
	slices.Sort(out)
	return out
}

// keyOf is the text of the key's columns of a row that has no comma within a value.
func (t *programTable) keyOf(body string) string {
	cells := strings.Split(strings.TrimSuffix(strings.TrimPrefix(body, "["), "]"), ", ")
	var key []string
	for _, k := range t.key {
		key = append(key, cells[k])
	}
	return strings.Join(key, "\x00")
}

// differing are the rows that only one of two multisets has.
func differing(want, got []string) []string {
	count := map[string]int{}
	for _, w := range want {
		count[w]++
	}
	for _, g := range got {
		count[g]--
	}
	maps.DeleteFunc(count, func(_ string, n int) bool { return n == 0 })
	return slices.Sorted(keysOf(count))
}
