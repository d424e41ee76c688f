package bus

import (
	"regexp"

	"millrace/fault"
)

// Pattern says which records are looked for by what is in them.
type Pattern struct {
	Text string // in the key, the value or the value of a header; "": any
	Key  string // in the key; "": any
	// Regex: both are regular expressions (RE2); else they are texts, and their case does not matter.
	Regex bool
}

// Match returns what tells whether a record is looked for; nil if all are. A bad expression is a fault of kind Invalid.
func (p Pattern) Match() (func(*Raw) bool, error) {
	text, err := p.compile(p.Text)
	if err != nil {
		return nil, err
	}
	key, err := p.compile(p.Key)
	if err != nil || text == nil && key == nil {
		return nil, err
	}
	return func(r *Raw) bool {
		return (key == nil || r.Key != nil && key.Match(r.Key)) && (text == nil || anywhere(text, r))
	}, nil
}

func (p Pattern) compile(text string) (*regexp.Regexp, error) {
	if text == "" {
		return nil, nil
	}
	if !p.Regex {
		text = "(?i)" + regexp.QuoteMeta(text)
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, fault.New(fault.Invalid, "filter %q is no regular expression: %w", text, err).WithHint("as RE2 knows them; without regex the text is looked for as it is")
	}
	return re, nil
}

func anywhere(text *regexp.Regexp, r *Raw) bool {
	if text.Match(r.Key) || text.Match(r.Value) {
		return true
	}
	for _, value := range r.Headers() {
		if text.Match(value) {
			return true
		}
	}
	return false
}
