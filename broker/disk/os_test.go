package disk_test

import (
	"os"
	"path/filepath"
	"testing"

	"millrace/broker/disk"
)

func TestOSFilesKeepWhatIsWrittenAndRenamed(t *testing.T) {
	fs, dir := disk.OS(), filepath.Join(t.TempDir(), "a", "b")
	if err := fs.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	f, err := fs.OpenFile(from, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("hello"), 2); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{f.Truncate(6), f.Sync(), fs.Rename(from, to), fs.SyncDir(dir)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if f.OS() == nil {
		t.Error("a file of the system does not say which it is")
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(to); err != nil || string(got) != "\x00\x00hell" {
		t.Fatalf("read %q, %v", got, err)
	}
	free, total, err := fs.Free(dir)
	if err != nil || free <= 0 || total < free {
		t.Fatalf("%d of %d bytes are free, %v", free, total, err)
	}
	if _, _, err := fs.Free(filepath.Join(dir, "none")); !os.IsNotExist(err) {
		t.Fatalf("free space of a folder that is not there: %v", err)
	}
	if err := fs.SyncDir(filepath.Join(dir, "none")); !os.IsNotExist(err) {
		t.Fatalf("sync of a folder that is not there: %v", err)
	}
}
