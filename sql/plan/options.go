package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"millrace/connector"
	"millrace/fault"
	"millrace/format"
	"millrace/option"
	"millrace/sql/ast"
)

// tableOptions is what WITH says, sorted by who wants to know.
type tableOptions struct {
	connector    connector.Spec
	values       option.Values // of the connector
	format       string        // empty: none
	formatValues option.Values
	positional   bool // the format's columns have no names
	idleTimeout  time.Duration
	onEvent      bool
	eager        time.Duration
	group        string // of splits that are aligned
	maxDrift     time.Duration
	encodes      format.Changes
	decodes      format.Changes
	key          *KeyFormat // nil: keys of records are not looked at
}

// takes is which rows the table can be written with.
func (o *tableOptions) takes() format.Changes {
	if o.connector.Takes == nil {
		return o.encodes
	}
	return max(o.encodes, o.connector.Takes(o.values))
}

// gives is which rows are read from the table.
func (o *tableOptions) gives() format.Changes {
	if o.connector.Gives == nil {
		return o.decodes
	}
	return max(o.decodes, o.connector.Gives(o.values))
}

// watermarkOptions are for the planner, whatever the connector.
var watermarkOptions = []option.Option{
	{Name: "scan.watermark.idle-timeout", Kind: option.Duration, Doc: "After which time without records a split no longer holds event time back."},
	{Name: "scan.watermark.emit.strategy", OneOf: []string{"on-periodic", "on-event"}, Doc: "Whether the watermark moves with each record or from time to time."},
	{Name: optAlignGroup, Doc: "The splits of all tables of a job that name the same group are aligned: none reads on while its watermark is too far ahead of the lowest."},
	{Name: optAlignDrift, Kind: option.Duration, Doc: "How far ahead a split may be."},
	{Name: "scan.watermark.alignment.update-interval", Kind: option.Duration, Doc: "Taken for Flink's sake: how far the others have come is known at once."},
}

// The options by which splits are aligned.
const (
	optAlignGroup = "scan.watermark.alignment.group"
	optAlignDrift = "scan.watermark.alignment.max-drift"
)

// options sorts and checks the options of a table.
func (p *Planner) options(given map[string]string) (tableOptions, error) {
	var out tableOptions
	rest := maps.Clone(option.Values(given))
	name := rest["connector"]
	if name == "" {
		return out, fault.New(fault.Invalid, "option %q is missing", "connector").WithHint("it is one of %s", strings.Join(p.connectorNames(), ", "))
	}
	spec, ok := p.Connectors[name]
	if !ok || !spec.SQL {
		err := fault.New(fault.Invalid, "connector %q is not known", name)
		if near := fault.Near(name, p.connectorNames()); near != "" {
			return out, err.WithHint("did you mean %q?", near)
		}
		return out, err.WithHint("it is one of %s; other systems reach SQL through the bus", strings.Join(p.connectorNames(), ", "))
	}
	out.connector = spec
	delete(rest, "connector")
	if err := out.takeWatermark(p.Settings, rest); err != nil {
		return out, err
	}
	if spec.Format {
		if err := out.takeFormat(p.Formats, rest); err != nil {
			return out, err
		}
		if err := out.takeKeyFormat(p.Formats, rest); err != nil {
			return out, err
		}
	}
	var err error
	out.values, err = option.Check(fmt.Sprintf("connector %q", name), spec.Options, rest)
	return out, err
}

