package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"millrace/fault"
	"millrace/schema"
)

// filled makes a store with several parts, records and topics, and returns its folder, closed.
func filled(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	s, err := Open(dir, testOptions())
	if err != nil {
		t.Fatal(err)
	}
	for i := range int64(3) {
		mustAppend(t, s, i*2, i*2+2, cpu("a", int(i)*2, 1, 2))
		mustFlush(t, s)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// reopen opens the store and returns how many rows it has and up to where they are covered.
func reopen(dir string) (rows, covered int64, err error) {
	s, err := Open(dir, testOptions())
	if err != nil {
		return 0, 0, err
	}
	covered, _ = s.Covered("metrics", 0)
	rows = s.Stats().Rows
	return rows, covered, s.Close()
}

// copyDir makes a copy of a store's folder, so that a test can damage it.
func copyDir(t *testing.T, from string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return to
}

func TestTornManifestIsCutAtEveryLength(t *testing.T) {
	dir := filled(t)
	whole, err := os.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		t.Fatal(err)
	}
	// The ends of records, and what is covered there.
	ends := []int{}
	for at := len(manifestMagic); at < len(whole); {
		payload, err := readFrame(whole, at)
		if err != nil {
			t.Fatal(err)
		}
		at += frameHeader + len(payload) + frameTrailer
		ends = append(ends, at)
	}
	if len(ends) != 4 {
		t.Fatalf("%d records", len(ends))
	}
	for cut := range len(whole) {
		want, end := 0, 0
		for want < len(ends) && ends[want] <= cut {
			want++
		}
		if want < len(ends) {
			end = ends[want]
		}
		// A file may also have got its length but not its bytes: then the tail is zeros.
		for _, tail := range []int{0, max(0, end-cut)} {
			if tail > 0 && tail < frameTrailer {
				continue // within the CRC that is not told from a flipped bit
			}
			torn := append(bytes.Clone(whole[:cut]), make([]byte, tail)...)
			records := 0
			good, err := readManifest(torn, func(record) error { records++; return nil })
			if want == 0 {
				if !errors.Is(err, fault.Corrupt) {
					t.Fatalf("cut to %d bytes: %v", cut, err)
				}
				continue
			}
			if err != nil || records != want || good != int64(ends[want-1]) {
				t.Fatalf("cut to %d bytes and %d zeros: %d records up to %d, %v; want %d", cut, tail, records, good, err, want)
			}
		}
	}
	// The store goes on from there: what was lost is read again.
	for i, end := range ends {
		torn := copyDir(t, dir)
		if err := os.WriteFile(filepath.Join(torn, manifestName), whole[:min(end+9, len(whole))], 0o644); err != nil {
			t.Fatal(err)
		}
		s := open(t, torn)
		covered, _ := s.Covered("metrics", 0)
		if covered != int64(i)*2 || s.Stats().Rows != covered {
			t.Fatalf("record %d: %d rows, covered %d", i, s.Stats().Rows, covered)
		}
		mustAppend(t, s, covered, 8, cpu("a", int(covered), make([]float64, 8-covered)...))
		mustFlush(t, s)
		if rows := s.Stats().Rows; rows != 8 {
			t.Fatalf("record %d: %d rows in the end", i, rows)
		}
	}
}

func TestEveryFlippedBitOfTheManifestIsFound(t *testing.T) {
	dir := filled(t)
	whole, err := os.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		t.Fatal(err)
	}
	for at := range whole {
		for bit := range 8 {
			bad := bytes.Clone(whole)
			bad[at] ^= 1 << bit
			if _, err := readManifest(bad, func(record) error { return nil }); !errors.Is(err, fault.Corrupt) {
				t.Fatalf("byte %d, bit %d: %v", at, bit, err)
			}
		}
	}
	bad := bytes.Clone(whole)
	bad[len(bad)/2] ^= 4
	if err := os.WriteFile(filepath.Join(dir, manifestName), bad, 0o644); err != nil {
		t.Fatal(err)
	}
	_, _, err = reopen(dir)
	if !errors.Is(err, fault.Corrupt) || !strings.Contains(err.Error(), `file "manifest" is damaged at byte`) {
		t.Fatal(err)
	}
	if now, _ := os.ReadFile(filepath.Join(dir, manifestName)); !bytes.Equal(now, bad) {
		t.Error("the evidence was changed")
	}
}

