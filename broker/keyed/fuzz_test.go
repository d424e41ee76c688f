package keyed_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"millrace/broker/disk"
	"millrace/broker/keyed"
	"millrace/fault"
)

// FuzzOpen opens files of any bytes: they are refused as damaged, or what is read once is read again after more was put.
func FuzzOpen(f *testing.F) {
	path := filepath.Join(f.TempDir(), "state")
	s := open(f, path, keyed.Options{Sync: true})
	f.Add([]byte("MRKEYED1"))
	for _, e := range []keyed.Entry{entry("a", "1"), entry("b", "2"), entry("a", "-")} {
		put(f, s.Space("s"), e)
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		f.Add(data[:len(data)-3])
	}
	closeStore(f, s)
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "state")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := keyed.Open(disk.OS(), path, keyed.Options{})
		if err != nil {
			if !errors.Is(err, fault.Corrupt) {
				t.Fatal(err)
			}
			s = open(t, path, keyed.Options{AcceptLoss: true})
		}
		want := contents(t, s.Space("s"))
		put(t, s.Space("s"), entry("added", "x"))
		want["added"] = "x"
		closeStore(t, s)
		s = open(t, path, keyed.Options{})
		defer closeStore(t, s)
		if got := contents(t, s.Space("s")); !maps.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}