func (p *Planner) connectorNames() []string {
	var names []string
	for name, spec := range p.Connectors {
		if spec.SQL {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (o *tableOptions) takeWatermark(settings Settings, rest option.Values) error {
	mine := option.Values{}
	for key, value := range rest {
		if strings.HasPrefix(key, "scan.watermark.") {
			mine[key] = value
			delete(rest, key)
		}
	}
	mine, err := option.Check("the watermark", watermarkOptions, mine)
	if err != nil {
		return err
	}
	o.idleTimeout = settings.IdleTimeout()
	if mine.Has("scan.watermark.idle-timeout") {
		o.idleTimeout = mine.Duration("scan.watermark.idle-timeout")
	}
	// By their records wherever that is possible, so that two runs over the same input are alike.
	o.onEvent, o.eager = !o.connector.Periodic, settings.WatermarkInterval()
	o.group, o.maxDrift = mine.String(optAlignGroup), mine.Duration(optAlignDrift)
	if mine.Has(optAlignGroup) != mine.Has(optAlignDrift) {
		return fault.New(fault.Invalid, "options %q and %q must both be set to align splits", optAlignGroup, optAlignDrift)
	}
	switch mine.String("scan.watermark.emit.strategy") {
	case "on-event":
		o.onEvent = true
		if o.connector.Periodic {
			// Flink hands it to connectors that make watermarks themselves; others go on as they are.
			o.eager = 0
		}
	case "on-periodic":
		o.onEvent = false
	}
	return nil
}

func (o *tableOptions) takeFormat(formats map[string]format.Spec, rest option.Values) error {
	prefix, key := "", "format"
	if rest.Has("value.format") {
		prefix, key = "value.", "value.format"
	}
	spec, own, err := ownOptions(formats, rest, prefix, key)
	if err == nil && o.connector.Lines && spec.Binary != nil && spec.Binary(own) {
		return fault.New(fault.Invalid, "format %q cannot be used with connector %q: its records may hold line ends", spec.Name, o.connector.Name).
			WithHint("use json or csv, or a Kafka table")
	}
	o.format, o.formatValues = spec.Name, own
	o.positional, o.encodes, o.decodes = spec.Positional, spec.Encodes, spec.Decodes
	return err
}

// ownOptions takes the format named by an option, with the options that are its own, out of rest.
func ownOptions(formats map[string]format.Spec, rest option.Values, prefix, key string) (format.Spec, option.Values, error) {
	spec, ok := formats[rest[key]]
	names := slices.Sorted(maps.Keys(formats))
	switch {
	case rest[key] == "":
		return spec, nil, fault.New(fault.Invalid, "option %q is missing", key).WithHint("it is one of %s", strings.Join(names, ", "))
	case !ok:
		err := fault.New(fault.Invalid, "format %q is not known", rest[key])
		if near := fault.Near(rest[key], names); near != "" {
			return spec, nil, err.WithHint("did you mean %q?", near)
		}
		return spec, nil, err.WithHint("it is one of %s", strings.Join(names, ", "))
	}
	delete(rest, key)
	prefix += spec.Name + "."
	own := rest.Under(prefix)
	maps.DeleteFunc(rest, func(k, _ string) bool { return strings.HasPrefix(k, prefix) })
	if topic := rest["topic"]; topic != "" && !own.Has(optSubject) && slices.ContainsFunc(spec.Options, func(o option.Option) bool { return o.Name == optSubject }) {
		// By the registry's usual rule, as Flink's Kafka connectors fill it in.
		own[optSubject] = topic + map[bool]string{true: "-key", false: "-value"}[strings.HasPrefix(prefix, "key.")]
	}
	own, err := option.Check(fmt.Sprintf("format %q", spec.Name), spec.Options, own)
	return spec, own, err
}

// optSubject is the option of formats whose schemas are in a registry: under which name.
const optSubject = "subject"

// The options about the keys of records, as Flink's Kafka connectors have them.
const (
	optKeyFormat  = "key.format"
	optKeyFields  = "key.fields"
	optKeyPrefix  = "key.fields-prefix"
	optValueParts = "value.fields-include"
)

// takeKeyFormat reads how keys are read and written. Which columns they hold is up to the primary key unless
// key.fields says so.
func (o *tableOptions) takeKeyFormat(formats map[string]format.Spec, rest option.Values) error {
	if !rest.Has(optKeyFormat) {
		if rest.Has(optKeyFields) {
			return fault.New(fault.Invalid, "option %q is only of use with %q", optKeyFields, optKeyFormat)
		}
		return nil
	}
	spec, own, err := ownOptions(formats, rest, "key.", optKeyFormat)
	if err != nil {
		return err
	}
	o.key = &KeyFormat{
		Name: spec.Name, Options: own, Prefix: rest.String(optKeyPrefix), AllColumns: spec.Positional,
		Only: strings.EqualFold(rest.String(optValueParts), "EXCEPT_KEY"),
	}
	for _, name := range strings.Split(rest.String(optKeyFields), ";") {
		if name = strings.TrimSpace(name); name != "" {
			o.key.Columns = append(o.key.Columns, name)
		}
	}
	if o.key.Prefix != "" && !o.key.Only {
		return fault.New(fault.Invalid, "option %q must be EXCEPT_KEY with %q: the value cannot have the prefixed columns", optValueParts, optKeyPrefix)
	}
	for _, name := range o.key.Columns {
		if !strings.HasPrefix(name, o.key.Prefix) {
			return fault.New(fault.Invalid, "option %q: all fields must have the prefix %q, but %q does not", optKeyFields, o.key.Prefix, name)
		}
	}
	return nil
}

// keyFormat is how the keys of a table's records are read and written, nil if they are not.
func (b *binder) keyFormat(at ast.Node, def *definition, o *tableOptions) *KeyFormat {
	if o.key == nil {
		return nil
	}
	key := *o.key
	if len(key.Columns) == 0 {
		key.Columns = def.key
	}
	if len(key.Columns) == 0 {
		b.fail(at, "name the columns in 'key.fields'", "table %q has a key.format, but nothing says which columns are in the key", def.name)
	}
	for _, name := range key.Columns {
		if !slices.ContainsFunc(def.columns, func(c definedColumn) bool { return c.name == name && !c.computed && c.meta == "" }) {
			b.fail(at, "", "option %q: %q is not a physical column of table %q", optKeyFields, name, def.name)
		}
	}
	return &key
}

// tableOptions returns the options of a table as a query uses it, with the OPTIONS hint applied.
func (b *binder) tableOptions(at ast.Node, def *definition, hints []ast.Hint) tableOptions {
	given := maps.Clone(def.options)
	var hinted []ast.Option
	for _, h := range hints {
		if !strings.EqualFold(h.Name, "OPTIONS") {
			continue
		}
		if !b.Settings.OptionsHint() {
			b.fail(h, "", "the OPTIONS hint is not allowed: %s is false", keyHints)
		}
		for _, o := range h.Options {
			given[o.Key] = o.Value
		}
		hinted = append(hinted, h.Options...)
	}
	options, err := b.Planner.options(given)
	if err != nil {
		if own := optionOf(err, hinted); own != nil {
			at = own
		}
		b.fail(at, fault.HintOf(err), "table %q: %s", def.name, err)
	}
	return options
}

// checkOptions checks the options of a CREATE TABLE, each error at the option that it is about.
func (b *binder) checkOptions(t *ast.CreateTable, given map[string]string) {
	_, err := b.Planner.options(given)
	if err == nil {
		return
	}
	if o := optionOf(err, t.Options); o != nil {
		b.check(o, err)
	}
	b.check(t.Name, err)
}

// optionOf returns the option that an error is about, or nil.
func optionOf(err error, options []ast.Option) ast.Node {
	for _, o := range slices.Backward(options) {
		if aboutOption(err.Error(), o) {
			return o
		}
	}
	return nil
}

// aboutOption says whether the text of an error begins with the name or the value of an option. Those
// of a format are named there without their prefix.
func aboutOption(text string, o ast.Option) bool {
	_, short, _ := strings.Cut(o.Key, ".")
	for _, start := range []string{
		fmt.Sprintf("option %q", o.Key), fmt.Sprintf("option %q", short), fmt.Sprintf("connector %q is", o.Value), fmt.Sprintf("format %q is", o.Value),
	} {
		if strings.HasPrefix(text, start) {
			return true
		}
	}
	return false
}
