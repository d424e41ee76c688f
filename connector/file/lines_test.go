package file

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// records splits text that ends there; refused ones have a "!" before them.
func records(s *splitter, text string, flush, final bool) (found []string, rest string) {
	b, skipping := []byte(text), skipNothing
	for {
		got := s.next(b, skipping, flush, final)
		if skipping = got.skip; got.used == 0 {
			return found, string(b)
		}
		if got.text != nil {
			mark := ""
			if got.reason != "" {
				mark = "!"
			}
			found = append(found, mark+string(got.text))
		}
		b = b[got.used:]
	}
}

func multi(expr string, negate, next bool) *multiline {
	return &multiline{expr: regexp.MustCompile(expr), negate: negate, next: next, maxLines: 4}
}

func TestSplit(t *testing.T) {
	f := func(m *multiline, text, rest string, flush, final bool, want ...string) {
		t.Helper()
		got, left := records(&splitter{10, m}, text, flush, final)
		if d := cmp.Diff(want, got); d != "" || left != rest {
			t.Errorf("%q: rest %q, want %q; records (-want +got):\n%s", text, left, rest, d)
		}
	}
	f(nil, "a\n\nb\r\nc", "c", false, false, "a", "", "b\r")
	f(nil, "a\nc", "", false, true, "a", "c")
	f(nil, "0123456789\n0123456789a\nb\n", "", false, false, "0123456789", "!0123456789", "b")
	f(nil, "0123456789ab", "", false, false, "!0123456789")

	indent := multi(`^\s`, false, false)
	f(indent, "a\n b\nc\n", "c\n", false, false, "a\n b")
	f(indent, "a\n b\nc\n d", " d", true, false, "a\n b", "c")
	f(indent, "a\n b\nc\n d", "", false, true, "a\n b", "c\n d")
	f(indent, "a\nb", "", false, true, "a", "b")
	f(indent, " a\n b\nc\n", "c\n", false, false, " a\n b")
	f(indent, "a\n \n \n \n \n \nb\nc\n", "c\n", false, false, "!a\n \n \n \n ", "b")
	f(indent, "a\n 12345678\n 9\nb\nc\n", "c\n", false, false, "!a\n 1234567", "b")
	f(indent, "0123456789abc\n d\nb\nc\n", "c\n", false, false, "!0123456789", "b")

	f(multi(`^\d`, true, false), "1 a\nb\nc\n2 d\n", "2 d\n", false, false, "1 a\nb\nc")
	slash := multi(`\\$`, false, true)
	f(slash, "a\\\nb\nc\n", "", false, false, "a\\\nb", "c")
	f(slash, "a\\\nb", "a\\\nb", false, false)
	f(slash, "a\\\nb", "", false, true, "a\\\nb")
	f(slash, "a\\\n\\\n\\\n\\\n\\\nb\nc\n", "", false, false, "!a\\\n\\\n\\\n\\\n\\", "c")
}

// FuzzSplit shows that it does not matter how much of a file is at hand at a time, and that nothing is taken
// twice.
func FuzzSplit(f *testing.F) {
	f.Add([]byte("a\n b\nc\n"), 3)
	f.Add([]byte("0123456789ab\n b\n b\n b\n b\n b\nc"), 1)
	f.Fuzz(func(t *testing.T, text []byte, step int) {
		if step < 1 {
			step = 1
		}
		for _, m := range []*multiline{nil, multi(`^\s`, false, false), multi(`\\$`, false, true)} {
			s := &splitter{10, m}
			whole, _ := records(s, string(text), false, false)
			var got []string
			b, upto, skipping := text, 0, skipNothing
			for {
				found := s.next(b[:min(upto, len(b))], skipping, false, false)
				if skipping = found.skip; found.used == 0 {
					if upto >= s.full() && len(b) > upto {
						t.Fatalf("%q: nothing found in a full buffer", b[:upto])
					}
					if upto >= len(b) {
						break
					}
					upto += step
					continue
				}
				if found.text != nil {
					mark := ""
					if found.reason != "" {
						mark = "!"
					}
					got = append(got, mark+string(found.text))
				}
				b, upto = b[found.used:], max(upto-found.used, 0)
			}
			// Of a record that is refused for its length, more or fewer lines may be passed over at once, but the text is its first bytes.
			if d := cmp.Diff(whole, got); d != "" {
				t.Fatalf("%q by %d (-whole +stepwise):\n%s", text, step, d)
			}
		}
	})
}

