package function

import (
	"regexp"
	"strings"
	"testing"
)

func TestLike(t *testing.T) {
	f := func(s, pattern, escape string, want bool) {
		t.Helper()
		p, err := parsePattern([]byte(pattern), []byte(escape))
		if err != nil {
			t.Fatal(err)
		}
		if got := p.match([]byte(s)); got != want {
			t.Errorf("%q LIKE %q ESCAPE %q is %v", s, pattern, escape, got)
		}
	}
	f("abcxxxdef", "%xdef", `\`, true)
	f("abcxxxdef", "abc%def%", `\`, true)
	f("abcxxxdef", "%xqef", `\`, false)
	f("TE_ST", "%E_S%", `\`, true)
	f("TE_ST", `%E\_S%`, `\`, true)
	f("TE-ST", "%E#_S%", "#", false)
	f("TE_ST", "%E__S%", "_", true)
	f("TE_ST", "TE%_ST", "%", true)
	f("", "", `\`, true)
	f("", "%", `\`, true)
	f("a", "", `\`, false)
	f("aab", "%ab", `\`, true)
	f("abab", "%ab", `\`, true)
	f("ab", "%a%b%", `\`, true)
	f("aa", "a%a%a", `\`, false)
	f("h\u00e9llo", "h_llo", `\`, true)
	f("\u65e5\u672c\u8a9e", "__\u8a9e", `\`, true)
	f("\u65e5\u672c\u8a9e", "%_", `\`, true)
	f("\u65e5\u672c\u8a9e", "____", `\`, false)
	f("a\nb", "a_b", `\`, true)
	f("xayaz", "%a_z", `\`, false)
	for _, bad := range [][2]string{{"%E_S%&", "&"}, {"%E&-S%", "&"}, {"%E_S%", "_"}, {"a", ""}, {"a", "ab"}} {
		if _, err := parsePattern([]byte(bad[0]), []byte(bad[1])); err == nil {
			t.Errorf("pattern %q with escape %q was accepted", bad[0], bad[1])
		}
	}
}

// FuzzLike compares with a regular expression.
func FuzzLike(f *testing.F) {
	f.Add("abcxxxdef", "abc%d_f%")
	f.Add("aaa", "%a_%")
	f.Add("h\u00e9llo", "h_%o")
	f.Fuzz(func(t *testing.T, s, pattern string) {
		s, pattern = strings.ToValidUTF8(s, "?"), strings.ToValidUTF8(pattern, "?")
		p, err := parsePattern([]byte(pattern), []byte("!"))
		if err != nil {
			return
		}
		var re strings.Builder
		escaped := false
		for _, r := range pattern {
			switch {
			case !escaped && r == '!':
				escaped = true
				continue
			case !escaped && r == '%':
				re.WriteString(".*")
			case !escaped && r == '_':
				re.WriteString(".")
			default:
				re.WriteString(regexp.QuoteMeta(string(r)))
			}
			escaped = false
		}
		x, err := regexp.Compile("^(?s:" + re.String() + ")$")
		if err != nil {
			return
		}
		if got, want := p.match([]byte(s)), x.MatchString(s); got != want {
			t.Fatalf("%q LIKE %q is %v", s, pattern, got)
		}
	})
}
