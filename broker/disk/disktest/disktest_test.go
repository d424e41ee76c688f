package disktest_test

import (
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"millrace/broker/disk"
	"millrace/broker/disk/disktest"
)

func must(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func create(t *testing.T, d *disktest.Disk, name, text string) disk.File {
	t.Helper()
	f, err := d.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	must(t, err)
	_, err = f.Write([]byte(text))
	must(t, err)
	return f
}

// read returns the text of a file, or "-" if there is none.
func read(t *testing.T, d *disktest.Disk, name string) string {
	t.Helper()
	f, err := d.OpenFile(name, os.O_RDONLY, 0)
	if errors.Is(err, os.ErrNotExist) {
		return "-"
	}
	must(t, err)
	text, err := io.ReadAll(f)
	must(t, err, f.Close())
	return string(text)
}

func TestCrashKeepsWhatWasSynced(t *testing.T) {
	d := disktest.New()
	must(t, d.MkdirAll("/data", 0o700), d.SyncDir("/"))
	f := create(t, d, "/data/a", "one")
	named := d.Len()
	must(t, f.Sync())
	if got := read(t, d.Crash(d.Len(), disktest.Lost), "/data/a"); got != "-" {
		t.Errorf("a file whose folder was not synced has %q", got)
	}
	must(t, d.SyncDir("/data"))
	if got := read(t, d.Crash(d.Len(), disktest.Lost), "/data/a"); got != "one" {
		t.Errorf("a synced file has %q", got)
	}
	if got := read(t, d.Crash(named, disktest.Kept), "/data/a"); got != "one" {
		t.Errorf("a kill leaves %q", got)
	}
	_, err := f.Write([]byte("two"))
	must(t, err)
	_, err = f.Write([]byte("three"))
	must(t, err)
	end := d.Len()
	for what, c := range map[string]struct {
		fate disktest.Fate
		want string
	}{
		"lost":         {disktest.Lost, "one"},
		"kept":         {disktest.Kept, "onetwothree"},
		"torn at last": {disktest.Torn(end-1, 2), "onetwoth"},
		"torn before":  {disktest.Torn(end-2, 1), "onet\x00\x00three"},
	} {
		if got := read(t, d.Crash(end, c.fate), "/data/a"); got != c.want {
			t.Errorf("%s: %q, want %q", what, got, c.want)
		}
	}
	must(t, f.Truncate(1))
	if got := read(t, d.Crash(d.Len(), disktest.Lost), "/data/a"); got != "one" {
		t.Errorf("a truncation that was not synced leaves %q", got)
	}
	must(t, f.Sync())
	if got := read(t, d.Crash(d.Len(), disktest.Lost), "/data/a"); got != "o" || read(t, d, "/data/a") != "o" {
		t.Errorf("a synced truncation leaves %q", got)
	}
}

func TestCrashDropsRenamesAndRemovals(t *testing.T) {
	d := disktest.New()
	must(t, d.MkdirAll("/data/sub", 0o700))
	old, next := create(t, d, "/data/a", "old"), create(t, d, "/data/a.new", "next")
	gone := create(t, d, "/data/sub/gone", "x")
	d.Forget()
	must(t, d.Rename("/data/a.new", "/data/a"), d.RemoveAll("/data/sub"))
	lost, kept := d.Crash(d.Len(), disktest.Lost), d.Crash(d.Len(), disktest.Kept)
	if read(t, lost, "/data/a") != "old" || read(t, lost, "/data/a.new") != "next" || read(t, lost, "/data/sub/gone") != "x" {
		t.Errorf("what was not synced is lost, left are %v", lost.Files())
	}
	if !slices.Equal(kept.Files(), []string{"/data/a"}) || read(t, kept, "/data/a") != "next" {
		t.Errorf("a kill leaves %v", kept.Files())
	}
	must(t, d.SyncDir("/data"))
	if got := d.Crash(d.Len(), disktest.Lost).Files(); !slices.Equal(got, []string{"/data/a"}) {
		t.Errorf("after the sync: %v", got)
	}
	text := make([]byte, 3)
	if _, err := old.ReadAt(text, 0); err != nil || string(text) != "old" {
		t.Errorf("an open file that was replaced reads %q, %v", text, err)
	}
	must(t, old.Close(), next.Close(), gone.Close())
	if _, err := old.ReadAt(text, 0); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a closed file: %v", err)
	}
}

func TestNamesChangeInOrder(t *testing.T) {
	d := disktest.New()
	for _, name := range []string{"/1", "/2", "/3", "/4"} {
		must(t, create(t, d, name, "").Close())
	}
	seen := map[int]bool{}
	for seed := range uint64(200) {
		files := d.Crash(d.Len(), disktest.Some(seed)).Files()
		if want := []string{"/1", "/2", "/3", "/4"}[:len(files)]; !slices.Equal(files, want) {
			t.Fatalf("seed %d: %v", seed, files)
		}
		seen[len(files)] = true
	}
	if len(seen) < 4 {
		t.Errorf("only %v numbers of files", seen)
	}
}

