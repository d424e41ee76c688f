package json

import (
	"fmt"
	"testing"

	"millrace/option"
	"millrace/schema"
	"millrace/vec"
)

func sensorSchema(names ...string) *schema.Schema {
	types := map[string]schema.Type{
		"id":          schema.Of(schema.VarChar).Required(),
		"temperature": schema.Of(schema.Double),
		"humidity":    schema.Of(schema.Double),
		"value":       schema.Of(schema.Double),
		"event_time":  schema.Of(schema.Timestamp).WithPrecision(3).Required(),
	}
	s := schema.New()
	for _, n := range names {
		s.Fields = append(s.Fields, schema.Field{Name: n, Type: types[n]})
	}
	return s
}

func sensorRecords(n int) [][]byte {
	var out [][]byte
	for i := range n {
		out = append(out, fmt.Appendf(nil, `{"id": "s%03d", "temperature": %d.%d, "humidity": %d, "value": %d.5, "event_time": "2026-11-20 10:%02d:%02d.%03d"}`,
			i%50, 60+i%40, i%10, 30+i%60, i%9, i/60%60, i%60, i%1000))
	}
	return out
}

func BenchmarkDecode(b *testing.B) {
	for _, fields := range [][]string{
		{"id", "temperature", "humidity", "value", "event_time"},
		{"id", "temperature", "humidity", "event_time"},
		{"id", "temperature"},
	} {
		b.Run(fmt.Sprintf("fields=%d", len(fields)), func(b *testing.B) {
			s := sensorSchema(fields...)
			d, err := newDecoder(s, option.Values{})
			if err != nil {
				b.Fatal(err)
			}
			records := sensorRecords(1024)
			dst := vec.NewBuilder(s)
			b.SetBytes(int64(len(records[0])))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if dst.Full() {
					dst.Reset()
				}
				if err := d.Decode(records[i&1023], dst); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkEncode(b *testing.B) {
	s := sensorSchema("id", "temperature", "humidity", "value", "event_time")
	d, err := newDecoder(s, option.Values{})
	if err != nil {
		b.Fatal(err)
	}
	dst := vec.NewBuilder(s)
	for _, r := range sensorRecords(1024) {
		if err := d.Decode(r, dst); err != nil {
			b.Fatal(err)
		}
	}
	e, err := newEncoder(s, option.Values{})
	if err != nil {
		b.Fatal(err)
	}
	batch := dst.Batch()
	var out []byte
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if out, err = e.Append(out[:0], batch, i&1023); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(len(out)))
}
