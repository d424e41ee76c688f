package plan

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"millrace/catalog"
	"millrace/format"
	"millrace/sql/ast"
)

// explain gives the plan of a query, an insert or CREATE TABLE AS as text, with the details asked for. Costs
// are not estimated: there are none to show.
func (b *binder) explain(st *ast.Explain) string {
	job := b.explained(st.Statement)
	var out strings.Builder
	if slices.Contains(st.Details, "CHANGELOG_MODE") {
		for _, s := range job.Sinks {
			explainChanges(&out, s, 0)
		}
	} else {
		out.WriteString(job.Text)
	}
	if slices.Contains(st.Details, "PLAN_ADVICE") {
		out.WriteString("\nNo available advice.\n")
	}
	if slices.Contains(st.Details, "JSON_EXECUTION_PLAN") {
		out.WriteString("\n== Physical Execution Plan ==\n")
		out.WriteString(jsonPlan(job))
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// explained plans a statement; one that makes a table makes it for the plan alone.
func (b *binder) explained(statement ast.Statement) *Job {
	create, ok := statement.(*ast.CreateTable)
	if !ok {
		return b.job(statement)
	}
	if create.As == nil {
		b.fail(statement, "", "CREATE TABLE without AS has no plan")
	}
	scratch := *b.Planner
	scratch.Catalog = catalog.New()
	for _, d := range b.Catalog.Databases() {
		b.check(statement, scratch.Catalog.PutDatabase(d))
	}
	for _, o := range b.Catalog.List() {
		b.check(statement, scratch.Catalog.Replace(o))
	}
	inner := &binder{Planner: &scratch, source: b.source}
	r := inner.createTable(create)
	if r.Job == nil {
		b.fail(create.Name, "", "a table %q exists: there is nothing to do", create.Name.Last())
	}
	return r.Job
}

func explainChanges(b *strings.Builder, n Node, depth int) {
	fmt.Fprintf(b, "%s%s changelogMode=[%s]\n", strings.Repeat("  ", depth), n.text(), changelogMode(n))
	for _, in := range n.Inputs() {
		explainChanges(b, in, depth+1)
	}
}

// Flink's words for the kinds of changes: insert, update before and after, delete.
const (
	onlyInserts = "I"
	noDeletes   = "I,UB,UA"
	allChanges  = "I,UB,UA,D"
)

// changelogMode says which changes a node gives, or more where that rests on the data.
func changelogMode(n Node) string {
	if s, ok := n.(*Sink); ok && s.Table != "" {
		return "NONE"
	}
	if !n.updates() {
		return onlyInserts
	}
	switch n := n.(type) {
	case *Scan:
		if n.Changes == format.Upserts {
			return "UA,D"
		}
	case *Project:
		return changelogMode(n.Input)
	case *Sink:
		return changelogMode(n.Input)
	case *GroupAggregate:
		if !n.Input.updates() {
			return noDeletes
		}
	case *Deduplicate:
		if !n.Input.updates() {
			return noDeletes
		}
	}
	return allChanges
}

// planNode is a node of a plan as Flink's JSON has it.
type planNode struct {
	ID           int           `json:"id"`
	Type         string        `json:"type"`
	Pact         string        `json:"pact"`
	Contents     string        `json:"contents"`
	Parallelism  int           `json:"parallelism"`
	Predecessors []predecessor `json:"predecessors,omitempty"`
}

// predecessor is an input of a planNode.
type predecessor struct {
	ID   int    `json:"id"`
	Side string `json:"side"`
}

// jsonPlan gives the nodes of a plan as JSON, each after its inputs.
func jsonPlan(j *Job) string {
	var nodes []planNode
	var add func(Node) int
	add = func(n Node) int {
		out := planNode{Pact: "Operator", Contents: n.text(), Parallelism: j.Settings.Parallelism()}
		for i, in := range n.Inputs() {
			out.Predecessors = append(out.Predecessors, predecessor{ID: add(in), Side: [...]string{"first", "second"}[min(i, 1)]})
		}
		if _, sink := n.(*Sink); sink {
			out.Pact = "Data Sink"
		} else if len(out.Predecessors) == 0 {
			out.Pact = "Data Source"
		}
		out.Type, _, _ = strings.Cut(out.Contents, " ")
		out.ID = len(nodes) + 1
		nodes = append(nodes, out)
		return out.ID
	}
	for _, s := range j.Sinks {
		add(s)
	}
	var text strings.Builder
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(map[string][]planNode{"nodes": nodes}); err != nil {
		// Texts and numbers always have a JSON form.
		panic(err)
	}
	return text.String()
}