func TestDiskFillsUp(t *testing.T) {
	d := disktest.New()
	d.SetCapacity(10)
	f := create(t, d, "/a", "12345678")
	n, err := f.Write([]byte("abcd"))
	if n != 2 || !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("wrote %d, %v", n, err)
	}
	if free, total, err := d.Free("/"); free != 0 || total != 10 || err != nil {
		t.Fatalf("%d of %d free, %v", free, total, err)
	}
	if _, err := f.WriteAt([]byte("over"), 0); err != nil {
		t.Errorf("bytes that are there may be overwritten: %v", err)
	}
	must(t, d.Remove("/a"))
	if got := read(t, d, "/a"); got != "-" || d.Used() != 0 {
		t.Errorf("%q, %d bytes are used", got, d.Used())
	}
	create(t, d, "/b", "1234567890")
}

func TestFailedSyncIsNeverMadeUpFor(t *testing.T) {
	d := disktest.New()
	f := create(t, d, "/a", "one")
	must(t, d.SyncDir("/"))
	d.FailSync(2)
	must(t, f.Sync())
	_, err := f.Write([]byte("two"))
	must(t, err)
	if err := f.Sync(); !errors.Is(err, syscall.EIO) {
		t.Fatalf("second sync: %v", err)
	}
	must(t, f.Sync())
	_, err = f.WriteAt([]byte("three"), 6)
	must(t, err, f.Sync())
	if got := read(t, d.Crash(d.Len(), disktest.Lost), "/a"); got != "one\x00\x00\x00three" {
		t.Errorf("a later sync leaves %q", got)
	}
}

func TestFlipAndRefuse(t *testing.T) {
	d := disktest.New()
	f := create(t, d, "/a", "a")
	must(t, d.Flip("/a", 1))
	if got := read(t, d, "/a"); got != "c" {
		t.Errorf("flipped to %q", got)
	}
	if err := d.Flip("/a", 8); err == nil {
		t.Error("flipped a bit behind the end")
	}
	stop := errors.New("stop")
	d.Before(func(op disktest.Op) error {
		if op.Kind == disktest.Write {
			return stop
		}
		return nil
	})
	if _, err := f.Write([]byte("b")); !errors.Is(err, stop) {
		t.Errorf("a write that is refused: %v", err)
	}
	must(t, f.Sync())
}

func TestErrorsAreThoseOfTheSystem(t *testing.T) {
	d := disktest.New()
	must(t, d.MkdirAll("/data/sub", 0o700))
	must(t, create(t, d, "/data/file", "x").Close())
	for what, c := range map[string]struct{ got, want error }{
		"open none":        {second(d.OpenFile("/data/none", os.O_RDWR, 0)), os.ErrNotExist},
		"create exclusive": {second(d.OpenFile("/data/file", os.O_CREATE|os.O_EXCL|os.O_RDWR, 0)), os.ErrExist},
		"open folder":      {second(d.OpenFile("/data", os.O_RDONLY, 0)), syscall.EISDIR},
		"create in none":   {second(d.OpenFile("/none/file", os.O_CREATE|os.O_RDWR, 0)), os.ErrNotExist},
		"create in file":   {second(d.OpenFile("/data/file/x", os.O_CREATE|os.O_RDWR, 0)), syscall.ENOTDIR},
		"remove full":      {d.Remove("/data"), syscall.ENOTEMPTY},
		"remove none":      {d.Remove("/none"), os.ErrNotExist},
		"rename none":      {d.Rename("/none", "/x"), os.ErrNotExist},
		"stat none":        {second(d.Stat("/none")), os.ErrNotExist},
		"list none":        {second(d.ReadDir("/none")), os.ErrNotExist},
		"sync none":        {d.SyncDir("/none"), os.ErrNotExist},
		"folder on file":   {d.MkdirAll("/data/file", 0o700), syscall.ENOTDIR},
		"remove all none":  {d.RemoveAll("/none"), nil},
	} {
		if !errors.Is(c.got, c.want) {
			t.Errorf("%s: %v, want %v", what, c.got, c.want)
		}
	}
	entries, err := d.ReadDir("/data")
	if err != nil || len(entries) != 2 || entries[0].Name() != "file" || entries[0].IsDir() || !entries[1].IsDir() {
		t.Errorf("%v, %v", entries, err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestCrashesNameWhereTheyAre(t *testing.T) {
	d := disktest.New()
	f := create(t, d, "/a", "abc")
	must(t, f.Sync(), d.SyncDir("/"))
	points, torn := 0, 0
	for at, found := range d.Crashes(1) {
		points++
		if strings.Contains(at.What, "write 3 bytes at 0 of /a, torn at 2") {
			torn++
			if got := read(t, found, "/a"); got != "ab" {
				t.Errorf("%s: %q", at.What, got)
			}
		}
		if at.Changes == d.Len() && read(t, found, "/a") != "abc" {
			t.Errorf("%s: all was synced and lost", at.What)
		}
	}
	if torn != 1 || points != 5*4+2 { // torn at 1 twice, at 2
		t.Errorf("%d torn of %d crashes", torn, points)
	}
}
