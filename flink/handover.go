package flink

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"millrace/fault"
	"millrace/sql/ast"
	"millrace/sql/parse"
)

// Start is where a job begins that another engine had before: what has been read and given is neither read nor given
// again.
type Start struct {
	// Tables says for the tables that the job reads where in the partitions of their topics it begins; the script makes
	// them, and they are Kafka's.
	Tables map[string]map[int32]int64
	// After, if not empty, is the text of a TIMESTAMP: windows that end by it were given. The job has one windowing
	// function.
	After string
}

// Cut is how a job that runs on Flink is made to stand at a place that everybody knows: it goes on from a savepoint, makes
// no checkpoint of its own accord, and commits the offsets of each to a new group.
type Cut struct {
	// Group is the consumer group.
	Group string
	// Tables are those that the job reads.
	Tables []string
}

// never is an interval between checkpoints that none is made in.
const never = "365 d"

// StartAt is the script with other places for its jobs to begin, in their order. The script itself stays as it is.
func (s *Script) StartAt(starts []Start) (*Script, error) {
	out, at, err := s.forJobs(len(starts))
	if err != nil {
		return nil, err
	}
	for i, start := range starts {
		one := &out.Statements[at[i]]
		for _, table := range slices.Sorted(maps.Keys(start.Tables)) {
			var offsets []string
			for _, id := range slices.Sorted(maps.Keys(start.Tables[table])) {
				offsets = append(offsets, fmt.Sprintf("partition:%d,offset:%d", id, start.Tables[table][id]))
			}
			alter, err := s.altered(table, [][2]string{
				{"scan.startup.mode", "specific-offsets"},
				{"scan.startup.specific-offsets", strings.Join(offsets, ";")},
				// As here: what was not committed is not read.
				{"properties.isolation.level", "read_committed"},
			})
			if err != nil {
				return nil, err
			}
			one.first = append(one.first, alter)
		}
		if start.After != "" {
			if err := one.openOnly(s.Source, start.After); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// CutAt is the script with its jobs made to stand still at their next checkpoint.
func (s *Script) CutAt(cuts []Cut) (*Script, error) {
	out, at, err := s.forJobs(len(cuts))
	if err != nil {
		return nil, err
	}
	for i, cut := range cuts {
		one := &out.Statements[at[i]]
		one.first = slices.Clone(one.first)
		for _, kv := range [][2]string{{"execution.checkpointing.interval", never}, {"execution.checkpointing.min-pause", never}} {
			one.first = append(one.first, "SET "+quoted(kv[0])+" = "+quoted(kv[1]))
		}
		for _, table := range cut.Tables {
			alter, err := s.altered(table, [][2]string{
				{"properties.group.id", cut.Group}, {"properties.commit.offsets.on.checkpoint", "true"},
			})
			if err != nil {
				return nil, err
			}
			one.first = append(one.first, alter)
		}
	}
	return out, nil
}

// forJobs is a copy of the script, and the places of its jobs.
func (s *Script) forJobs(count int) (*Script, []int, error) {
	out := *s
	out.Statements = slices.Clone(s.Statements)
	at := out.Jobs()
	if len(at) != count {
		return nil, nil, fault.New(fault.Invalid, "the script has %d jobs on Flink and %d here", len(at), count)
	}
	return &out, at, nil
}

// altered is the statement that sets options of a table of the script.
func (s *Script) altered(table string, options [][2]string) (string, error) {
	for _, one := range s.Statements {
		tree, err := parse.Statement(one.Text)
		made, ok := tree.(*ast.CreateTable)
		if err != nil || !ok || made.Name.Last() != table && nameOf(made.Name) != table {
			continue
		}
		if made.Temporary {
			return "", fault.New(fault.Invalid, "table %s is TEMPORARY: Flink does not let its options be set", table).
				WithHint("leave TEMPORARY out: all tables of a pipeline are its own")
		}
		var pairs []string
		for _, kv := range options {
			pairs = append(pairs, quoted(kv[0])+" = "+quoted(kv[1]))
		}
		return "ALTER TABLE " + one.Text[made.Name.Pos.Offset:made.Name.End.Offset] + " SET (" + strings.Join(pairs, ", ") + ")", nil
	}
	return "", fault.New(fault.Invalid, "the script does not make table %s", table)
}

func nameOf(n ast.ObjectName) string {
	var parts []string
	for _, p := range n.Parts {
		parts = append(parts, p.Name)
	}
	return strings.Join(parts, ".")
}

// openOnly keeps windows that end by a time out of the statement.
func (one *Statement) openOnly(source, after string) error {
	tree, err := parse.Statement(one.Text)
	if err != nil {
		return err
	}
	var calls []*ast.TableCall
	eachCall(tree, func(c *ast.TableCall) {
		if isWindow(c) {
			calls = append(calls, c)
		}
	})
	if len(calls) != 1 {
		return fault.New(fault.Invalid, "job %s has %d windowing functions in its own statement", one.Name, len(calls)).
			WithHint("write TUMBLE, HOP or CUMULATE once, in the INSERT itself instead of a view")
	}
	c := calls[0]
	from, upto := c.Pos.Offset, c.Call.End.Offset
	if strings.EqualFold(one.Text[from:min(len(one.Text), from+len("TABLE"))], "TABLE") {
		closing := strings.IndexByte(one.Text[upto:], ')')
		if closing < 0 {
			return fault.New(fault.Invalid, "job %s: the end of its windowing function is not found", one.Name)
		}
		upto += closing + 1
	}
	// BEGIN STATEMENT SET is sent in other words; what stands before the call is then longer or shorter.
	shift := len(one.sent) - len(one.Text)
	from, upto = from+shift, upto+shift
	one.sent = one.sent[:from] + "(SELECT * FROM " + one.sent[from:upto] + " WHERE window_end > TIMESTAMP " + quoted(after) + ")" + one.sent[upto:]
	one.explain()
	return nil
}

// isWindow reports whether a table function is a windowing one.
func isWindow(c *ast.TableCall) bool {
	switch strings.ToUpper(c.Call.Name.Last()) {
	case "TUMBLE", "HOP", "CUMULATE", "SESSION":
		return true
	}
	return false
}

// eachCall visits the table functions of a statement.
func eachCall(tree ast.Statement, visit func(*ast.TableCall)) {
	switch s := tree.(type) {
	case *ast.Insert:
		queryCalls(s.Query, visit)
	case *ast.StatementSet:
		for _, one := range s.Inserts {
			queryCalls(one.Query, visit)
		}
	case *ast.Execute:
		eachCall(s.Statement, visit)
	}
}

func queryCalls(q *ast.Query, visit func(*ast.TableCall)) {
	if q == nil {
		return
	}
	for _, with := range q.With {
		queryCalls(with.Query, visit)
	}
	bodyCalls(q.Body, visit)
}

func bodyCalls(b ast.Body, visit func(*ast.TableCall)) {
	switch b := b.(type) {
	case *ast.Query:
		queryCalls(b, visit)
	case *ast.SetOperation:
		bodyCalls(b.X, visit)
		bodyCalls(b.Y, visit)
	case *ast.Select:
		relationCalls(b.From, visit)
	}
}

func relationCalls(r ast.Relation, visit func(*ast.TableCall)) {
	switch r := r.(type) {
	case *ast.TableCall:
		visit(r)
	case *ast.Derived:
		queryCalls(r.Query, visit)
	case *ast.Join:
		relationCalls(r.X, visit)
		relationCalls(r.Y, visit)
	}
}
