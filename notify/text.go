package notify

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"millrace/option"
)

// Language is the option of every channel that writes for people.
func Language() option.Option {
	return option.Option{Name: "language", OneOf: []string{"zh", "en"}, Default: "zh", Doc: "The language of what is written: zh or en."}
}

// Text writes notices for people, in the language of words.
type Text struct {
	words words
	zone  *time.Location
}

// NewText returns the Text of a channel whose options have Language.
func NewText(v option.Values, d Deps) Text {
	t := Text{words: chinese(), zone: d.Zone}
	if v.String("language") == "en" {
		t.words = english()
	}
	if t.zone == nil {
		t.zone = time.Local
	}
	return t
}

// Page is a notice in words. Nothing in it is escaped.
type Page struct {
	Title   string
	Level   Level
	Status  Status
	Entries []Entry
	More    string // how many alerts are left out; may be empty
	Link    string
	Open    string // the text of the link
}

// Entry is an alert in words.
type Entry struct {
	Heading string
	Alert   Alert
	Fields  []Field
}

// Field is a name and a value to read.
type Field struct{ Name, Value string }

// Page puts a notice into words, with the details of at most so many alerts.
func (t Text) Page(n Notice, most int) Page {
	p := Page{Title: t.Title(n), Level: n.Level(), Status: n.Status, Link: n.Link, Open: t.words.open}
	for i, a := range n.Alerts {
		if i == most {
			p.More = fmt.Sprintf(t.words.more, len(n.Alerts)-most)
			break
		}
		p.Entries = append(p.Entries, t.entry(a))
	}
	return p
}

// Title returns a notice in one line.
func (t Text) Title(n Notice) string {
	firing, resolved := n.Count(Firing), n.Count(Resolved)
	if len(n.Alerts) == 1 {
		return t.heading(n.Alerts[0])
	}
	mark, counts := t.words.levels[n.Level()], fmt.Sprintf(t.words.firing, firing)
	switch {
	case n.Status == Resolved:
		mark, counts = t.words.resolvedMark, fmt.Sprintf(t.words.resolved, resolved)
	case resolved > 0:
		counts += t.words.comma + fmt.Sprintf(t.words.resolved, resolved)
	}
	return fmt.Sprintf("[%s] %s%s%s", mark, about(n), t.words.colon, counts)
}

// about names what the alerts of a notice share.
func about(n Notice) string {
	rules := map[string]bool{}
	for _, a := range n.Alerts {
		rules[a.Rule] = true
	}
	rest := maps.Clone(n.Labels)
	delete(rest, "rule")
	name := strings.Join(slices.Sorted(maps.Keys(rules)), ", ")
	return strings.TrimSpace(Cut(name, 200) + " " + Labels(rest))
}

func (t Text) heading(a Alert) string {
	mark := t.words.levels[a.Level]
	if a.Status == Resolved {
		mark = t.words.resolvedMark
	}
	return strings.TrimSpace(fmt.Sprintf("[%s] %s %s", mark, a.Rule, Labels(a.Labels)))
}

func (t Text) entry(a Alert) Entry {
	e := Entry{Heading: t.heading(a), Alert: a}
	add := func(name, value string) {
		if value != "" {
			e.Fields = append(e.Fields, Field{name, value})
		}
	}
	add(t.words.summary, a.Summary)
	add(t.words.level, t.words.levels[a.Level])
	add(t.words.value, Number(a.Value))
	if a.Op != "" {
		add(t.words.threshold, a.Op+" "+Number(a.Threshold))
	}
	add(t.words.since, t.Time(a.Since))
	if a.Status == Resolved && !a.ResolvedAt.IsZero() {
		add(t.words.resolvedAt, t.Time(a.ResolvedAt))
		add(t.words.lasted, t.Lasted(a.ResolvedAt.Sub(a.Since)))
	}
	add(t.words.doc, a.Doc)
	return e
}

// LevelName returns a level in words.
func (t Text) LevelName(l Level) string { return t.words.levels[l] }

// Time returns a time as people read it, with its zone.
func (t Text) Time(at time.Time) string { return at.In(t.zone).Format("2006-01-02 15:04:05 -07:00") }

// Lasted returns a duration as people read it, to the second.
func (t Text) Lasted(d time.Duration) string {
	d = max(d, 0).Round(time.Second)
	var out strings.Builder
	units := []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second}
	for i, u := range units {
		n := d / u
		d -= n * u
		if n > 0 || u == time.Second && out.Len() == 0 {
			fmt.Fprintf(&out, "%s%d%s", spaceBetween(out.Len() > 0), n, t.words.units[i])
		}
	}
	return out.String()
}

func spaceBetween(yes bool) string {
	if yes {
		return " "
	}
	return ""
}

// Plain returns a page as lines.
func (p Page) Plain() string {
	var out strings.Builder
	out.WriteString(p.Title + "\n")
	for _, e := range p.Entries {
		out.WriteByte('\n')
		if len(p.Entries) > 1 || e.Heading != p.Title {
			out.WriteString(e.Heading + "\n")
		}
		for _, f := range e.Fields {
			fmt.Fprintf(&out, "%s: %s\n", f.Name, f.Value)
		}
	}
	if p.More != "" {
		out.WriteString("\n" + p.More + "\n")
	}
	if p.Link != "" {
		fmt.Fprintf(&out, "\n%s: %s\n", p.Open, p.Link)
	}
	return out.String()
}

// Markdown returns a page in the Markdown that robots of chats know, most of them only headings, bold, quotes and
// links. escape makes a text harmless in the dialect of the channel.
func (p Page) Markdown(escape func(string) string) string {
	var out strings.Builder
	out.WriteString("### " + escape(p.Title) + "\n")
	for _, e := range p.Entries {
		out.WriteByte('\n')
		if len(p.Entries) > 1 || e.Heading != p.Title {
			out.WriteString("**" + escape(e.Heading) + "**\n\n")
		}
		for _, f := range e.Fields {
			fmt.Fprintf(&out, "> %s: %s\n>\n", f.Name, escape(f.Value))
		}
	}
	if p.More != "" {
		out.WriteString("\n" + escape(p.More) + "\n")
	}
	if p.Link != "" {
		fmt.Fprintf(&out, "\n[%s](%s)\n", escape(p.Open), p.Link)
	}
	return out.String()
}

// Calm returns a text that Markdown shows as it is. What makes links, mentions, emphasis and code is replaced by
// its full-width twin, since the dialects disagree about escapes; a label that an outsider sent can then not put a
// link into a message.
func Calm(s string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '\n', '\r', '\t':
			return ' '
		case '<':
			return '＜'
		case '>':
			return '＞'
		case '`':
			return '｀'
		case '*':
			return '＊'
		case '[':
			return '【'
		case ']':
			return '】'
		}
		return r
	}, s)
}

// Labels returns labels in one line, sorted by name.
func Labels(labels map[string]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		parts = append(parts, name+"="+labels[name])
	}
	return strings.Join(parts, " ")
}

// Number returns a number to read: six digits that count.
func Number(v float64) string {
	if a := math.Abs(v); a >= 1e6 && a < 1e15 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 6, 64)
}