func TestMissingManifestIsNotTakenForANewStore(t *testing.T) {
	dir := filled(t)
	if err := os.Remove(filepath.Join(dir, manifestName)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := reopen(dir); !errors.Is(err, fault.Corrupt) {
		t.Fatal(err)
	}
	if files, _ := filepath.Glob(filepath.Join(dir, partsDir, "*.parquet")); len(files) != 3 {
		t.Errorf("%d parts are left", len(files))
	}
}

func TestDamagedPartIsNeverRead(t *testing.T) {
	dir := filled(t)
	files, _ := filepath.Glob(filepath.Join(dir, partsDir, "*.parquet"))
	if len(files) != 3 {
		t.Fatal(files)
	}
	whole, err := os.ReadFile(files[1])
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(whole); at += 7 {
		bad := bytes.Clone(whole)
		bad[at] ^= 1 << (at % 8)
		if err := os.WriteFile(files[1], bad, 0o644); err != nil {
			t.Fatal(err)
		}
		p := newPart(dir, partRecord{fileRecord: fileRecord{File: filepath.Base(files[1]), Bytes: int64(len(whole)), CRC: crc32.Checksum(whole, castagnoli)}}, nil)
		if err := p.raw.check(); !errors.Is(err, fault.Corrupt) || !strings.Contains(err.Error(), p.File) {
			t.Fatalf("byte %d: %v", at, err)
		}
	}
	s := open(t, dir)
	for _, text := range []string{"FROM cpu_usage", "SELECT count(*) FROM cpu_usage"} {
		if _, err := s.Query(context.Background(), text, QueryLimits{}); !errors.Is(err, fault.Corrupt) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := s.Select(context.Background(), Query{Measurement: "cpu_usage"}); !errors.Is(err, fault.Corrupt) {
		t.Errorf("select: %v", err)
	}
	// Other measurements are not touched by it.
	mustAppend(t, s, 6, 7, group("other", []schema.Field{field("time", schema.Timestamp)}, []any{0}))
	mustFlush(t, s)
	mustQuery(t, s, "FROM other")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(files[1], whole[:len(whole)-1], 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := reopen(dir); !errors.Is(err, fault.Corrupt) {
		t.Errorf("shortened: %v", err)
	}
	if err := os.Remove(files[1]); err != nil {
		t.Fatal(err)
	}
	if _, _, err := reopen(dir); !errors.Is(err, fault.Corrupt) || !strings.Contains(err.Error(), filepath.Base(files[1])) {
		t.Errorf("missing: %v", err)
	}
}

func TestUnlistedFilesAreCollected(t *testing.T) {
	dir := filled(t)
	for _, name := range []string{"0000000099-cpu_usage.parquet", "0000000100-cpu_usage.parquet.tmp"} {
		if err := os.WriteFile(filepath.Join(dir, partsDir, name), []byte("half a part"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, dir)
	if st := s.Stats(); st.FilesCollected != 2 || st.Rows != 6 {
		t.Errorf("%+v", st)
	}
	mustAppend(t, s, 6, 7, cpu("a", 6, 1))
	mustFlush(t, s)
	if p := s.measurements["cpu_usage"].parts[3]; p.ID != 101 {
		t.Errorf("part %d takes a name that was used", p.ID)
	}
	if _, err := Open(dir, testOptions()); !errors.Is(err, fault.Conflict) {
		t.Errorf("opened twice: %v", err)
	}
}

func TestFailedFlushKeepsRowsAndOffsets(t *testing.T) {
	s := open(t, t.TempDir())
	mustAppend(t, s, 0, 2, cpu("a", 0, 1, 2))
	parts := filepath.Join(s.dir, partsDir)
	if err := os.Rename(parts, parts+".away"); err != nil {
		t.Fatal(err)
	}
	if err := s.Flush(context.Background()); err == nil {
		t.Fatal("flushed into nothing")
	}
	if err := s.Ready(); !errors.Is(err, fault.Unavailable) {
		t.Error(err)
	}
	mustAppend(t, s, 2, 4, cpu("a", 2, 3, 4))
	if got := mustQuery(t, s, "SELECT sum(value) FROM cpu_usage"); got[0][0] != 10.0 {
		t.Error(got)
	}
	if upto, ok := s.Covered("metrics", 0); ok {
		t.Errorf("covered %d", upto)
	}
	if err := os.Rename(parts+".away", parts); err != nil {
		t.Fatal(err)
	}
	mustFlush(t, s)
	if err := s.Ready(); err != nil {
		t.Error(err)
	}
	if got := mustQuery(t, s, "SELECT sum(value) FROM cpu_usage"); got[0][0] != 10.0 {
		t.Error(got)
	}
	if st := s.Stats(); st.Parts != 1 || st.HeadRows != 0 || st.FlushErrors != 1 {
		t.Errorf("%+v", st)
	}
}

func TestManifestIsRewrittenWhenItIsMostlyHistory(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir, testOptions())
	if err != nil {
		t.Fatal(err)
	}
	mustAppend(t, s, 0, 1, cpu("a", 0, 1))
	mustFlush(t, s)
	big := int64(0)
	for s.manifest.size >= big {
		big = s.manifest.size
		// Records of long topic names stand for a long history.
		topics := make([]coverage, 500)
		for i := range topics {
			topics[i] = coverage{"topic-" + strings.Repeat("x", 200), 0, int64(i)}
		}
		if err := s.commit(record{Covered: topics}, func() {}); err != nil {
			t.Fatal(err)
		}
		if big > 3*rewriteAt {
			t.Fatalf("the manifest has %d bytes", big)
		}
	}
	mustAppend(t, s, 1, 2, cpu("a", 1, 2))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if rows, covered, err := reopen(dir); rows != 2 || covered != 2 || err != nil {
		t.Errorf("%d rows, covered %d, %v", rows, covered, err)
	}
}

func FuzzReadManifest(f *testing.F) {
	good := []byte(manifestMagic)
	for _, rec := range []record{{Fresh: true}, {Add: []partRecord{{ID: 1, fileRecord: fileRecord{File: "x"}}}, Covered: []coverage{{"t", 0, 5}}}} {
		payload, err := json.Marshal(rec)
		if err != nil {
			f.Fatal(err)
		}
		good = appendFrame(good, payload)
	}
	f.Add(good)
	f.Add(good[:len(good)-3])
	f.Add([]byte(manifestMagic))
	f.Fuzz(func(t *testing.T, data []byte) {
		n := 0
		end, err := readManifest(data, func(record) error { n++; return nil })
		if err != nil {
			return
		}
		// What is good is good again by itself, and all of it.
		m := 0
		again, err := readManifest(data[:end], func(record) error { m++; return nil })
		if err != nil || again != end || m != n || n == 0 {
			t.Errorf("%d records to %d, then %d to %d, %v", n, end, m, again, err)
		}
	})
}
