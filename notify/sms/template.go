package sms

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"millrace/fault"
	"millrace/notify"
)

// template is text with placeholders: {{rule}}.
type template []part

// part is a text as it is, or the name of a placeholder.
type part struct {
	text string
	name string
}

// parse reads a template. names are the placeholders there are.
func parse(text string, names []string) (template, error) {
	var t template
	for {
		before, rest, found := strings.Cut(text, "{{")
		if before != "" {
			t = append(t, part{text: before})
		}
		if !found {
			return t, nil
		}
		name, after, closed := strings.Cut(rest, "}}")
		if !closed {
			return nil, fault.New(fault.Invalid, "placeholder %q is not closed", "{{"+notify.Cut(rest, 20)).WithHint("a placeholder is {{name}}")
		}
		name = strings.TrimSpace(name)
		if !slices.Contains(names, name) {
			err := fault.New(fault.Invalid, "placeholder %q is not known", "{{"+notify.Cut(name, 40)+"}}")
			if near := fault.Near(name, names); near != "" {
				return nil, err.WithHint("did you mean {{%s}}?", near)
			}
			return nil, err.WithHint("there are %s", strings.Join(names, ", "))
		}
		t = append(t, part{name: name})
		text = after
	}
}

// uses reports whether a placeholder stands in the template.
func (t template) uses(name string) bool {
	return slices.ContainsFunc(t, func(p part) bool { return p.name == name })
}

// fill puts values for the placeholders, each made fit for its place by escape.
func (t template) fill(values map[string]string, escape func(string) string) string {
	var out strings.Builder
	for _, p := range t {
		switch {
		case p.name == "":
			out.WriteString(p.text)
		case p.name == "phones_json":
			out.WriteString(values[p.name]) // is JSON already
		default:
			out.WriteString(escape(values[p.name]))
		}
	}
	return out.String()
}

// The ways to make a value fit for its place.

// inJSON is for inside the quotes of a JSON string.
func inJSON(s string) string {
	quoted, err := json.Marshal(strings.ToValidUTF8(s, "�"))
	if err != nil {
		return ""
	}
	return string(quoted[1 : len(quoted)-1])
}

func inURL(s string) string { return url.QueryEscape(s) }

func inHeader(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}

func asIs(s string) string { return s }

// values are what placeholders stand for.
func values(t notify.Text, n notify.Notice, phones []string, most int) map[string]string {
	a := n.Alerts[0]
	title := t.Title(n)
	text := title
	if len(n.Alerts) == 1 {
		text += " " + a.Summary
	}
	list, err := json.Marshal(phones)
	if err != nil {
		list = []byte("[]")
	}
	v := map[string]string{
		"title": title, "text": text, "summary": a.Summary, "status": string(n.Status), "level": string(n.Level()), "level_name": t.LevelName(n.Level()),
		"rule": a.Rule, "labels": notify.Labels(a.Labels), "value": notify.Number(a.Value), "threshold": notify.Number(a.Threshold),
		"count": strconv.Itoa(len(n.Alerts)), "time": t.Time(n.At), "id": n.ID,
	}
	for name, value := range v {
		v[name] = cutRunes(value, most)
	}
	v["link"], v["phones"], v["phones_json"], v["phone"] = n.Link, strings.Join(phones, ","), string(list), ""
	return v
}

// placeholders are the names of values.
func placeholders() []string {
	return slices.Sorted(maps.Keys(values(notify.NewText(nil, notify.Deps{}), notify.Notice{Alerts: []notify.Alert{{}}}, nil, 1)))
}

// cutRunes cuts by characters, as short messages and their templates count.
func cutRunes(s string, most int) string {
	if most <= 0 {
		return s
	}
	n := 0
	for i := range s {
		if n == most {
			return s[:i]
		}
		n++
	}
	return s
}
