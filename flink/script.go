package flink

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"millrace/fault"
	"millrace/sql/ast"
	"millrace/sql/parse"
)

// Script is a Flink SQL script, cut into what a gateway takes one by one.
type Script struct {
	Source     string
	Statements []Statement

	secrets []string
}

// Statement is one of a script.
type Statement struct {
	// Text is as it stands in the script, without the semicolon.
	Text string
	// Job says that running it makes a job.
	Job bool
	// Name is what a job is called, alone within its script.
	Name string
	// Named says that the script itself names the job in Flink.
	Named bool

	at        ast.Pos // of Text in the script
	sent      string  // what the gateway gets
	explained string  // what it gets to check a job; empty: it cannot be checked
	shift     int     // lines that explained has before Text
	// first are sent before a job is: what is set for it alone.
	first []string
}

// Bus is how Flink reaches the platform's bus. Tables of Kafka that name no servers, or the platform's own, get these.
type Bus struct {
	// Servers are HOST:PORT,…
	Servers string
	// Own reports whether servers that a table names are the platform's.
	Own func(servers string) bool
	// Properties are those of Kafka's clients, without "properties.", that a table gets unless it has them.
	Properties map[string]string
}

// Read cuts a script and fills in where the bus is. Statements that our own SQL does not know are passed on as they
// are: Flink judges them.
func Read(source string, bus Bus) (*Script, error) {
	if len(source) > parse.MaxBytes {
		return nil, fault.New(fault.Limit, "the script has %d bytes, more than %d", len(source), parse.MaxBytes)
	}
	parts, err := split(source)
	if err != nil {
		return nil, err
	}
	s := &Script{Source: source, secrets: secretsOf(source)}
	for _, v := range bus.Properties {
		s.secrets = append(s.secrets, innerSecrets(v)...)
	}
	name, jobs := "", map[string]int{}
	for _, part := range parts {
		one := Statement{Text: part.text, at: part.at}
		tree, err := parse.Statement(part.text)
		if err != nil {
			tree = nil
		}
		if at, ok := tree.(*ast.Set); ok && at.Key == keyJobName {
			name = at.Value
		}
		if at, ok := tree.(*ast.Reset); ok && (at.Key == keyJobName || at.Key == "") {
			name = ""
		}
		if err := one.classify(source, tree); err != nil {
			return nil, err
		}
		one.sent = filledIn(one.sent, tree, bus)
		if one.Job {
			if name != "" {
				one.Name, one.Named = name, true
			}
			if jobs[one.Name]++; jobs[one.Name] > 1 {
				one.Name = fmt.Sprintf("%s-%d", one.Name, jobs[one.Name])
			}
		}
		s.Statements = append(s.Statements, one)
	}
	if len(s.Jobs()) == 0 {
		return nil, fault.New(fault.Invalid, "the script has no INSERT, so there is nothing to run")
	}
	return s, nil
}

// Jobs are the places of the statements that are jobs.
func (s *Script) Jobs() []int {
	var at []int
	for i, one := range s.Statements {
		if one.Job {
			at = append(at, i)
		}
	}
	return at
}

var (
	beginSet   = regexp.MustCompile(`(?is)^BEGIN\s+STATEMENT\s+SET\s*;`)
	executeSet = regexp.MustCompile(`(?is)^EXECUTE\s+STATEMENT\s+SET\s+BEGIN\b`)
	endOfSet   = regexp.MustCompile(`(?is);\s*END\s*$`)
	execute    = regexp.MustCompile(`(?i)^EXECUTE\b`)
	asQuery    = regexp.MustCompile(`(?is)^(?:CREATE|REPLACE)\s.*\bAS\s+(?:SELECT|WITH|VALUES)\b`)
	firstWord  = regexp.MustCompile(`^[A-Za-z]+`)
	intoTable  = regexp.MustCompile("(?is)\\bINSERT\\s+(?:INTO|OVERWRITE)\\s+((?:[\\w$]+|`[^`]+`)(?:\\.(?:[\\w$]+|`[^`]+`))*)")
)

