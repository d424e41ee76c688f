package logline

import (
	"bufio"
	"regexp"
	"strings"

	"github.com/elastic/go-grok/patterns"

	"millrace/fault"
)

// Bounds of a grok pattern once it is written out; deeper or longer ones go in circles, or explode.
const (
	maxGrokDepth = 64
	maxGrokBytes = 256 << 10
)

// grokReference is %{SYNTAX}, %{SYNTAX:field} or %{SYNTAX:field:type}.
var grokReference = regexp.MustCompile(`%\{(\w+)(?::([\w.@\[\]-]+)(?::(\w+))?)?\}`)

// grokkery writes a grok pattern out as a regular expression. The definitions are those of Elastic's library,
// which work with RE2; the groups are our own, as names of fields have dots and may come twice.
type grokkery struct {
	fields  *fields
	defined map[string]string
	names   []string // of the groups so far
	out     strings.Builder
}

func newGrok(f *fields, text, definitions string) (*pattern, error) {
	if text == "" {
		return nil, fault.New(fault.Invalid, "option %q is missing", optPattern).WithHint("the log format grok needs one, such as %%{COMBINEDAPACHELOG}")
	}
	g := &grokkery{fields: f, defined: map[string]string{}, names: []string{""}}
	lines := bufio.NewScanner(strings.NewReader(definitions))
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		name, definition, ok := strings.Cut(line, " ")
		if !ok {
			return nil, fault.New(fault.Invalid, "option %q: %q is no name and definition", optGrokPatterns, line)
		}
		g.defined[name] = strings.TrimSpace(definition)
	}
	if err := lines.Err(); err != nil {
		return nil, fault.New(fault.Invalid, "option %q: %w", optGrokPatterns, err)
	}
	if err := g.expand(text, 0); err != nil {
		return nil, err
	}
	expr, err := regexp.Compile(g.out.String())
	if err != nil {
		return nil, fault.New(fault.Invalid, "option %q: %w", optPattern, err).WithHint("regular expressions are those of Go and RE2: no look-around, no back references")
	}
	if expr.NumSubexp() != len(g.names)-1 {
		return nil, fault.New(fault.Invalid, "option %q: its parentheses are not clear", optPattern).WithHint("put each %%{…} outside of brackets")
	}
	return newPattern(f, expr, g.names, "the grok pattern")
}

// expand writes text, with each reference as a group. Groups that are in the text as such are counted, too, so that
// names stay with theirs.
func (g *grokkery) expand(text string, depth int) error {
	if depth > maxGrokDepth {
		return fault.New(fault.Invalid, "option %q: its definitions go in circles", optPattern)
	}
	for text != "" {
		at := grokReference.FindStringSubmatchIndex(text)
		if at == nil {
			return g.plain(text)
		}
		if err := g.plain(text[:at[0]]); err != nil {
			return err
		}
		name := text[at[2]:at[3]]
		definition, ok := g.lookup(name)
		if !ok {
			return fault.New(fault.Invalid, "option %q: the pattern %q is not known", optPattern, name).
				WithHint("define it in %s, a line each: %s followed by its expression", optGrokPatterns, name)
		}
		if at[4] < 0 {
			g.out.WriteString("(?:")
		} else {
			field := fieldName(text[at[4]:at[5]])
			if at[6] >= 0 {
				if err := g.fields.set(field, text[at[6]:at[7]]); err != nil {
					return err
				}
			}
			g.names = append(g.names, field)
			g.out.WriteString("(")
		}
		if err := g.expand(definition, depth+1); err != nil {
			return err
		}
		g.out.WriteString(")")
		text = text[at[1]:]
	}
	return nil
}

// fieldName turns the brackets of Logstash, [source][ip], into dots.
func fieldName(s string) string {
	s = strings.ReplaceAll(s, "][", ".")
	return strings.NewReplacer("[", "", "]", "").Replace(s)
}

// groupStart is a parenthesis that opens a group that catches, with its name if it has one.
var groupStart = regexp.MustCompile(`^\((?:\?P?<(\w+)>|$|[^?])`)

// plain writes a part without references and counts its groups.
func (g *grokkery) plain(text string) error {
	if g.out.Len()+len(text) > maxGrokBytes {
		return fault.New(fault.Limit, "option %q: written out it is longer than %d bytes", optPattern, maxGrokBytes)
	}
	class := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			i++
		case class && c == '[' && strings.HasPrefix(text[i:], "[:"):
			i += max(strings.Index(text[i:], ":]"), 0) + 1
		case class:
			class = c != ']'
		case c == '[':
			class = true
			if i+1 < len(text) && text[i+1] == '^' {
				i++
			}
			if i+1 < len(text) && text[i+1] == ']' { // a bracket that comes first is meant
				i++
			}
		case c == '(':
			if m := groupStart.FindStringSubmatch(text[i:]); m != nil {
				g.names = append(g.names, m[1])
			}
		}
	}
	g.out.WriteString(text)
	return nil
}

// lookup finds a definition: the user's, then those of the library.
func (g *grokkery) lookup(name string) (string, bool) {
	if d, ok := g.defined[name]; ok {
		return d, true
	}
	for _, set := range []map[string]string{
		patterns.Default, patterns.Httpd, patterns.Syslog, patterns.Java, patterns.HAProxy, patterns.AWS, patterns.Bind9,
		patterns.Bro, patterns.Exim, patterns.Firewalls, patterns.Junos, patterns.Maven, patterns.MCollective,
		patterns.MongoDB, patterns.PostgreSQL, patterns.Rails, patterns.Redis, patterns.Ruby, patterns.Squid,
	} {
		if d, ok := set[name]; ok {
			return d, true
		}
	}
	return "", false
}
