package parse

import (
	"slices"
	"strings"

	"millrace/sql/ast"
)

// terminated reads a statement and the semicolon or end after it.
func (p *parser) terminated() ast.Statement {
	s := p.statement()
	if !p.done() && !p.accept(";") {
		p.unexpected(`";"`)
	}
	return s
}

// starters are the words that statements begin with.
var starters = []string{
	"SELECT", "WITH", "VALUES", "INSERT", "CREATE", "REPLACE", "ALTER", "DROP", "USE", "SET", "RESET", "EXPLAIN", "DESCRIBE", "SHOW",
	"EXECUTE", "BEGIN",
}

func (p *parser) statement() ast.Statement {
	p.enter()
	defer p.leave()
	t := p.peek()
	if t.word == "(" || p.atQuery() {
		return p.query()
	}
	p.refuse()
	if p.atFunction() {
		return p.function()
	}
	switch t.word {
	case "INSERT":
		return p.insert()
	case "CREATE":
		return p.create()
	case "REPLACE":
		return p.replace()
	case "ALTER":
		return p.alter()
	case "DROP":
		return p.drop()
	case "USE":
		return p.use()
	case "SET":
		return p.setOption()
	case "RESET":
		return p.reset()
	case "EXPLAIN":
		return p.explain()
	case "DESCRIBE", "DESC":
		return p.describe()
	case "SHOW":
		return p.show()
	case "EXECUTE":
		return p.execute()
	case "BEGIN":
		return p.beginSet()
	case "END":
		p.fail(t.Span, "a set begins with EXECUTE STATEMENT SET BEGIN", "END without BEGIN")
	}
	if near := nearest(t.word, starters); near != "" {
		p.fail(t.Span, "did you mean "+near+"?", "unexpected %s: want a statement", abridge(t.text))
	}
	p.unexpected("a statement")
	return nil
}

func (p *parser) setOption() ast.Statement {
	start := p.start()
	p.expect("SET")
	s := &ast.Set{}
	if t := p.peek(); t.kind == word || t.kind == quotedName {
		p.fail(t.Span, "write SET 'key' = 'value'", "the key of a setting stands in single quotes")
	}
	if key := p.peek(); key.kind == stringText {
		s.Key, s.KeySpan = p.settingKey(), key.Span
		p.expect("=")
		s.ValueSpan = p.peek().Span
		s.Value = p.text("a value")
	}
	s.Span = p.since(start)
	return s
}

func (p *parser) settingKey() string {
	at := p.peek()
	key := p.text("a key")
	if key == "" {
		p.fail(at.Span, "", "the key of a setting is empty")
	}
	return key
}

func (p *parser) reset() ast.Statement {
	start := p.start()
	p.expect("RESET")
	r := &ast.Reset{}
	if p.peek().kind == stringText {
		r.Key = p.settingKey()
	}
	r.Span = p.since(start)
	return r
}

func (p *parser) drop() ast.Statement {
	start := p.start()
	p.expect("DROP")
	if p.accept("DATABASE") {
		return p.dropDatabase(start)
	}
	d := &ast.Drop{Temporary: p.accept("TEMPORARY")}
	switch {
	case p.accept("TABLE"):
	case p.accept("VIEW"):
		d.View = true
	default:
		p.unexpected("TABLE, VIEW or DATABASE")
	}
	d.IfExists = p.accept("IF", "EXISTS")
	d.Name = p.objectName("table")
	d.Span = p.since(start)
	return d
}

func (p *parser) insert() *ast.Insert {
	start := p.start()
	p.expect("INSERT")
	i := &ast.Insert{}
	if p.accept("OVERWRITE") {
		i.Overwrite = true
		p.accept("INTO")
	} else if !p.accept("INTO") {
		p.unexpected("INTO")
	}
	i.Table = p.objectName("table")
	i.Hints = p.hints(true)
	if p.accept("PARTITION") {
		i.Partition = parenthesized(p, p.partitionValue)
	}
	// INSERT INTO t (SELECT …) has a query there, not columns.
	if p.at("(") && isName(p.second()) {
		i.Columns = parenthesized(p, p.columnName)
	}
	i.Query = p.query()
	i.Span = p.since(start)
	return i
}

func (p *parser) partitionValue() ast.PartitionValue {
	start := p.start()
	v := ast.PartitionValue{Column: p.columnName()}
	if p.accept("=") {
		v.Value = p.expr()
	}
	v.Span = p.since(start)
	return v
}

// execute reads EXECUTE STATEMENT SET BEGIN … END or EXECUTE and another statement.
func (p *parser) execute() ast.Statement {
	start := p.start()
	p.expect("EXECUTE")
	if p.at("STATEMENT", "SET") {
		return p.statementSet(start)
	}
	if !p.at("INSERT") && !p.atQuery() {
		p.unexpected("STATEMENT SET, INSERT or SELECT")
	}
	s := p.statement()
	return &ast.Execute{Span: p.since(start), Statement: s}
}

