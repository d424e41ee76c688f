package parse_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"millrace/sql/ast"
	"millrace/sql/parse"
)

// Each line is what Format makes of itself.
const canonicalMatches = `
SELECT * FROM t MATCH_RECOGNIZE (ORDER BY ts MEASURES A.id AS a PATTERN (A B) DEFINE A AS A.x > 1)
SELECT * FROM db.t MATCH_RECOGNIZE (PARTITION BY k, l ORDER BY ts, x DESC MEASURES FIRST(A.id, 2) AS a, LAST(id) AS b AFTER MATCH SKIP TO LAST A PATTERN (A* B+ C? D{2} E{2,} F{,3} G{2,3}) WITHIN INTERVAL '1' HOUR DEFINE A AS x = 'a', B AS SUM(B.x) < 3) AS m (a, b, c, d)
SELECT * FROM (SELECT 1) MATCH_RECOGNIZE (ALL ROWS PER MATCH AFTER MATCH SKIP PAST LAST ROW PATTERN (A*? B+? C?? D{2}? E{2,}? F{,3}? G{2,3}? H{1}?) DEFINE A AS TRUE) AS m
SELECT * FROM t MATCH_RECOGNIZE (ORDER BY ts AFTER MATCH SKIP TO NEXT ROW PATTERN (A) DEFINE A AS TRUE), u AS w INNER JOIN v AS w MATCH_RECOGNIZE (ORDER BY ts AFTER MATCH SKIP TO FIRST B PATTERN (` + "`select`" + `) DEFINE A AS TRUE) AS x ON TRUE
`

func TestMatchesRoundTrip(t *testing.T) {
	for line := range strings.SplitSeq(strings.TrimSpace(canonicalMatches), "\n") {
		s, err := parse.Statement(line)
		if err != nil {
			t.Errorf("parse %s: %v", line, err)
			continue
		}
		if got := ast.Format(s); got != line {
			t.Errorf("Format:\n got %s\nwant %s", got, line)
		}
	}
}

// matchOf is MATCH_RECOGNIZE with a pattern.
func matchOf(pattern string) string {
	return "SELECT * FROM t MATCH_RECOGNIZE (ORDER BY ts MEASURES A.x AS x PATTERN (" + pattern + ") DEFINE A AS TRUE)"
}

func TestPatternsHaveSynonyms(t *testing.T) {
	f := func(pattern, want string) {
		t.Helper()
		s, err := parse.Statement(matchOf(pattern))
		if err != nil {
			t.Errorf("parse %s: %v", pattern, err)
			return
		}
		if got := ast.Format(s); got != matchOf(want) {
			t.Errorf("parse %s:\n got %s\nwant %s", pattern, got, matchOf(want))
		}
	}
	f("A {0,} B{1,}", "A* B+")
	f("A{0,1} B{0,2} C{1,1}", "A? B{,2} C")
	f("(A (B+ C)) D", "A B+ C D")
	f("A ? ? B * ?", "A?? B*?")
}

func TestPatternsThatAreRefused(t *testing.T) {
	f := func(pattern, want string) {
		t.Helper()
		if _, err := parse.Statement(matchOf(pattern)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("parse %s: %v, want %q", pattern, err, want)
		}
	}
	f("A | B", "branching")
	f("(A || B) C", "branching")
	f("PERMUTE(A, B)", "PERMUTE")
	f("A {- B -} C", "excluding")
	f("^ A $", "anchors")
	f("A B $", "anchors")
	f("(A B)+", "several variables")
	f("(A B){2}", "several variables")
	f("A{2,1}", "lets no rows through")
	f("A{0}", "lets no rows through")
	f("A{}", "want a number")
	f("A{,}", "want a number")
	f("A{1001}", "more than 1000")
	f("A{99999999999999999999}", "more than 1000")
	f("", "want a pattern variable")
	f("A +*", "want a pattern variable")
	if _, err := parse.Statement("SELECT * FROM t MATCH_RECOGNIZE (PATTERN (A B) SUBSET C = (A, B) DEFINE A AS TRUE)"); err == nil {
		t.Error("SUBSET was taken")
	}
	if _, err := parse.Statement(matchOf(strings.Repeat("(", 1000) + "A" + strings.Repeat(")", 1000))); err == nil {
		t.Error("a thousand parentheses were taken")
	}
}

// FuzzMatch looks for patterns that panic, or that Format changes.
func FuzzMatch(f *testing.F) {
	for line := range strings.SplitSeq(strings.TrimSpace(canonicalMatches), "\n") {
		f.Add(line)
	}
	f.Add(matchOf("(A (B+ C)) | D{2,} {- E -}"))
	f.Fuzz(func(t *testing.T, sql string) {
		s, err := parse.Statement(sql)
		if err != nil {
			return
		}
		text := ast.Format(s)
		again, err := parse.Statement(text)
		if err != nil {
			t.Fatalf("parse of the formatted text: %v\nfrom %s\nto   %s", err, sql, text)
		}
		if diff := cmp.Diff(s, again, cmpopts.IgnoreTypes(ast.Span{}), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("format changed the tree of %s\nto %s\n%s", sql, text, diff)
		}
	})
}
