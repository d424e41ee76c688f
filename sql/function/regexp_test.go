package function

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestExpressionsAreJavas holds patterns against java.util.regex (Java 17). The first line of the table
// has the texts; the others a pattern and for each text how often it matches and the first matches, each
// with its groups, or BAD.
func TestExpressionsAreJavas(t *testing.T) {
	table, err := os.ReadFile("testdata/regexp_java.tsv")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(table)), "\n")
	var texts []string
	for _, cell := range strings.Split(lines[0], "\t") {
		texts = append(texts, unquoted(t, cell))
	}
	for _, line := range lines[1:] {
		cells := strings.Split(line, "\t")
		pattern := unquoted(t, cells[0])
		e, err := compileExpression(pattern)
		if (err != nil) != (cells[1] == "BAD") {
			t.Errorf("%q: %v, want %s", pattern, err, cells[1])
		}
		if err != nil {
			continue
		}
		for i, text := range texts {
			if e.empty && text == "\U0001F600" {
				continue // Java matches nothing between the halves of a pair, too
			}
			got := matchesOf(t, e, text)
			if got != cells[i+1] {
				t.Errorf("%q in %q: got %s, want %s (slow %v)", pattern, text, got, cells[i+1], e.slow)
			}
			first, err := e.first([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			found, err := e.matches([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if some := cells[i+1] != "0"; found != some || (first != nil) != some {
				t.Errorf("%q in %q: found %v, first %v", pattern, text, found, first)
			}
		}
	}
}

func unquoted(t *testing.T, cell string) string {
	t.Helper()
	var s string
	if err := json.Unmarshal([]byte(cell), &s); err != nil {
		t.Fatalf("%s: %v", cell, err)
	}
	return s
}

func matchesOf(t *testing.T, e *expression, text string) string {
	t.Helper()
	n, out := 0, ""
	err := e.all([]byte(text), func(at []int) {
		if n++; n > 6 {
			return
		}
		for g := 0; g < len(at); g += 2 {
			sep, cell := ",", "~"
			if g == 0 {
				sep = "<"
			}
			if at[g] >= 0 {
				cell = quotedAsJava(text[at[g]:at[g+1]])
			}
			out += sep + cell
		}
		out += ">"
	})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(n, out)
}

func quotedAsJava(s string) string {
	out := `"`
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			out += `\` + string(r)
		case r > 0xFFFF:
			r -= 0x10000
			out += fmt.Sprintf(`\u%04x\u%04x`, 0xD800+r>>10, 0xDC00+r&0x3FF)
		case r < 32 || r > 126:
			out += fmt.Sprintf(`\u%04x`, r)
		default:
			out += string(r)
		}
	}
	return out + `"`
}

// TestExpressionsEnd has a pattern that tries a text in more ways than anybody can wait for.
func TestExpressionsEnd(t *testing.T) {
	e, err := compileExpression(`^(?=(a+)+$)`)
	if err != nil {
		t.Fatal(err)
	}
	e.slow.MatchTimeout = 1
	if _, err := e.matches([]byte(strings.Repeat("a", 40) + "b")); err == nil {
		t.Error("the search ends without an error")
	}
}

func TestSimilarPatterns(t *testing.T) {
	for pattern, want := range map[string]string{
		"a_c%": `a.c(?s:.*)`, "[a-c]+": "[a-c]+", "a#%": "a%", "#[x#]": `\[x\]`, "[[:alpha:]]": `[\p{Alpha}]`, `\$`: `\\\$`,
		"[_]": "", "a]": "", "#a": "", "a#": "", "[[:x:]]": "",
	} {
		got, why := similarPattern([]rune(pattern), "#")
		if got != want || (want == "") != (why != "") {
			t.Errorf("%q: got %q, %s, want %q", pattern, got, why, want)
		}
	}
}

// FuzzExpression compiles anything: what the translator accepts, the engines must, but for what is too large
// for them.
func FuzzExpression(f *testing.F) {
	f.Add(`(?i)(?<n>[a-z&&[^b]]++)\k<n>|(?<=\d{1,3})\Qa.b\E$`, "ab12")
	f.Add(`(?x)[\p{Alpha}\x{1F600}] # c`, "a")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(pattern) > 60 || len(text) > 60 || strings.ContainsAny(pattern, "{") {
			return
		}
		r := newJavaReader(pattern)
		if r.read() != nil {
			return
		}
		e, err := compileExpression(pattern)
		if err != nil {
			t.Fatalf("%q as %q: %v", pattern, r.slow.String(), err)
		}
		if e.slow != nil {
			e.slow.MatchTimeout = 1e6
		}
		_, _ = e.first([]byte(text))
	})
}
