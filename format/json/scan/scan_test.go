package scan

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestSkip(t *testing.T) {
	f := func(text string, end int) {
		t.Helper()
		var s Scanner
		if got := s.Skip([]byte(text), 0, 0); got != end {
			t.Errorf("%s ends at %d, want %d (%s)", text, got, end, s.Why)
		}
	}
	f(`{"a": [1, {"b": null}], "c": ""} rest`, 32)
	f(`[] , 1`, 2)
	f(`-1.5e+10,`, 8)
	f(`"a\"\u00e4ä" `, 13)
	f(`true`, 4)
	f(strings.Repeat("[", MaxDepth)+strings.Repeat("]", MaxDepth), 2*MaxDepth)
	f(strings.Repeat("[", MaxDepth+1)+strings.Repeat("]", MaxDepth+1), -1)
	for _, bad := range []string{"", "{", `{"a"}`, `{"a":}`, "[1,]", "[1}", `{"a":1]`, "01", "-", "1.", "1e", "nul", `"`, `"\x"`, `"\u12g4"`, "\"\n\"", "\"\xff\"", "?"} {
		if bad == "01" { // a 0 with something behind it
			f(bad, 1)
			continue
		}
		f(bad, -1)
	}
}

func TestReasons(t *testing.T) {
	f := func(text string, at int, why string) {
		t.Helper()
		var s Scanner
		if s.Skip([]byte(text), 0, 0) >= 0 || s.At != at || s.Why != why {
			t.Errorf("%s: byte %d: %s; want byte %d: %s", text, s.At, s.Why, at, why)
		}
	}
	f(`{"a" 1}`, 5, "here should stand a colon")
	f(`[1`, 2, "the text ends where a comma or the end of the object or array should stand")
	f(`"a`, 2, "the text ends inside a string")
	f(`["abcdefghijk`+"\t"+`"]`, 13, "a string has a control character")
}

// FuzzScan holds the scanner against encoding/json.
func FuzzScan(f *testing.F) {
	for _, s := range []string{`{"a": [1, {"b": null}]}`, `"\ud83d\ude00 \ud83d"`, "-0.0e1", "1.25", "[[]]", `"\/\b\f\n\r\t"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var s Scanner
		end := s.Skip(b, 0, 0)
		if end >= 0 && !json.Valid(b[:end]) {
			t.Fatalf("%q is read, but is no JSON", b[:end])
		}
		text := bytes.TrimLeft(b, " \t\r\n")
		if len(b) == len(text) && end < 0 && json.Valid(b) && utf8.Valid(b) && s.Why != "it is nested too deeply" {
			t.Fatalf("%q is JSON, but refused: %s", b, s.Why)
		}
		if end < 0 {
			return
		}
		if b[0] == '"' {
			var want string
			if err := json.Unmarshal(b[:end], &want); err != nil {
				t.Fatal(err)
			}
			if got := AppendUnescaped(nil, b[1:end-1]); string(got) != want {
				t.Fatalf("%s is %q, want %q", b[:end], got, want)
			}
		}
		if b[0] == '-' || b[0]-'0' <= 9 {
			if v, n := Double(b, 0); n > 0 {
				if want, err := strconv.ParseFloat(string(b[:n]), 64); n != end || err != nil || v != want {
					t.Fatalf("%s is %v up to %d, want %v up to %d", b[:end], v, n, want, end)
				}
			}
		}
	})
}
