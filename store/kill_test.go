package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"millrace/blob"
)

// The kill test runs this test binary as a child that fills a store as fast as it can, and kills it with
// SIGKILL. The child reads a pretended log: what stands at an offset is a function of the offset.

// childEnv is set in the child: the folder of the store, and where to die: "point:n" or "".
const childEnv = "MILLRACE_STORE_CHILD"

func TestMain(m *testing.M) {
	if spec := os.Getenv(childEnv); spec != "" {
		dir, point, _ := strings.Cut(spec, "|")
		fmt.Fprintln(os.Stderr, fillUntilKilled(dir, point))
		os.Exit(3)
	}
	os.Exit(m.Run())
}

const killPartitions = 3

// logAt makes the rows at offsets [from, upto) of a partition, for the measurements that they are of.
func logAt(part int32, from, upto int64) []Group {
	var p PointBuffer
	for o := from; o < upto; o++ {
		if o%5 == 4 {
			continue // a control record: an offset without a row
		}
		name := fmt.Sprintf("m%d", o%7)
		at := noon.Add(time.Duration(o%50_000) * 10 * time.Second) // several days
		tags := []Tag{{"part", strconv.Itoa(int(part))}}
		if err := p.Add(name, at, float64(o), tags, o); err != nil {
			panic(err)
		}
	}
	return p.Groups()
}

// fillUntilKilled appends to the store in dir until someone ends the process.
func fillUntilKilled(dir, point string) error {
	opts := testOptions()
	opts.FlushEvery, opts.MergeEvery = 3*time.Millisecond, 3*time.Millisecond
	// Everything is in the past a minute after it was written, so that whole days are merged too.
	var clock atomic.Int64
	opts.Now = func() time.Time { return noon.Add(time.Duration(clock.Add(1)) * time.Second * 10) }
	if name, count, ok := strings.Cut(point, ":"); ok {
		n, err := strconv.ParseInt(count, 10, 64)
		if err != nil {
			return err
		}
		var left atomic.Int64
		left.Store(n)
		opts.trip = func(at string) {
			if at == name && left.Add(-1) == 0 {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {} // it is dead
			}
		}
	}
	ctx := context.Background()
	var err error
	if opts.Bucket, err = blob.Open(ctx, bucketURL(dir)); err != nil {
		return err
	}
	opts.BucketAfter = time.Minute
	s, err := Open(dir, opts)
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	go func() { failed <- s.Run(ctx) }()
	var at [killPartitions]int64
	for i := range at {
		at[i], _ = s.Covered("log", int32(i))
	}
	rng := rand.New(rand.NewPCG(uint64(os.Getpid()), 0))
	for round := 0; ; round++ {
		select {
		case err := <-failed:
			return err
		default:
		}
		i := int32(rng.IntN(killPartitions))
		from := max(0, at[i]-rng.Int64N(20)) // some of it again
		upto := at[i] + 1 + rng.Int64N(400)
		if err := s.Append(ctx, Range{"log", i, from, upto}, logAt(i, from, upto)); err != nil {
			return err
		}
		at[i] = upto
	}
}

// bucketURL is the bucket of the store in dir.
func bucketURL(dir string) string { return "file://" + filepath.Join(dir, "bucket") }

// checkLog opens the store and compares what it holds with what it says is covered.
func checkLog(t *testing.T, dir string) (covered int64) {
	t.Helper()
	ctx := context.Background()
	opts := testOptions()
	var err error
	if opts.Bucket, err = blob.Open(ctx, bucketURL(dir)); err != nil {
		t.Fatal(err)
	}
	s, err := Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	for i := range int32(killPartitions) {
		upto, _ := s.Covered("log", i)
		covered += upto
		var wantRows, wantSum int64
		for o := range upto {
			if o%5 != 4 {
				wantRows++
				wantSum += o
			}
		}
		var rows, sum int64
		for _, m := range s.Measurements() {
			got := mustQuery(t, s, fmt.Sprintf(`SELECT count(*), count(DISTINCT value), coalesce(sum(value), 0)::BIGINT FROM %s WHERE part = '%d'`, m.Name, i))[0]
			if got[0] != got[1] {
				t.Fatalf("partition %d: %v rows of %s are %v different ones", i, got[0], m.Name, got[1])
			}
			rows += got[0].(int64)
			sum += got[2].(int64)
		}
		if rows != wantRows || sum != wantSum {
			t.Fatalf("partition %d is covered up to %d: %d rows with sum %d, want %d with %d", i, upto, rows, sum, wantRows, wantSum)
		}
	}
	for _, m := range s.measurements {
		for _, p := range m.parts {
			for _, f := range p.files() {
				if f.Object != "" {
					checkObject(t, opts.Bucket, f)
				} else if err := f.verify(); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if err := s.Sweep(ctx); err != nil {
		t.Fatal(err)
	}
	objects := 0
	for _, err := range opts.Bucket.List(ctx, "") {
		if err != nil {
			t.Fatal(err)
		}
		objects++
	}
	if n := s.Stats().BucketParts; n != objects {
		t.Fatalf("%d objects, %d parts", objects, n)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return covered
}

// checkObject compares an object with the manifest, and sees that it has left the folder of parts.
func checkObject(t *testing.T, b *blob.Bucket, f *stored) {
	t.Helper()
	in, err := b.Get(context.Background(), f.Object)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.verifyBytes(in), in.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(filepath.Dir(f.path)), partsDir, f.File)); err == nil {
		t.Fatalf("%s is here too", f.File)
	}
}

// runChild starts the child and waits for its end, which is a SIGKILL: its own at the point, or ours.
func runChild(t *testing.T, dir, point string, life time.Duration) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), life)
	defer cancel()
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(os.Environ(), childEnv+"="+dir+"|"+point)
	out, _ := cmd.CombinedOutput() // it never ends well
	if st, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || st.Signal() != syscall.SIGKILL {
		t.Fatalf("the child ended by itself: %s\n%s", cmd.ProcessState, out)
	}
}

func TestNothingIsLostOrRepeatedByKills(t *testing.T) {
	dir := t.TempDir()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	last := int64(0)
	for round := range 8 {
		runChild(t, dir, "", 100*time.Millisecond+time.Duration(rng.IntN(250))*time.Millisecond)
		covered := checkLog(t, dir)
		if covered < last {
			t.Fatalf("round %d: covered went back from %d to %d", round, last, covered)
		}
		last = covered
	}
	if last == 0 {
		t.Error("no child lived long enough to flush")
	}
}

func TestKillAtEveryPoint(t *testing.T) {
	for _, point := range []string{
		"part renamed:1", "part renamed:9", "part renamed:40", "parts synced:1", "parts synced:3", "manifest appended:1", "manifest appended:6",
		"manifest to be rewritten:1", "manifest rewritten:1", "part to be removed:1", "part to be removed:3",
		"rollup written:9", "part rolled up:1", "object announced:1", "object put:1", "object put:6", "part moved:1", "part moved:4",
	} {
		t.Run(point, func(t *testing.T) {
			dir := t.TempDir()
			runChild(t, dir, point, 30*time.Second)
			checkLog(t, dir)
		})
	}
}

func TestKillWhileWhatAKillLeftIsRemoved(t *testing.T) {
	dir := t.TempDir()
	runChild(t, dir, "object put:1", 30*time.Second)
	runChild(t, dir, "object put:3", 30*time.Second)
	runChild(t, dir, "object removed:1", 30*time.Second)
	checkLog(t, dir)
}
