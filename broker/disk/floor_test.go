package disk

import (
	"errors"
	"log/slog"
	"testing"

	"millrace/fault"
)

// filling is a disk whose free space a test sets.
type filling struct {
	FS
	free int64
	err  error
}

func (d *filling) Free(string) (int64, int64, error) { return d.free, 1 << 40, d.err }

func TestFloorRefusesBelowItAndTakesAboveIt(t *testing.T) {
	d := &filling{FS: OS(), free: 2000}
	f := &Floor{FS: d, Dir: t.TempDir(), Min: 1000, Log: slog.New(slog.DiscardHandler)}
	for _, step := range []struct {
		free int64
		err  error
		may  bool
	}{
		{2000, nil, true},
		{1000, nil, true},
		{999, nil, false},
		{1001, nil, false}, // not yet: it would go to and fro
		{5000, errors.New("no answer"), false},
		{1050, nil, true},
		{10, errors.New("no answer"), true},
		{10, nil, false},
	} {
		d.free, d.err = step.free, step.err
		f.look()
		f.looked.Store(1 << 62) // MayWrite is not to look again
		err := f.MayWrite()
		if (err == nil) != step.may || err != nil && !errors.Is(err, fault.Unavailable) {
			t.Fatalf("%d bytes free, error %v: MayWrite says %v, want it to allow: %v", step.free, step.err, err, step.may)
		}
	}
}

func TestFloorLooksWhenAskedFirst(t *testing.T) {
	f := &Floor{FS: &filling{FS: OS(), free: 1}, Dir: t.TempDir(), Min: 1000, Log: slog.New(slog.DiscardHandler)}
	if f.MayWrite() == nil {
		t.Fatal("a full disk takes records until somebody looks at it")
	}
	if err := (&Floor{}).MayWrite(); err != nil {
		t.Fatalf("without a floor: %v", err)
	}
}
