package config

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"millrace/fault"
)

// checkKeys refuses keys that Config does not have: all of them at once, each with its line and the
// name that was probably meant.
func checkKeys(root ast.Node) error {
	var k keyCheck
	k.walk(root, reflect.TypeFor[Config](), "")
	return errors.Join(k.errs...)
}

type keyCheck struct{ errs []error }

func (k *keyCheck) walk(n ast.Node, t reflect.Type, path string) {
	if anchor, ok := n.(*ast.AnchorNode); ok {
		n = anchor.Value
	}
	switch {
	case isLeaf(t):
	case t.Kind() == reflect.Struct && n.Type() == ast.NullType: // a key with nothing behind it
	case t.Kind() == reflect.Struct && !isMapping(n):
		k.errs = append(k.errs, fmt.Errorf("line %d: %s: keys are expected, %s", n.GetToken().Position.Line,
			strings.TrimSuffix(path, "."), strings.Join(keysOf(t), ", ")))
	case t.Kind() == reflect.Struct:
		for _, pair := range pairs(n) {
			k.key(pair, t, path)
		}
	case t.Kind() == reflect.Slice:
		if list, ok := n.(*ast.SequenceNode); ok {
			for _, item := range list.Values {
				k.walk(item, t.Elem(), path)
			}
		}
	}
}

func (k *keyCheck) key(pair *ast.MappingValueNode, t reflect.Type, path string) {
	token := pair.Key.GetToken()
	if pair.Key.IsMergeKey() {
		return
	}
	name := token.Value
	for _, f := range reflect.VisibleFields(t) {
		if yamlName(f) == name {
			k.walk(pair.Value, f.Type, path+name+".")
			return
		}
	}
	text := fmt.Sprintf("line %d: unknown key %q", token.Position.Line, path+name)
	if near := nearest(name, path, keysOf(t)); near != "" {
		text += fmt.Sprintf(", did you mean %q?", near)
	}
	k.errs = append(k.errs, errors.New(text))
}

// nearest looks beside the unknown key first, then in the whole tree: a key may be known but stand in
// the wrong place.
func nearest(name, path string, beside []string) string {
	if near := fault.Near(name, beside); near != "" {
		return path + near
	}
	last := func(s string) string { return s[strings.LastIndexByte(s, '.')+1:] }
	for _, leaf := range leaves(reflect.ValueOf(new(Config)).Elem(), nil) {
		if full := strings.Join(leaf.path, "."); last(full) == name {
			return full
		}
	}
	return ""
}

func isMapping(n ast.Node) bool {
	return n.Type() == ast.MappingType || n.Type() == ast.MappingValueType
}

func pairs(n ast.Node) []*ast.MappingValueNode {
	switch m := n.(type) {
	case *ast.MappingNode:
		return m.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{m}
	}
	return nil
}

func keysOf(t reflect.Type) []string {
	var keys []string
	for _, f := range reflect.VisibleFields(t) {
		if name := yamlName(f); name != "" {
			keys = append(keys, name)
		}
	}
	return keys
}

// yamlName is the key of a field, and "" for one that is no setting.
func yamlName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	if name == "-" {
		return ""
	}
	return name
}

// leaf is one setting: where it stands and what holds it.
type leaf struct {
	path  []string
	value reflect.Value
}

// env is the variable that sets a leaf.
func (l leaf) env() string { return envPrefix + strings.ToUpper(strings.Join(l.path, "_")) }

// leaves lists the settings of a struct in the order of its fields. A list is one setting.
func leaves(v reflect.Value, path []string) []leaf {
	var out []leaf
	for _, f := range reflect.VisibleFields(v.Type()) {
		name := yamlName(f)
		if name == "" {
			continue
		}
		at := append(slices.Clone(path), name)
		if f.Type.Kind() == reflect.Struct && !isLeaf(f.Type) {
			out = append(out, leaves(v.FieldByIndex(f.Index), at)...)
			continue
		}
		out = append(out, leaf{at, v.FieldByIndex(f.Index)})
	}
	return out
}

// isLeaf reports whether a type reads itself.
func isLeaf(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) || p.Implements(reflect.TypeFor[yaml.BytesUnmarshaler]())
}
