package filesystem

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"millrace/connector"
	"millrace/connector/connectortest"
	"millrace/fault"
	"millrace/format"
	"millrace/format/json"
	"millrace/option"
	"millrace/schema"
	"millrace/vec"
)

func people() *schema.Schema {
	return schema.New(schema.Field{Name: "name", Type: schema.Of(schema.VarChar)}, schema.Field{Name: "n", Type: schema.Of(schema.BigInt)})
}

func table(t *testing.T, opts option.Values) connector.Table {
	t.Helper()
	v, err := option.Check("connector filesystem", options(), opts)
	if err != nil {
		t.Fatal(err)
	}
	return connector.Table{Name: "people", Schema: people(), Options: v}
}

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func decoder(t *testing.T) func() format.Decoder {
	return func() format.Decoder {
		d, err := json.Spec().NewDecoder(people(), nil)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
}

func TestSource(t *testing.T) {
	dir := t.TempDir()
	var many strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&many, `{"name":"p%d","n":%d}`+"\n", i, i)
	}
	write(t, dir, "a.json", many.String())
	write(t, dir, "sub/b.json", "{\"name\":\"ann\",\"n\":1}\r\n\nbroken\n{\"n\":2}\n{\"n\":3}\n{\"n\":4}")
	write(t, dir, ".hidden", "x")
	write(t, dir, "_SUCCESS", "x")
	write(t, dir, "empty", "")
	tab := table(t, option.Values{"path": "file://" + dir})
	src, err := newSource(tab)
	if err != nil {
		t.Fatal(err)
	}
	connectortest.RunSource(t, connectortest.Source{Source: src, Table: tab, Decoder: decoder(t), Rows: 3004, Refused: 1})
}

