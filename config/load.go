package config

import (
	"encoding"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
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
	return c.setLeaves(file.Docs[0].Body)
}

// setLeaves takes each setting from its node, so that an error can name the key and the line.
func (c *Config) setLeaves(root ast.Node) error {
	var errs []error
	for _, l := range leaves(reflect.ValueOf(c).Elem(), nil) {
		node := find(root, l.path)
		if node == nil || node.Type() == ast.NullType {
			continue
		}
		if err := setNode(l.value, node); err != nil {
			errs = append(errs, fmt.Errorf("line %d: %s: %w", node.GetToken().Position.Line, strings.Join(l.path, "."), err))
		}
	}
	return errors.Join(errs...)
}

func setNode(v reflect.Value, node ast.Node) error {
	_, reads := v.Addr().Interface().(encoding.TextUnmarshaler)
	switch v.Kind() {
	case reflect.String, reflect.Bool, reflect.Int:
		reads = true
	}
	if scalar, ok := node.(ast.ScalarNode); ok && reads {
		return setText(v, scalar.GetToken().Value)
	}
	if reads && (node.Type() == ast.MappingType || node.Type() == ast.SequenceType || node.Type() == ast.MappingValueType) {
		return errors.New("a single value is expected")
	}
	if v.Kind() == reflect.Slice {
		v.SetZero()
	}
	return message(yaml.NodeToValue(node, v.Addr().Interface(), yaml.Strict()))
}

// find returns the node at a path of keys, or nil.
func find(n ast.Node, path []string) ast.Node {
	for _, key := range path {
		i := slices.IndexFunc(pairs(n), func(p *ast.MappingValueNode) bool { return p.Key.GetToken().Value == key })
		if i < 0 {
			return nil
		}
		n = pairs(n)[i].Value
	}
	return n
}

// resolve makes the files that a configuration file names relative to its folder, so that it can be
// used from anywhere.
func (c *Config) resolve(dir string) {
	for i, p := range c.Pipelines {
		if p.File != "" && !filepath.IsAbs(p.File) && !IsExample(p.File) {
			c.Pipelines[i].File = filepath.Join(dir, p.File)
		}
	}
	files := []*string{
		&c.TLS.CertFile, &c.TLS.KeyFile, &c.Kafka.TLS.CAFile, &c.Kafka.TLS.CertFile, &c.Kafka.TLS.KeyFile, &c.InfluxDB.TokenFile,
		&c.Broker.TLS.CertFile, &c.Broker.TLS.KeyFile, &c.Broker.TLS.ClientCAFile,
	}
	for i := range c.Tokens {
		files = append(files, &c.Tokens[i].TokenFile)
	}
	for i := range c.Broker.Users {
		files = append(files, &c.Broker.Users[i].PasswordFile)
	}
	for _, f := range files {
		if *f != "" && !filepath.IsAbs(*f) {
			*f = filepath.Join(dir, *f)
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

// message is plainYAML without the place, where the caller knows a better one.
func message(err error) error {
	var y yaml.Error
	if errors.As(err, &y) {
		return errors.New(y.GetMessage())
	}
	return err
}
