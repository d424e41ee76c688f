package disk_test

import (
	"testing"

	"millrace/broker/disk"
	"millrace/broker/disk/disktest"
)

func TestMadeFoldersSurviveALossOfPower(t *testing.T) {
	d := disktest.New()
	for range 2 {
		if err := disk.MakeDir(d, "/a/b/c", 0o700); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Crash(d.Len(), disktest.Lost).Stat("/a/b/c"); err != nil {
			t.Fatal(err)
		}
	}
}