func TestGlob(t *testing.T) {
	f := func(pattern, path string, want bool) {
		t.Helper()
		g, err := parseGlob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		if got := g.covers(path); got != want {
			t.Errorf("%s covers %s: %v", pattern, path, got)
		}
	}
	f("/var/log/*.log", "/var/log/a.log", true)
	f("/var/log/*.log", "/var/log/b/a.log", false)
	f("/var/**/*.log", "/var/a.log", true)
	f("/var/**/*.log", "/var/a/b/c.log", true)
	f("/var/**/x/*.log", "/var/a/x/c.log", true)
	f("/var/**", "/var/a/b", true)
	f("*.bak", "/a/b.bak", true)
	f("/a/[a-c]?.log", "/a/b1.log", true)
	if _, err := parseGlob("/a/[b"); err == nil {
		t.Error("a pattern without its bracket is taken")
	}
}

func TestRotatedName(t *testing.T) {
	f := func(path, name string, want bool) {
		t.Helper()
		if got := rotatedName(path, name); got != want {
			t.Errorf("%s, %s: %v", path, name, got)
		}
	}
	f("/l/app.log", "/l/app.log.1", true)
	f("/l/app.log", "/l/app.log-20261120", true)
	f("/l/app.log", "/l/app-20261120.log", true)
	f("/l/app.log", "/l/app.log.old", true)
	f("/l/app.log", "/l/app-errors.log", false)
	f("/l/app.log", "/l/app.log", false)
	f("/l/app.log.1", "/l/app.log.2", false)
	f("/l/app.log", "/m/app.log.1", false)
}

func TestPosition(t *testing.T) {
	want := []place{{identity{1, 1 << 63}, mark{1024, 1<<64 - 1}, 1 << 62, skipRecord, 1 << 60}, {}}
	b := []byte(positionForm)
	for _, p := range want {
		b = appendPlace(b, p)
	}
	got, err := parsePosition(b)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(place{}, identity{}, mark{})); d != "" {
		t.Error(d)
	}
	if one := len(appendPlace(nil, place{identity{1 << 32, 1 << 64 / 2}, mark{1024, 1<<64 - 1}, 1 << 50, skipRecord, 1 << 61})); one*maxFiles > 64<<10 {
		t.Errorf("%d files need %d bytes", maxFiles, one*maxFiles)
	}
	for _, bad := range []string{"", "2\n", "1\n1 2\n", "1\n1 1 1 1 1 9 1\n", "1\n1 1 zz 1 1 1 1\n", "1\n1 1 1 1 zzzzzzzzzzzzz 1 1\n"} {
		if _, err := parsePosition([]byte(bad)); err == nil {
			t.Errorf("%q is a position", bad)
		}
	}
}

func FuzzPosition(f *testing.F) {
	f.Add([]byte("1\n1 2 3 4 5 0 6\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		places, err := parsePosition(b)
		if err != nil {
			return
		}
		again := []byte(positionForm)
		for _, p := range places {
			again = appendPlace(again, p)
		}
		if got, err := parsePosition(again); err != nil || len(got) != len(places) {
			t.Fatalf("%q is written %q: %v", b, again, err)
		}
	})
}

func TestClean(t *testing.T) {
	if got := clean([]byte("\x00\x00a\r"), 5); !bytes.Equal(got, []byte("a")) {
		t.Errorf("%q", got)
	}
	if got := clean([]byte("\ufeffa"), 0); string(got) != "a" {
		t.Errorf("%q", got)
	}
	if got := clean([]byte("\ufeffa"), 1); !strings.HasPrefix(string(got), "\ufeff") {
		t.Errorf("%q", got)
	}
}
