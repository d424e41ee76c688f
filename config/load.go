package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"millrace/fault"
)

// maxFileBytes bounds a configuration file; a real one has a few kilobytes.
const maxFileBytes = 1 << 20

// Load returns the settings of a node: the defaults, then the file at path ("" for none), then the
// environment ("NAME=value", as of os.Environ), then each override (the command line). The result
// is checked as a whole. Files named in the settings are relative to the configuration file.
func Load(path string, environ []string, overrides ...func(*Config)) (Config, error) {
	c := Default()
	if path != "" {
		if err := c.readFile(path); err != nil {
			return Config{}, err
		}
	}
	if err := c.readEnviron(environ); err != nil {
		return Config{}, err
	}
	for _, o := range overrides {
		o(&c)
	}
	if err := c.readTokens(); err != nil {
		return Config{}, err
	}
	return c, c.Check()
}

func (c *Config) readFile(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fault.New(fault.Invalid, "read configuration: %w", err)
	}
	if info.Size() > maxFileBytes {
		return fault.New(fault.Invalid, "read configuration %s: %d bytes are more than %d", path, info.Size(), maxFileBytes)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return fault.New(fault.Invalid, "read configuration: %w", err)
	}
	if err := c.merge(text); err != nil {
		return fault.New(fault.Invalid, "read configuration %s: %w", path, err)
	}
	c.resolve(filepath.Dir(path))
	return nil
}

// merge lays the keys of a YAML text over c.
func (c *Config) merge(text []byte) error {
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return plainYAML(err)
	}
	if len(file.Docs) > 1 {
		return errors.New("more than one document: keep one")
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil || file.Docs[0].Body.Type() == ast.NullType {
		return nil
	}
	if err := checkKeys(file.Docs[0].Body); err != nil {
		return err
	}
	return plainYAML(yaml.NewDecoder(strings.NewReader(string(text)), yaml.Strict()).Decode(c))
}

// resolve makes the files that a configuration file names relative to its folder, so that it can be
// used from anywhere.
func (c *Config) resolve(dir string) {
	for i, p := range c.Pipelines {
		if p.File != "" && !filepath.IsAbs(p.File) && !IsExample(p.File) {
			c.Pipelines[i].File = filepath.Join(dir, p.File)
		}
	}
	for i, t := range c.Tokens {
		if t.TokenFile != "" && !filepath.IsAbs(t.TokenFile) {
			c.Tokens[i].TokenFile = filepath.Join(dir, t.TokenFile)
		}
	}
}

// examplePrefix marks a pipeline file that is in the binary.
const examplePrefix = "example:"

// IsExample reports whether a pipeline's file is one in the binary.
func IsExample(file string) bool { return strings.HasPrefix(file, examplePrefix) }

// ExampleName is the name of a pipeline's file in the binary: "sensors" of "example:sensors".
func ExampleName(file string) string { return strings.TrimPrefix(file, examplePrefix) }

// plainYAML turns an error of the YAML package, which spans lines and draws the source, into one line
// that begins with the place.
func plainYAML(err error) error {
	if err == nil {
		return nil
	}
	var y yaml.Error
	if !errors.As(err, &y) {
		return err
	}
	token := y.GetToken()
	if token == nil || token.Position == nil {
		return errors.New(y.GetMessage())
	}
	return fmt.Errorf("line %d: %s", token.Position.Line, y.GetMessage())
}