// classify says what a statement is. Tree is nil if our own SQL does not know it.
func (one *Statement) classify(source string, tree ast.Statement) error {
	one.sent = one.Text
	if m := beginSet.FindString(one.Text); m != "" {
		one.sent = "EXECUTE STATEMENT SET BEGIN" + one.Text[len(m):]
	}
	switch word := strings.ToUpper(firstWord.FindString(one.sent)); word {
	case "SELECT", "VALUES", "WITH":
		at := ast.Span{Pos: one.at, End: one.at}
		return parse.NewError(source, at, "a SELECT has nowhere to write to", "write INSERT INTO a table, or run it with `millrace sql`")
	case "EXECUTE", "INSERT", "DELETE", "UPDATE":
		one.Job = true
		one.explain()
	case "CREATE", "REPLACE":
		table, known := tree.(*ast.CreateTable)
		one.Job = known && table.As != nil || tree == nil && asQuery.MatchString(one.sent)
	}
	if one.Job {
		one.Name = jobName(one.sent, tree)
	}
	return nil
}

// explain makes what a gateway is asked to check a job.
func (one *Statement) explain() {
	if execute.MatchString(one.sent) {
		one.explained = execute.ReplaceAllString(one.sent, "EXPLAIN")
		return
	}
	one.explained, one.shift = "EXPLAIN\n"+one.sent, 1
}

// jobName is what Flink calls such a job, with the tables as they are written.
func jobName(text string, tree ast.Statement) string {
	var tables []string
	switch s := tree.(type) {
	case *ast.Insert:
		tables = append(tables, s.Table.Last())
	case *ast.StatementSet:
		for _, one := range s.Inserts {
			tables = append(tables, one.Table.Last())
		}
	case *ast.Execute:
		return jobName(text, s.Statement)
	case *ast.CreateTable:
		tables = append(tables, s.Name.Last())
	default:
		for _, m := range intoTable.FindAllStringSubmatch(text, -1) {
			parts := strings.Split(m[1], ".")
			tables = append(tables, strings.Trim(parts[len(parts)-1], "`"))
		}
	}
	slices.Sort(tables)
	tables = slices.Compact(tables)
	if len(tables) == 0 {
		return "job"
	}
	return "insert-into_" + strings.Join(tables, ",")
}

// part is a piece of a script between semicolons.
type part struct {
	text string
	at   ast.Pos
}

// split cuts a script at its semicolons: not those in constants, names, comments and statement sets.
func split(source string) ([]part, error) {
	c := cutter{source: source, line: 1, column: 1}
	for c.offset < len(source) {
		if err := c.step(); err != nil {
			return nil, err
		}
	}
	c.cut()
	if c.inSet() {
		return nil, parse.NewError(source, ast.Span{Pos: c.began, End: c.began}, "the statement set has no END", "end it with END;")
	}
	return c.parts, nil
}

// cutter walks through a script.
type cutter struct {
	source               string
	offset, line, column int
	began                ast.Pos // of the statement
	open                 bool    // there is one
	end                  int     // behind its last character that counts
	parts                []part
}

func (c *cutter) pos() ast.Pos { return ast.Pos{Offset: c.offset, Line: c.line, Column: c.column} }

// advance goes over n bytes.
func (c *cutter) advance(n int) {
	for _, r := range c.source[c.offset : c.offset+n] {
		c.column++
		if r == '\n' {
			c.line, c.column = c.line+1, 1
		}
	}
	c.offset += n
}

