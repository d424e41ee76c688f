package parse

// A refusal is a statement of Flink's that has no meaning here, known by its first words.
type refusal struct {
	words []string
	what  string // the words if empty
	hint  string
}

const (
	noJava     = "no Java code is loaded here: use the built-in functions"
	noPlanFile = "run the statement itself: what a job is going on from is kept with its checkpoints"
	noCatalogs = "there is one catalog, default_catalog: use CREATE DATABASE"
	noJob      = "jobs belong to a running platform: see its pipelines"
	noModels   = "call the model from outside, and read its answers from a topic"
	noChange   = "change rows by writing them to a table with a primary key"
)

// refusals are tried in this order.
func refusals() []refusal {
	return []refusal{
		{words: []string{"ADD", "JAR"}, hint: noJava},
		{words: []string{"REMOVE", "JAR"}, hint: noJava},
		{words: []string{"LOAD", "MODULE"}, hint: noJava},
		{words: []string{"UNLOAD", "MODULE"}, hint: noJava},
		{words: []string{"USE", "MODULES"}, hint: noJava},
		{words: []string{"CALL"}, hint: noJava},
		{words: []string{"COMPILE"}, what: "COMPILE PLAN", hint: noPlanFile},
		{words: []string{"EXECUTE", "PLAN"}, hint: noPlanFile},
		{words: []string{"CREATE", "CATALOG"}, hint: noCatalogs},
		{words: []string{"ALTER", "CATALOG"}, hint: noCatalogs},
		{words: []string{"DROP", "CATALOG"}, hint: noCatalogs},
		{words: []string{"DESCRIBE", "CATALOG"}, hint: noCatalogs},
		{words: []string{"DESC", "CATALOG"}, hint: noCatalogs},
		{words: []string{"SHOW", "CREATE", "CATALOG"}, hint: noCatalogs},
		{words: []string{"DESCRIBE", "DATABASE"}, hint: "use SHOW DATABASES"},
		{words: []string{"DESC", "DATABASE"}, hint: "use SHOW DATABASES"},
		{words: []string{"SHOW", "PARTITIONS"}, hint: "a table's partitions come with its data"},
		{words: []string{"STOP", "JOB"}, hint: noJob},
		{words: []string{"DESCRIBE", "JOB"}, hint: noJob},
		{words: []string{"DESC", "JOB"}, hint: noJob},
		{words: []string{"CREATE", "MODEL"}, hint: noModels},
		{words: []string{"CREATE", "TEMPORARY", "MODEL"}, hint: noModels},
		{words: []string{"ALTER", "MODEL"}, hint: noModels},
		{words: []string{"DROP", "MODEL"}, hint: noModels},
		{words: []string{"DROP", "TEMPORARY", "MODEL"}, hint: noModels},
		{words: []string{"DESCRIBE", "MODEL"}, hint: noModels},
		{words: []string{"DESC", "MODEL"}, hint: noModels},
		{words: []string{"SHOW", "CREATE", "MODEL"}, hint: noModels},
		{words: []string{"CREATE", "CONNECTION"}},
		{words: []string{"CREATE", "MATERIALIZED", "TABLE"}, hint: "write a CREATE TABLE and an INSERT INTO"},
		{words: []string{"CREATE", "OR", "ALTER", "MATERIALIZED", "TABLE"}, hint: "write a CREATE TABLE and an INSERT INTO"},
		{words: []string{"ALTER", "MATERIALIZED", "TABLE"}},
		{words: []string{"DROP", "MATERIALIZED", "TABLE"}},
		{words: []string{"ANALYZE", "TABLE"}, hint: "the planner needs no statistics: leave it out"},
		{words: []string{"TRUNCATE", "TABLE"}, hint: "a stream is emptied where it is kept"},
		{words: []string{"DELETE"}, hint: noChange},
		{words: []string{"UPDATE"}, hint: noChange},
		{words: []string{"UPSERT"}, hint: "write INSERT INTO a table with a primary key"},
		{words: []string{"MERGE"}, hint: noChange},
		{words: []string{"HELP"}, hint: "the language is described in the documentation"},
		{words: []string{"CLEAR"}, hint: "it is a command of Flink's client, not of a script"},
		{words: []string{"QUIT"}, hint: "it is a command of Flink's client, not of a script"},
		{words: []string{"EXIT"}, hint: "it is a command of Flink's client, not of a script"},
	}
}

// refuse stops at a statement of Flink's that has no meaning here.
func (p *parser) refuse() {
	for _, r := range refusals() {
		if !p.at(r.words...) {
			continue
		}
		first := p.peek()
		what := ""
		for _, w := range r.words {
			what += " " + w
		}
		last := p.tokens[p.next+len(r.words)-1]
		if first.Span.Pos.Line != last.Pos.Line {
			last = first
		}
		if what = what[1:]; r.what != "" {
			what = r.what
		}
		at := first.Span
		at.End = last.End
		p.fail(at, r.hint, "%s is not supported", what)
	}
}