// beginSet reads the older form BEGIN STATEMENT SET; … END.
func (p *parser) beginSet() ast.Statement {
	start := p.start()
	p.inSet = true
	p.expect("BEGIN", "STATEMENT", "SET", ";")
	return p.inserts(start)
}

func (p *parser) statementSet(start ast.Pos) ast.Statement {
	p.inSet = true
	p.expect("STATEMENT", "SET", "BEGIN")
	return p.inserts(start)
}

func (p *parser) inserts(start ast.Pos) ast.Statement {
	s := &ast.StatementSet{}
	for p.at("INSERT") {
		s.Inserts = append(s.Inserts, p.insert())
		if !p.accept(";") {
			p.unexpected(`";"`)
		}
	}
	if len(s.Inserts) == 0 {
		p.unexpected("INSERT")
	}
	if !p.accept("END") {
		p.unexpected("INSERT or END")
	}
	p.inSet = false
	s.Span = p.since(start)
	return s
}

func (p *parser) explain() ast.Statement {
	start := p.start()
	p.expect("EXPLAIN")
	e := &ast.Explain{}
	if !p.accept("PLAN", "FOR") && p.explainDetail() {
		e.Details = p.explainDetails()
	}
	switch {
	case p.at("STATEMENT", "SET"):
		e.Statement = p.statementSet(p.start())
	case p.atAny("INSERT", "EXECUTE", "(", "CREATE"), p.atQuery():
		e.Statement = p.statement()
	default:
		p.unexpected("SELECT, INSERT or STATEMENT SET")
	}
	e.Span = p.since(start)
	return e
}

func (p *parser) explainDetails() []string {
	var details []string
	for {
		at := p.peek()
		if !p.explainDetail() {
			p.unexpected("ESTIMATED_COST, CHANGELOG_MODE, PLAN_ADVICE or JSON_EXECUTION_PLAN")
		}
		if slices.Contains(details, at.word) {
			p.fail(at.Span, "", "%s comes twice", at.word)
		}
		details = append(details, p.take().word)
		if !p.accept(",") {
			return details
		}
	}
}

func (p *parser) explainDetail() bool {
	return p.atAny("ESTIMATED_COST", "CHANGELOG_MODE", "PLAN_ADVICE", "JSON_EXECUTION_PLAN")
}

func (p *parser) describe() ast.Statement {
	start := p.start()
	p.take()
	d := &ast.Describe{Extended: p.accept("EXTENDED")}
	p.accept("TABLE")
	d.Name = p.objectName("table")
	d.Span = p.since(start)
	return d
}

// shows are what SHOW shows, by the words after it.
var shows = [][]string{
	{"TABLES"},
	{"VIEWS"},
	{"JOBS"},
	{"FUNCTIONS"},
	{"USER", "FUNCTIONS"},
	{"CREATE", "TABLE"},
	{"CREATE", "VIEW"},
	{"COLUMNS"},
	{"CATALOGS"},
	{"DATABASES"},
	{"CURRENT", "CATALOG"},
	{"CURRENT", "DATABASE"},
	{"MODULES"},
	{"FULL", "MODULES"},
	{"PROCEDURES"},
	{"MODELS"},
	{"JARS"},
}

func (p *parser) show() ast.Statement {
	if p.at("SHOW", "CREATE", "FUNCTION") {
		return p.showCreateFunction()
	}
	start := p.start()
	p.expect("SHOW")
	s := &ast.Show{}
	for _, words := range shows {
		if p.accept(words...) {
			s.What = strings.Join(words, " ")
			break
		}
	}
	switch s.What {
	case "":
		p.unexpected("TABLES, VIEWS, JOBS, FUNCTIONS, COLUMNS, CREATE TABLE or CREATE VIEW")
	case "CREATE TABLE", "CREATE VIEW":
		name := p.objectName("table")
		s.Name = &name
	default:
		p.showFilter(s)
	}
	s.Span = p.since(start)
	return s
}

// showFilter reads [FROM|IN name] [[NOT] LIKE 'pattern'].
func (p *parser) showFilter(s *ast.Show) {
	if p.acceptAny("FROM", "IN") {
		name := p.objectName("name")
		s.Name = &name
	}
	if !p.at("NOT") && !p.atAny("LIKE", "ILIKE") {
		return
	}
	s.Not = p.accept("NOT")
	if !p.atAny("LIKE", "ILIKE") {
		p.unexpected("LIKE or ILIKE")
	}
	if at := p.peek(); at.word == "ILIKE" && (s.What == "TABLES" || s.What == "VIEWS" || s.What == "COLUMNS") {
		p.fail(at.Span, "use LIKE", "SHOW %s takes no ILIKE, as in Flink", s.What)
	}
	s.LikeOp = p.take().word
	s.Pattern = p.text("a pattern")
}
