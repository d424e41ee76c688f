// Package avro reads and writes rows as records of Apache Avro: by the schema of the table (Flink's avro),
// or by schemas kept in a Confluent schema registry (avro-confluent).
//
// The schema of a table is derived as Flink does it. A record of avro-confluent begins with the id of the
// schema it was written with: that schema is fetched once and compiled to a plan that reads its fields, by
// name, straight into columns. Types are widened as Avro's schema resolution allows. Beyond Flink:
//
//   - An enum is read as a STRING, fixed as BYTES or DECIMAL; a DECIMAL of another scale is rescaled and an
//     instant of another unit converted, by the writer's logical type. Flink takes the number as it is.
//   - Text that is not UTF-8 and bytes behind the record are refused.
package avro

import (
	"millrace/format"
	"millrace/option"
)

func legacyOption() option.Option {
	return option.Option{
		Name: "timestamp_mapping.legacy", Kind: option.Bool, Default: "true",
		Doc: "TIMESTAMP is Avro's timestamp-millis, as before Flink 1.19, and there is no TIMESTAMP_LTZ; false: TIMESTAMP is a local timestamp, TIMESTAMP_LTZ a timestamp, up to nanoseconds.",
	}
}

// Spec returns the format avro as SQL sees it.
func Spec() format.Spec {
	return format.Spec{
		Name:   "avro",
		Binary: func(v option.Values) bool { return v.String("encoding") != "json" },
		Doc:    "Records of Apache Avro, without their schema: it is derived from the table.",
		Options: []option.Option{
			{Name: "encoding", Default: "binary", OneOf: []string{"binary", "json"}, Doc: "Avro's binary encoding, or its JSON encoding."},
			{Name: "codec", OneOf: []string{"null", "deflate", "snappy", "bzip2", "xz"}, Doc: "How Flink compresses container files; records have no compression of their own, so it makes no difference."},
			legacyOption(),
		},
		Positional: true,
		NewDecoder: newPlainDecoder,
		NewEncoder: newPlainEncoder,
	}
}

// Confluent returns the format avro-confluent as SQL sees it.
func Confluent() format.Spec {
	return format.Spec{
		Name:   "avro-confluent",
		Binary: func(option.Values) bool { return true },
		Doc:    "Records of Apache Avro that name their schema in a Confluent schema registry.",
		Options: []option.Option{
			{Name: "url", Required: true, Doc: "The address of the schema registry; several with commas between them."},
			{Name: "subject", Doc: "The subject under which the schema is registered when writing."},
			{Name: "schema", Doc: "The Avro schema to write with, instead of the one derived from the table."},
			{Name: "basic-auth.credentials-source", OneOf: []string{"URL", "USER_INFO"}, Doc: "Where user and password come from: the url, or basic-auth.user-info."},
			{Name: "basic-auth.user-info", Secret: true, Doc: "user:password for the registry."},
			{Name: "bearer-auth.credentials-source", OneOf: []string{"STATIC_TOKEN"}, Doc: "Where the token comes from."},
			{Name: "bearer-auth.token", Secret: true, Doc: "A token for the registry."},
			{Name: "ssl.truststore.location", Doc: "A PEM file with the certificates that the registry's is checked against."},
			{Name: "ssl.truststore.password", Secret: true, Doc: "Not needed: PEM files have none."},
			{Name: "ssl.keystore.location", Doc: "A PEM file with our certificate and its key."},
			{Name: "ssl.keystore.password", Secret: true, Doc: "Not needed: PEM files have none."},
			legacyOption(),
		},
		NewDecoder: newConfluentDecoder,
		NewEncoder: newConfluentEncoder,
	}
}