func TestLongLines(t *testing.T) {
	dir := t.TempDir()
	long := `{"name":"` + strings.Repeat("x", firstBuffer*3) + `","n":1}`
	write(t, dir, "a", long+"\n"+strings.Repeat("y", maxLine+5)+"\n"+`{"n":2}`+"\n"+strings.Repeat("z", maxLine+5))
	tab := table(t, option.Values{"path": dir})
	src, err := newSource(tab)
	if err != nil {
		t.Fatal(err)
	}
	r, err := src.Open(t.Context(), connector.Split(filepath.Join(dir, "a")), "", decoder(t)())
	if err != nil {
		t.Fatal(err)
	}
	rows := connectortest.Rows(tab, 10)
	err = r.Read(t.Context(), rows)
	if rows.Len() != 2 || len(rows.Refused) != 2 {
		t.Fatalf("%d rows, %d refused, %v", rows.Len(), len(rows.Refused), err)
	}
	if rows.Bytes != int64(len(long)+1+maxLine+6+8+maxLine+5) {
		t.Errorf("%d bytes", rows.Bytes)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

func TestMetadata(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a.json", `{"name":"ann","n":1}`)
	tab := table(t, option.Values{"path": dir})
	for key, typ := range Spec().Metadata {
		tab.Schema.Fields = append(tab.Schema.Fields, schema.Field{Name: key, Type: typ})
		if tab.Meta == nil {
			tab.Meta = map[int]string{}
		}
		tab.Meta[tab.Schema.Len()-1] = key
	}
	src, err := newSource(tab)
	if err != nil {
		t.Fatal(err)
	}
	r, err := src.Open(t.Context(), connector.Split(filepath.Join(dir, "a.json")), "", decoder(t)())
	if err != nil {
		t.Fatal(err)
	}
	rows := connectortest.Rows(tab, 1)
	if err := r.Read(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
	b := rows.Batch()
	if got := vec.At(&b.Cols[tab.Schema.Index("file.name")], 0).S; got != "a.json" {
		t.Errorf("file.name is %q", got)
	}
	if got := vec.At(&b.Cols[tab.Schema.Index("file.size")], 0).I; got != 20 {
		t.Errorf("file.size is %d", got)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

func TestSplits(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a.json", "")
	write(t, dir, "b.csv", "")
	f := func(opts option.Values, want string) {
		t.Helper()
		src, err := newSource(table(t, opts))
		if err != nil {
			t.Fatal(err)
		}
		splits, err := src.Splits(t.Context())
		var names []string
		for _, s := range splits {
			names = append(names, filepath.Base(string(s)))
		}
		got := strings.Join(names, " ")
		if err != nil {
			got = "refused"
		}
		if got != want {
			t.Errorf("%v: %s, %v; want %s", opts, got, err, want)
		}
	}
	f(option.Values{"path": dir}, "a.json b.csv")
	f(option.Values{"path": filepath.Join(dir, "a.json")}, "a.json")
	f(option.Values{"path": dir, "source.path.regex-pattern": `.*\.csv`}, "b.csv")
	f(option.Values{"path": dir, "source.monitor-interval": "1 s"}, "a.json b.csv monitor")
	f(option.Values{"path": dir + "/none", "source.monitor-interval": "1 s"}, "monitor")
	f(option.Values{"path": dir + "/none"}, "refused")
	if _, err := newSource(table(t, option.Values{"path": "s3://bucket/x"})); err == nil {
		t.Error("s3:// is accepted")
	}
}

// openWriter opens the writer of task 0 of a job.
func openWriter(t *testing.T, opts option.Values) connector.Committer {
	t.Helper()
	s, err := newSink(table(t, opts))
	if err != nil {
		t.Fatal(err)
	}
	enc, err := json.Spec().NewEncoder(people(), nil)
	if err != nil {
		t.Fatal(err)
	}
	w, err := s.Open(t.Context(), connector.Task{Job: "job/1", Index: 0, Of: 1}, enc)
	if err != nil {
		t.Fatal(err)
	}
	return w.(connector.Committer)
}

func writeRows(t *testing.T, w connector.Writer, names ...string) {
	t.Helper()
	b := vec.NewBuilder(people())
	for i, name := range names {
		b.SetString(0, name)
		b.SetI64(1, int64(i))
		b.EndRow(vec.Insert)
	}
	if err := w.Write(t.Context(), b.Batch()); err != nil {
		t.Fatal(err)
	}
}

// visible are the names in the lines of the published files, and how many files of any kind there are.
func visible(t *testing.T, dir string) (names []string, files int) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(content)) {
			names = append(names, strings.Split(line, `"`)[3])
		}
	}
	slices.Sort(names)
	return names, len(entries)
}

func expect(t *testing.T, dir string, files int, want ...string) {
	t.Helper()
	if got, n := visible(t, dir); !slices.Equal(got, want) || n != files {
		t.Errorf("%q in %d files, want %q in %d", got, n, want, files)
	}
}

func commit(t *testing.T, w connector.Committer, epoch int64) []byte {
	t.Helper()
	staged, err := w.Prepare(t.Context(), epoch)
	if err != nil {
		t.Fatal(err)
	}
	if staged != nil {
		for range 2 { // it must not repeat itself
			if err := w.Commit(t.Context(), staged); err != nil {
				t.Fatal(err)
			}
		}
	}
	return staged
}

func TestSinkPublishesWhatIsCommitted(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	w := openWriter(t, option.Values{"path": dir})
	writeRows(t, w, "ann", "bob")
	commit(t, w, 1)
	writeRows(t, w, "cid")
	commit(t, w, 2)
	expect(t, dir, 1)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	expect(t, dir, 1, "ann", "bob", "cid")
}

func TestSinkRolls(t *testing.T) {
	dir := t.TempDir()
	w := openWriter(t, option.Values{"path": dir, "sink.rolling-policy.file-size": "10"})
	writeRows(t, w, "ann", "bob")
	if err := w.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	writeRows(t, w, "cid")
	expect(t, dir, 1)
	commit(t, w, 1)
	expect(t, dir, 2, "ann", "bob", "cid")
	if staged := commit(t, w, 2); staged != nil {
		t.Errorf("an epoch without rows stages %s", staged)
	}
	w = openWriter(t, option.Values{"path": dir, "sink.rolling-policy.rollover-interval": "0 s"})
	writeRows(t, w, "dan")
	commit(t, w, 1)
	expect(t, dir, 3, "ann", "bob", "cid", "dan")
}

// TestSinkAfterCrash leaves a writer as a crash does at each stage, and goes on with a new one.
func TestSinkAfterCrash(t *testing.T) {
	dir := t.TempDir()
	opts := option.Values{"path": dir}
	w := openWriter(t, opts)
	writeRows(t, w, "ann")
	commit(t, w, 1)
	writeRows(t, w, "bob")
	staged, err := w.Prepare(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	writeRows(t, w, "lost")
	if err := w.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}

	// Epoch 2 is committed in the ledger, its Commit here was not reached.
	w = openWriter(t, opts)
	for range 2 {
		if err := w.Commit(t.Context(), staged); err != nil {
			t.Fatal(err)
		}
	}
	expect(t, dir, 1, "ann", "bob")
	writeRows(t, w, "lost too")
	if _, err := w.Prepare(t.Context(), 3); err != nil { // not committed
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	expect(t, dir, 2, "ann", "bob")

	// The job is still at epoch 2.
	w = openWriter(t, opts)
	if err := w.Commit(t.Context(), staged); err != nil {
		t.Fatal(err)
	}
	writeRows(t, w, "cid")
	commit(t, w, 3)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	expect(t, dir, 2, "ann", "bob", "cid")
}

// awayDecoder cannot decode for now.
type awayDecoder struct{}

func (awayDecoder) Decode([]byte, *vec.Builder) error {
	return fault.New(fault.Unavailable, "fetch a schema: it is away")
}

func TestFaultOfTheDecoderStops(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a.json", `{"name":"ann","n":1}`)
	tab := table(t, option.Values{"path": dir})
	src, err := newSource(tab)
	if err != nil {
		t.Fatal(err)
	}
	r, err := src.Open(t.Context(), connector.Split(filepath.Join(dir, "a.json")), "", awayDecoder{})
	if err != nil {
		t.Fatal(err)
	}
	start, rows := r.Offset(), connectortest.Rows(tab, 10)
	if err := r.Read(t.Context(), rows); fault.KindOf(err) != fault.Unavailable || len(rows.Refused) > 0 || r.Offset() != start {
		t.Errorf("%v, %d refused, from %s to %s", err, len(rows.Refused), start, r.Offset())
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}
