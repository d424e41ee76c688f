// Package ast is the tree of a Flink SQL script.
//
// sql/parse builds it, sql/plan binds names and types to it, lineage and the editor read its
// positions. The tree says what was written, not what it means: names are not resolved, types are
// syntax, special forms such as EXTRACT(DAY FROM x) are plain calls with a Symbol argument.
//
// Every node carries its Span. Two trees are equal but for their spans if they say the same;
// Format prints a tree as SQL that parses to an equal one. Synonyms are gone by then: INTEGER is
// INT, != is <>, comments are dropped.
//
// A tree is plain data: nothing in it points upwards, and nobody changes it after parsing.
package ast

import "strings"

// Pos is a place in the source text.
type Pos struct {
	Offset int // in bytes, from 0
	Line   int // from 1
	Column int // in code points, from 1
}

// Span is the part of the source a node was written in: End is just after the last character.
type Span struct {
	Pos Pos
	End Pos
}

// Extent returns the span itself; embedding Span makes a struct a Node.
func (s Span) Extent() Span { return s }

// Node is any part of the tree.
type Node interface {
	Extent() Span
}

// Statement is what stands between two semicolons.
type Statement interface {
	Node
	statement()
}

// Body is what a Query orders and limits: a Select, SetOperation, Values, ExplicitTable or,
// in parentheses, another Query.
type Body interface {
	Node
	body()
}

// Relation is an item of FROM.
type Relation interface {
	Node
	relation()
}

// Expr is an expression.
type Expr interface {
	Node
	expr()
}

// Ident is one name, without its back-ticks.
type Ident struct {
	Span
	Name string
}

// ObjectName names a table, view or function: table, database.table or catalog.database.table.
type ObjectName struct {
	Span
	Parts []Ident
}

// String returns the name as it would be written in SQL.
func (n ObjectName) String() string { return joinIdents(n.Parts) }

// Last returns the name without its qualifiers.
func (n ObjectName) Last() string {
	if len(n.Parts) == 0 {
		return ""
	}
	return n.Parts[len(n.Parts)-1].Name
}

func joinIdents(parts []Ident) string {
	quoted := make([]string, len(parts))
	for i, p := range parts {
		quoted[i] = Quote(p.Name)
	}
	return strings.Join(quoted, ".")
}

// Hint is one of the hints in /*+ ... */, such as OPTIONS('k'='v') or STATE_TTL('t'='1d').
type Hint struct {
	Span
	Name    string
	Options []Option // 'key' = 'value'
	Args    []Text   // plain arguments, as in BROADCAST(t)
}

// Text is a string with its place.
type Text struct {
	Span
	Text string
}

// Option is a 'key' = 'value' of WITH or of a hint.
type Option struct {
	Span
	Key   string
	Value string
}
