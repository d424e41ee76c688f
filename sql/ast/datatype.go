package ast

// Type is a data type as written, under its main name: INTEGER is INT, NUMERIC is DECIMAL,
// TIMESTAMP(3) WITH LOCAL TIME ZONE is TIMESTAMP_LTZ(3), INT ARRAY is ARRAY<INT>.
type Type struct {
	Span
	// Name is upper case: CHAR, VARCHAR, STRING, BOOLEAN, BINARY, VARBINARY, BYTES, DECIMAL, TINYINT, SMALLINT,
	// INT, BIGINT, FLOAT, DOUBLE, DATE, TIME, TIMESTAMP, TIMESTAMP_LTZ, TIMESTAMP WITH TIME ZONE, INTERVAL,
	// ARRAY, MULTISET, MAP, ROW, RAW, STRUCTURED, NULL, VARIANT.
	Name    string
	NotNull bool
	Params  []int      // length, or precision and scale; empty: the default
	Unit    string     // of INTERVAL
	To      string     // of INTERVAL, may be empty
	Elems   []*Type    // of ARRAY and MULTISET: one; of MAP: key and value
	Fields  []RowField // of ROW and STRUCTURED
	Text    []string   // of RAW: class and snapshot; of STRUCTURED: the class
}

// RowField is a field of a ROW type.
type RowField struct {
	Span
	Name    Ident
	Type    *Type
	Comment string
}
