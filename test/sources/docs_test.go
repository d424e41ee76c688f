package sources

import (
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"millrace/builtin"
	"millrace/connector"
	"millrace/option"
)

// rewrite makes TestDocs write the tables of settings instead of checking them.
var rewrite = flag.Bool("rewrite", false, "write the tables of settings in docs/sources.md")

// tablesFrom is the beginning of the line behind which docs/sources.md is made from the connectors.
const tablesFrom = "<!-- Below is made"

// TestDocs holds docs/sources.md against the connectors: its tables of settings, and the settings of its examples.
func TestDocs(t *testing.T) {
	t.Parallel()
	path := filepath.Join(root(), "docs", "sources.md")
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(page)
	at := strings.Index(text, tablesFrom)
	if at < 0 {
		t.Fatalf("%s has no line that begins %q", path, tablesFrom)
	}
	at += strings.Index(text[at:], "\n") + 1
	specs := map[string]connector.Spec{}
	var tables strings.Builder
	for _, s := range builtin.Collectors(slog.New(slog.DiscardHandler), func() bool { return false }) {
		if s.Name == "demo" || s.Name == "host" {
			continue // of the platform itself
		}
		specs[s.Name] = s
		table(&tables, s)
	}
	if *rewrite {
		if err := os.WriteFile(path, []byte(text[:at]+tables.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if d := cmp.Diff(tables.String(), text[at:]); d != "" {
		t.Errorf("%s is not what the connectors say; run this test with -rewrite (-want +got):\n%s", path, d)
	}
	for i, block := range strings.Split(text[:at], "```yaml\n")[1:] {
		block, _, _ = strings.Cut(block, "```")
		example(t, specs, fmt.Sprintf("example %d", i+1), block)
	}
}

// table writes the settings of a connector.
func table(b *strings.Builder, s connector.Spec) {
	fmt.Fprintf(b, "\n### %s\n%s\n\n| setting | kind | default | |\n| --- | --- | --- | --- |\n", s.Name, s.Doc)
	cell := strings.NewReplacer("|", `\|`, "\n", " ")
	for _, o := range s.Options {
		kind := map[option.Kind]string{
			option.String: "text", option.Int: "integer", option.Float: "number", option.Bool: "true, false", option.Duration: "duration", option.Size: "size",
		}[o.Kind]
		if len(o.OneOf) > 0 {
			kind = strings.Join(o.OneOf, ", ")
		}
		if o.Secret {
			kind += ", secret"
		}
		value := "`` " + o.Default + " ``"
		switch {
		case o.Required:
			value = "*required*"
		case o.Default == "":
			value = ""
		case !strings.Contains(o.Default, "`"):
			value = "`" + o.Default + "`"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", o.Name, cell.Replace(kind), cell.Replace(value), cell.Replace(o.Doc))
	}
}

// example checks the sources of a block of YAML as the platform does.
func example(t *testing.T, specs map[string]connector.Spec, name, text string) {
	t.Helper()
	type source struct {
		Name, Connector string
		Options         map[string]string
	}
	var file struct{ Sources yaml.RawMessage }
	var list []source
	var settings struct{ Connect []source }
	if err := yaml.Unmarshal([]byte(text), &file); err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if yaml.Unmarshal(file.Sources, &settings) == nil {
		list = settings.Connect
	} else if err := yaml.Unmarshal(file.Sources, &list); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	if len(list) == 0 {
		t.Errorf("%s has no sources", name)
	}
	for _, one := range list {
		spec, known := specs[one.Connector]
		if !known {
			t.Errorf("%s: %s: no connector %q", name, one.Name, one.Connector)
			continue
		}
		vals, err := option.Check(one.Connector, spec.Options, one.Options)
		if err == nil {
			_, err = spec.Collect(vals)
		}
		if err != nil {
			t.Errorf("%s: %s: %v", name, one.Name, err)
		}
	}
}
