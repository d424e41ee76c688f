package api

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"millrace/fault"
	"millrace/option"
)

// KindView is a Kind as forms are made of it.
type KindView struct {
	Name    string       `json:"name"`
	Doc     string       `json:"doc"`
	Options []OptionView `json:"options" nullable:"false"`
}

// OptionView is a setting as a form shows it.
type OptionView struct {
	Name     string   `json:"name" doc:"One that ends in .* stands for all names with that prefix"`
	Kind     string   `json:"kind" enum:"string,int,float,bool,duration,size"`
	Default  string   `json:"default"`
	Doc      string   `json:"doc"`
	OneOf    []string `json:"one_of" nullable:"false"`
	Secret   bool     `json:"secret"`
	Required bool     `json:"required"`
}

// ConnectorList are the connectors that a source can be made of.
type ConnectorList struct {
	Connectors []KindView `json:"connectors" nullable:"false"`
}

// NotifierList are the notifiers that a channel can be made of.
type NotifierList struct {
	Notifiers []KindView `json:"notifiers" nullable:"false"`
}

func (s *Server) addKinds(api huma.API) {
	type connectorsOutput struct{ Body ConnectorList }
	register(s, api, huma.Operation{
		OperationID: "connectors", Method: http.MethodGet, Path: "/api/connectors", Tags: []string{"sources"},
		Summary: "What a source can be made of, with its settings",
	}, func(context.Context, *struct{}) (*connectorsOutput, error) {
		return &connectorsOutput{ConnectorList{viewKinds(s.deps.Connectors)}}, nil
	})
	type notifiersOutput struct{ Body NotifierList }
	register(s, api, huma.Operation{
		OperationID: "notifiers", Method: http.MethodGet, Path: "/api/notifiers", Tags: []string{"alerts"},
		Summary: "What a channel can be made of, with its settings",
	}, func(context.Context, *struct{}) (*notifiersOutput, error) {
		var kinds []Kind
		if s.deps.Alerts != nil {
			for _, spec := range s.deps.Alerts.Notifiers() {
				kinds = append(kinds, Kind{spec.Name, spec.Doc, spec.Options})
			}
		}
		return &notifiersOutput{NotifierList{viewKinds(kinds)}}, nil
	})
}