// step goes over a character, a constant, a name or a comment.
func (c *cutter) step() error {
	rest := c.source[c.offset:]
	switch {
	case strings.HasPrefix(rest, "--"):
		n := strings.IndexByte(rest, '\n')
		if n < 0 {
			n = len(rest)
		}
		c.advance(n)
		return nil
	case strings.HasPrefix(rest, "/*") && !strings.HasPrefix(rest, "/*+"):
		return c.over("/*", "*/", "comment")
	case rest[0] == '\'' || rest[0] == '`':
		c.begin()
		what := map[byte]string{'\'': "constant", '`': "name"}[rest[0]]
		err := c.over(rest[:1], rest[:1], what)
		c.end = c.offset
		return err
	case rest[0] == ';':
		if c.open && !c.inSet() {
			c.cut()
		} else if c.open {
			c.end = c.offset + 1
		}
		c.advance(1)
		return nil
	}
	r, n := utf8.DecodeRuneInString(rest)
	if !unicode.IsSpace(r) {
		c.begin()
		c.end = c.offset + n
	}
	c.advance(n)
	return nil
}

func (c *cutter) begin() {
	if !c.open {
		c.open, c.began = true, c.pos()
	}
}

// over goes over something that is closed.
func (c *cutter) over(opened, closed, what string) error {
	from := c.pos()
	n := strings.Index(c.source[c.offset+len(opened):], closed)
	if n < 0 {
		return parse.NewError(c.source, ast.Span{Pos: from, End: from}, "the "+what+" is not closed", "")
	}
	c.advance(len(opened) + n + len(closed))
	return nil
}

// inSet reports whether the statement so far is a statement set without its END.
func (c *cutter) inSet() bool {
	if !c.open {
		return false
	}
	text := c.source[c.began.Offset:c.end]
	isSet := executeSet.MatchString(text) || beginSet.MatchString(text+";")
	return isSet && !endOfSet.MatchString(withoutComments(text))
}

var comment = regexp.MustCompile(`(?s)--[^\n]*|/\*.*?\*/`)

func withoutComments(text string) string { return comment.ReplaceAllString(text, " ") }

// cut ends the statement.
func (c *cutter) cut() {
	if c.open && !c.inSet() {
		c.parts = append(c.parts, part{c.source[c.began.Offset:c.end], c.began})
		c.open = false
	}
}

// refused is an error of the gateway as one of the script: where what Flink refuses has its place in the script.
func (s *Script) refused(one Statement, explained bool, err error) error {
	var refused *statementError
	if !errors.As(err, &refused) {
		return err
	}
	at, reason, ok := placeIn(refused.trace)
	if explained {
		at.Pos.Line -= one.shift
		at.End.Line -= one.shift
	}
	lines := strings.Count(one.Text, "\n") + 1
	if !ok || at.Pos.Line < 1 || at.Pos.Line > lines {
		at.Pos, at.End = ast.Pos{Line: 1, Column: 1}, ast.Pos{Line: 1, Column: 1}
	}
	span := ast.Span{Pos: s.inSource(one, at.Pos), End: s.inSource(one, at.End)}
	return parse.NewError(s.Source, span, s.Hide("Flink refuses it: "+reason), hintOf(refused.trace))
}

// inSource turns a place in a statement into one in the script.
func (s *Script) inSource(one Statement, at ast.Pos) ast.Pos {
	pos := ast.Pos{Offset: one.at.Offset, Line: one.at.Line + at.Line - 1, Column: at.Column}
	if at.Line == 1 {
		pos.Column += one.at.Column - 1
	}
	rest := one.Text
	for range at.Line - 1 {
		n := strings.IndexByte(rest, '\n') + 1
		pos.Offset, rest = pos.Offset+n, rest[n:]
	}
	return pos
}

// hintOf is how to mend what Flink says most often.
func hintOf(trace string) string {
	switch {
	case strings.Contains(trace, "Could not find any factory for identifier"):
		return "Flink needs the jar of that connector or format in its lib folder"
	case strings.Contains(trace, "allowNonRestoredState") || strings.Contains(trace, "Failed to rollback to checkpoint/savepoint") || strings.Contains(trace, "Cannot map checkpoint/savepoint state"):
		return "the state does not fit the script: drop the pipeline and apply it anew, which begins from the start"
	}
	return ""
}
