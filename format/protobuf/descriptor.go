package protobuf

import (
	"os"
	"path"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	"millrace/fault"
	"millrace/option"
)

// findMessage finds the message of a table in its file of descriptors.
func findMessage(v option.Values) (protoreflect.MessageDescriptor, error) {
	file, class := v.String("descriptor-file"), v.String("message-class-name")
	const how = "write one with protoc --include_imports --descriptor_set_out=FILE, and set 'protobuf.descriptor-file'"
	if file == "" {
		return nil, fault.New(fault.Invalid, "format protobuf: class %q: there is no Java here to find it: a file of descriptors is needed", class).WithHint(how)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fault.New(fault.Invalid, "format protobuf: read descriptor-file: %w", err).WithHint(how)
	}
	var set descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(text, &set); err != nil {
		return nil, fault.New(fault.Invalid, "format protobuf: %s is no file of descriptors: %w", file, err).WithHint(how)
	}
	files, err := protodesc.NewFiles(&set)
	if err != nil {
		return nil, fault.New(fault.Invalid, "format protobuf: %s: %w", file, err).WithHint(how)
	}
	var found protoreflect.MessageDescriptor
	var known []string
	files.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		eachMessage(f.Messages(), func(m protoreflect.MessageDescriptor) {
			known = append(known, string(m.FullName()))
			if found == nil && isClass(m, class) {
				found = m
			}
		})
		return true
	})
	if found == nil {
		err := fault.New(fault.NotFound, "format protobuf: %s has no message %q", file, class)
		if near := fault.Near(class, known); near != "" {
			return nil, err.WithHint("did you mean %q?", near)
		}
		return nil, err.WithHint("it has: %s", strings.Join(known[:min(len(known), 20)], ", "))
	}
	return found, nil
}

func eachMessage(ms protoreflect.MessageDescriptors, f func(protoreflect.MessageDescriptor)) {
	for i := range ms.Len() {
		if m := ms.Get(i); !m.IsMapEntry() {
			f(m)
			eachMessage(m.Messages(), f)
		}
	}
}

// isClass reports whether class names m: by its name in the .proto file, or as protoc's Java does, with or
// without the outer class of the file.
func isClass(m protoreflect.MessageDescriptor, class string) bool {
	class = strings.ReplaceAll(class, "$", ".")
	if class == string(m.FullName()) {
		return true
	}
	f := m.ParentFile()
	pkg, outer := string(f.Package()), javaName(strings.TrimSuffix(path.Base(f.Path()), ".proto"))
	name := strings.TrimPrefix(string(m.FullName()), pkg+".")
	if o, ok := f.Options().(*descriptorpb.FileOptions); ok && o != nil {
		if o.JavaPackage != nil {
			pkg = o.GetJavaPackage()
		}
		if o.JavaOuterClassname != nil {
			outer = o.GetJavaOuterClassname()
		}
	}
	in := func(names ...string) string { return strings.TrimPrefix(strings.Join(names, "."), ".") }
	return class == in(pkg, name) || class == in(pkg, outer, name) || class == in(pkg, outer+"OuterClass", name)
}

// javaName is the name of a class made from that of a file: user_event becomes UserEvent.
func javaName(file string) string {
	var b strings.Builder
	up := true
	for _, c := range file {
		switch {
		case c >= 'a' && c <= 'z' && up:
			b.WriteRune(c - 'a' + 'A')
			up = false
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			b.WriteRune(c)
			up = false
		default:
			if c >= '0' && c <= '9' {
				b.WriteRune(c)
			}
			up = true
		}
	}
	return b.String()
}