func viewKinds(kinds []Kind) []KindView {
	out := make([]KindView, len(kinds))
	for i, k := range kinds {
		out[i] = KindView{Name: k.Name, Doc: k.Doc, Options: make([]OptionView, len(k.Options))}
		for j, o := range k.Options {
			out[i].Options[j] = OptionView{
				Name: o.Name, Kind: kindName(o.Kind), Default: o.Default, Doc: o.Doc, OneOf: orEmpty(o.OneOf), Secret: o.Secret, Required: o.Required,
			}
		}
	}
	slices.SortFunc(out, func(a, b KindView) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func kindName(k option.Kind) string {
	switch k {
	case option.Int:
		return "int"
	case option.Float:
		return "float"
	case option.Bool:
		return "bool"
	case option.Duration:
		return "duration"
	case option.Size:
		return "size"
	}
	return "string"
}

// findKind returns the kind of a name; what says what it is: "connector".
func findKind(kinds []Kind, what, name string) (Kind, error) {
	var names []string
	for _, k := range kinds {
		if k.Name == name {
			return k, nil
		}
		names = append(names, k.Name)
	}
	err := fault.New(fault.Invalid, "%s %q does not exist", what, cut(name))
	if near := fault.Near(name, names); near != "" {
		return Kind{}, err.WithHint("did you mean %q?", near)
	}
	slices.Sort(names)
	return Kind{}, err.WithHint("there are: %s", strings.Join(names, ", "))
}

// hidden stands for a secret in answers. In a request it keeps the secret that was there.
const hidden = "******"

// userPassword finds the password of a URL that has one.
var userPassword = regexp.MustCompile(`(://[^/\s:@]*:)[^/\s@]+@`)

// shown returns the settings without their secrets: those of the options that are secret, and the passwords
// of URLs.
func (k Kind) shown(vals option.Values) option.Values {
	out := vals.Shown(k.Options)
	for name, v := range out {
		out[name] = withoutPassword(v)
	}
	return out
}

// withoutPassword hides the passwords of the URLs in a text.
func withoutPassword(text string) string {
	return userPassword.ReplaceAllString(text, "${1}"+hidden+"@")
}

// whither are the options that say where a secret is sent, and by what it is guarded on the way.
var whither = []string{"url", "urls", "host", "hosts", "port", "address", "servers", "brokers", "endpoint", "tls", "ca_file", "insecure_skip_verify"}

// settled returns the settings of a request, with the secrets that it keeps, after they were checked.
// old are those that were there, if there were any. A secret is not kept for another address: whoever may
// change a source may still not read its secrets.
func (k Kind) settled(owner string, given, old option.Values) (option.Values, error) {
	out, before := make(option.Values, len(given)), k.shown(old)
	kept := ""
	for _, name := range names(given) {
		v := given[name]
		out[name] = v
		if !strings.Contains(v, hidden) {
			continue
		}
		secret, ok := old[name]
		if !ok || before[name] != v {
			return nil, fault.New(fault.Invalid, "option %q of %s: %s stands for a secret that is kept, and there is none", cut(name), owner, hidden).
				WithHint("write the secret itself")
		}
		out[name], kept = secret, name
	}
	if kept != "" {
		for _, name := range whither {
			if k.effective(out, name) != k.effective(old, name) {
				return nil, fault.New(fault.Invalid, "option %q of %s: the secret is kept, but %q has changed", cut(kept), owner, name).
					WithHint("write the secret again for another address")
			}
		}
	}
	if _, err := option.Check(owner, k.Options, out); err != nil {
		return nil, err
	}
	return out, nil
}

// effective is the value of an option, which may be its default.
func (k Kind) effective(vals option.Values, name string) string {
	if v, ok := vals[name]; ok {
		return v
	}
	for _, o := range k.Options {
		if o.Name == name {
			return o.Default
		}
	}
	return ""
}

// censor takes the secrets out of a text that someone else wrote, such as an error.
func (k Kind) censor(vals option.Values, text string) string {
	shown := k.shown(vals)
	for name, v := range vals {
		if len(v) >= 4 && shown[name] == hidden {
			text = strings.ReplaceAll(text, v, hidden)
		}
	}
	return withoutPassword(text)
}

// Settings are option values as a request writes them: numbers and truths may stand without quotes.
type Settings option.Values

// maxSettings bounds how many settings a request has, and maxSettingBytes the length of one.
const (
	maxSettings     = 200
	maxSettingBytes = 64 << 10
)

// UnmarshalJSON takes texts, numbers and truths; null is left out.
func (s *Settings) UnmarshalJSON(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber() // a number keeps its digits
	var m map[string]any
	if err := dec.Decode(&m); err != nil {
		return err
	}
	*s = make(Settings, len(m))
	for name, v := range m {
		switch v := v.(type) {
		case nil:
		case string:
			(*s)[name] = v
		case json.Number:
			(*s)[name] = v.String()
		case bool:
			(*s)[name] = map[bool]string{true: "true", false: "false"}[v]
		default:
			return fault.New(fault.Invalid, "option %q is neither a text, a number nor a truth", cut(name))
		}
	}
	return nil
}

// Schema describes Settings.
func (Settings) Schema(huma.Registry) *huma.Schema {
	longest, most := maxSettingBytes, maxSettings
	text := &huma.Schema{Type: huma.TypeString, MaxLength: &longest}
	value := &huma.Schema{AnyOf: []*huma.Schema{text, {Type: huma.TypeNumber}, {Type: huma.TypeBoolean}, {Enum: []any{nil}}}}
	s := &huma.Schema{
		Type: huma.TypeObject, AdditionalProperties: value, MaxProperties: &most,
		Description: "Settings by name. " + hidden + " keeps the secret that was there.",
	}
	for _, x := range append(value.AnyOf, value, s) {
		x.PrecomputeMessages()
	}
	return s
}

// names returns the sorted keys of a map.
func names[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
