// Package cdc reads and writes changes of database tables in the JSON that capture tools send: Debezium,
// Canal, Maxwell and Oracle GoldenGate (Flink's debezium-json, canal-json, maxwell-json and ogg-json).
//
// A record is an envelope with the row as it was, as it is, or both. An update is two rows, -U and +U,
// in one batch or not at all. The rows themselves are read and written by format/json: its options and its
// leniency hold.
//
// As in Flink, an update is written as two records, one that deletes and one that inserts. Beyond it:
//
//   - Where a tool sends only what an update changed, what stands in "old" for a row counts, null too. Flink
//     takes a column for NULL if "old" has it for any row of the record.
//   - A record has at most as many rows as a batch; one with more is refused.
//   - database.include and table.include are regular expressions of RE2.
//   - A record of white space is a tombstone, as one without bytes is.
package cdc

import (
	"slices"

	"millrace/fault"
	"millrace/format"
	"millrace/format/json"
	"millrace/option"
	"millrace/schema"
)

// Debezium returns the format debezium-json as SQL sees it.
func Debezium() format.Spec {
	s := spec("debezium-json", "Changes as Debezium sends them: before, after and op.", debezium(), envelope{
		add: [2]string{`{"before":null,"after":`, `,"op":"c"}`}, remove: [2]string{`{"before":`, `,"after":null,"op":"d"}`},
		short: [2][2]string{{`{"after":`, `,"op":"c"}`}, {`{"before":`, `,"op":"d"}`}},
	})
	s.Options = append(s.Options, option.Option{
		Name: "schema-include", Kind: option.Bool, Default: "false",
		Doc: "The records have schema and payload, as Kafka Connect writes them with schemas.enable. Only for reading.",
	})
	write := s.NewEncoder
	s.NewEncoder = func(rows *schema.Schema, v option.Values) (format.Encoder, error) {
		if v.Bool("schema-include") {
			return nil, fault.New(fault.Invalid, "format debezium-json: cannot write with schema-include").
				WithHint("leave schema-include out of the table that is written")
		}
		return write(rows, v)
	}
	return s
}

// Ogg returns the format ogg-json as SQL sees it.
func Ogg() format.Spec {
	return spec("ogg-json", "Changes as Oracle GoldenGate sends them: before, after and op_type.", ogg(), envelope{
		add: [2]string{`{"before":null,"after":`, `,"op_type":"I"}`}, remove: [2]string{`{"before":`, `,"after":null,"op_type":"D"}`},
		short: [2][2]string{{`{"after":`, `,"op_type":"I"}`}, {`{"before":`, `,"op_type":"D"}`}},
	})
}

// Canal returns the format canal-json as SQL sees it.
func Canal() format.Spec {
	add, remove := [2]string{`{"data":[`, `],"type":"INSERT"}`}, [2]string{`{"data":[`, `],"type":"DELETE"}`}
	s := spec("canal-json", "Changes as Canal sends them: data and old, arrays of rows, and type.", canal(),
		envelope{add: add, remove: remove, short: [2][2]string{add, remove}})
	s.Options = append(s.Options,
		option.Option{Name: "database.include", Doc: "Read only changes of databases whose whole name this regular expression matches."},
		option.Option{Name: "table.include", Doc: "Read only changes of tables whose whole name this regular expression matches."})
	return s
}

// Maxwell returns the format maxwell-json as SQL sees it.
func Maxwell() format.Spec {
	add, remove := [2]string{`{"data":`, `,"type":"insert"}`}, [2]string{`{"data":`, `,"type":"delete"}`}
	return spec("maxwell-json", "Changes as Maxwell sends them: data, old and type.", maxwell(),
		envelope{add: add, remove: remove, short: [2][2]string{add, remove}})
}

func spec(name, doc string, d dialect, e envelope) format.Spec {
	metadata := make(map[string]schema.Type, len(d.metadata))
	for key, m := range d.metadata {
		metadata[key] = m.typ
	}
	return format.Spec{
		Name: name, Doc: doc, Decodes: format.All, Encodes: format.All, Metadata: metadata,
		Options: slices.DeleteFunc(slices.Clone(json.Spec().Options), func(o option.Option) bool {
			return o.Name == "fail-on-missing-field" || o.Name == "decode.json-parser.enabled"
		}),
		NewDecoder: func(s *schema.Schema, v option.Values) (format.Decoder, error) { return newDecoder(d, s, v) },
		NewEncoder: func(s *schema.Schema, v option.Values) (format.Encoder, error) { return newEncoder(e, s, v) },
	}
}
