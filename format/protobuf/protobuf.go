// Package protobuf reads and writes rows as messages of Protocol Buffers, as Flink's protobuf format does.
//
// Flink finds a message by its Java class. Here the class is looked up in a file of descriptors, which is
// our one option beside Flink's; protoc writes it:
//
//	protoc --include_imports --descriptor_set_out=user.pb user.proto
//
// Messages are read by their wire format straight into columns. As in Flink:
//
//   - A missing field that has presence is NULL, one that has not is 0, "" or false; an empty repeated field or
//     map is NULL. With read-default-values a missing field has the default of the definition.
//   - Neither arrays nor maps hold a NULL: it is written as the default of the type.
//   - An enum is text or a number. Of the fields of a oneof, the last column that is not NULL is written.
//
// Beyond Flink: text that is not UTF-8, a number that an enum does not know where its name is wanted, and a
// key of a map that stands twice are refused.
package protobuf

import (
	"millrace/format"
	"millrace/option"
)

// Spec returns the format as SQL sees it.
func Spec() format.Spec {
	return format.Spec{
		Name:   "protobuf",
		Binary: func(option.Values) bool { return true },
		Doc:    "Messages of Protocol Buffers; the fields are matched by name.",
		Options: []option.Option{
			{Name: "message-class-name", Required: true, Doc: "The Java class of the message, as Flink wants it, or the message's full name in its .proto file."},
			{Name: "descriptor-file", Doc: "The file of descriptors that has the message: protoc --include_imports --descriptor_set_out=FILE. Flink has no such option: it finds the class."},
			{Name: "ignore-parse-errors", Kind: option.Bool, Default: "false", Doc: "Skip a message that cannot be read, instead of refusing it."},
			{Name: "read-default-values", Kind: option.Bool, Default: "false", Doc: "A missing field has its default value, instead of NULL."},
			{Name: "write-null-string-literal", Doc: "What is written for a NULL in an array or map of text."},
		},
		NewDecoder: newDecoder,
		NewEncoder: newEncoder,
	}
}
