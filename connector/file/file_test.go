package file

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"millrace/connector"
	"millrace/connector/connectortest"
	"millrace/option"
)

// patience is how long anything may take. Only a broken collector waits for it.
const patience = 60 * time.Second

// make makes a collector that looks often, of settings in turn: name, value.
func newTest(t *testing.T, settings ...string) *collector {
	t.Helper()
	vals := option.Values{"topic": "logs"}
	for i := 0; i < len(settings); i += 2 {
		vals[settings[i]] = settings[i+1]
	}
	vals, err := option.Check("file", options(), vals)
	if err != nil {
		t.Fatal(err)
	}
	c, err := newCollector(vals)
	if err != nil {
		t.Fatal(err)
	}
	c.pollEvery, c.scanEvery = time.Millisecond, 2*time.Millisecond
	return c
}

// start collects until the function that it returns is called.
func await(t *testing.T, site *connectortest.Site, until func() bool) {
	t.Helper()
	site.AwaitFor(t, patience, "logs", until)
}

// taken returns the messages of the records.
func taken(t *testing.T, site *connectortest.Site) []string {
	t.Helper()
	var out []string
	for _, r := range site.Taken("logs") {
		var v struct{ Message string }
		if err := json.Unmarshal(r.Value, &v); err != nil {
			t.Fatalf("%s: %v", r.Value, err)
		}
		out = append(out, v.Message)
	}
	return out
}

// has awaits these messages, in this order, and no others.
func has(t *testing.T, site *connectortest.Site, want ...string) {
	t.Helper()
	await(t, site, func() bool { return len(site.Taken("logs")) >= len(want) })
	if d := cmp.Diff(want, taken(t, site)); d != "" {
		t.Errorf("messages (-want +got):\n%s", d)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = f.WriteString(text)
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func TestRecords(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "app.log")
	write(t, path, "{\"n\":1,\"ts\":\"2026-11-20T10:00:00Z\"}\r\nnonsense\n\n{\"n\":2}\n{\"n\":3")
	c := newTest(t, "paths", dir+"/*.log", "format", "json", "time_field", "ts", "add_file", "true", "add_host", "true")
	if err := c.Test(t.Context()); err != nil {
		t.Errorf("test: %v", err)
	}
	site := &connectortest.Site{}
	connectortest.Start(t, c, site)
	await(t, site, func() bool { return len(site.Taken("logs")) == 2 && len(site.Refused("logs")) == 1 })
	write(t, path, "}\n")
	await(t, site, func() bool { return len(site.Taken("logs")) == 3 && site.Lag() == 0 })
	rec := site.Taken("logs")[0]
	headers := map[string]string{}
	for _, h := range rec.Headers {
		headers[h.Name] = string(h.Value)
	}
	want := map[string]string{"millrace.source": "test", "file.path": path, "file.offset": "0"}
	if d := cmp.Diff(want, headers); d != "" || string(rec.Key) != path {
		t.Errorf("key %s, headers (-want +got):\n%s", rec.Key, d)
	}
	if value := fmt.Sprintf(`{"n":1,"ts":"2026-11-20T10:00:00Z","file":%q,"host":%q}`, path, c.host); string(rec.Value) != value {
		t.Errorf("value %s, want %s", rec.Value, value)
	}
	if !rec.Time.Equal(time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)) || !site.Taken("logs")[1].Time.IsZero() {
		t.Errorf("time %s and %s", rec.Time, site.Taken("logs")[1].Time)
	}
	bad := site.Refused("logs")[0]
	if string(bad.Value) != "nonsense" || !strings.Contains(bad.Reason.Error(), "no JSON object") || string(bad.Headers[2].Value) != "37" {
		t.Errorf("refused %q at %s: %v", bad.Value, bad.Headers[2].Value, bad.Reason)
	}
}

func TestStartAtEnd(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/a.log", "old\nhalf")
	site := &connectortest.Site{}
	c := newTest(t, "paths", dir+"/*.log", "start", "end")
	stop := connectortest.Start(t, c, site)
	await(t, site, func() bool { p, _ := site.Position(t.Context()); return p != nil })
	stop()
	write(t, dir+"/a.log", " of it\nnew\n")
	connectortest.Start(t, c, site)
	has(t, site, "new")
	write(t, dir+"/b.log", "from its beginning\n")
	has(t, site, "new", "from its beginning")
}

func TestPreviewReadsWhatIsThere(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/a.log", "old\n")
	site := &connectortest.Site{Look: true}
	connectortest.Start(t, newTest(t, "paths", dir+"/*.log", "start", "end"), site)
	has(t, site, "old")
}

func TestWhichFiles(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{"a/b", ".hidden", "skip"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"a/b/1.log", "a/2.log", "3.log", "4.log.gz", ".hidden/5.log", "skip/6.log", "7.txt", ".8.log"} {
		write(t, filepath.Join(dir, name), name+"\n")
	}
	write(t, filepath.Join(dir, "old.log"), "old\n")
	longAgo := time.Now().Add(-time.Hour)
	if err := os.Chtimes(filepath.Join(dir, "old.log"), longAgo, longAgo); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "a/2.log"), filepath.Join(dir, "link.log")); err != nil {
		t.Fatal(err)
	}
	site := &connectortest.Site{}
	connectortest.Start(t, newTest(t, "paths", dir+"/**/*.log*,"+dir+"/7.txt", "exclude", dir+"/skip/**", "ignore_older", "30 min"), site)
	await(t, site, func() bool { return len(site.Taken("logs")) >= 4 })
	got := taken(t, site)
	slices.Sort(got)
	if d := cmp.Diff([]string{"3.log", "7.txt", "a/2.log", "a/b/1.log"}, got); d != "" {
		t.Errorf("files (-want +got):\n%s", d)
	}
}

func TestLinesThatAreNoText(t *testing.T) {
	dir := t.TempDir()
	path := dir + "/a.log"
	write(t, path, "\ufeffä\xff\n"+strings.Repeat("x", 100)+"\nbehind\n\xc3")
	site := &connectortest.Site{}
	connectortest.Start(t, newTest(t, "paths", path, "max_line", "64"), site)
	has(t, site, "ä\ufffd", "behind")
	write(t, path, "\xa4\n")
	has(t, site, "ä\ufffd", "behind", "ä")
	bad := site.Refused("logs")
	if len(bad) != 1 || len(bad[0].Value) != 64 || !strings.Contains(bad[0].Reason.Error(), "longer than 64 bytes") {
		t.Errorf("refused: %v", bad)
	}
	await(t, site, func() bool { return len(site.Warnings()) > 0 })
	if w := site.Warnings()[0].Error(); !strings.Contains(w, "replaced in 1 lines") {
		t.Errorf("warning %s", w)
	}
	strict := &connectortest.Site{}
	connectortest.Start(t, newTest(t, "paths", path, "invalid_utf8", "refuse"), strict)
	await(t, strict, func() bool { return len(strict.Refused("logs")) == 1 })
	if got := strict.Refused("logs")[0]; !bytes.HasSuffix(got.Value, []byte("ä\xff")) {
		t.Errorf("refused %q", got.Value)
	}
}

const javaTrace = `2026-11-20 10:00:00,123 ERROR [main] c.e.Shop - order 7
java.lang.IllegalStateException: no stock
	at com.example.Shop.order(Shop.java:42)
	at com.example.Main.main(Main.java:7)
Caused by: java.io.IOException: gone
	... 2 more`

func TestJavaTraces(t *testing.T) {
	dir := t.TempDir()
	path := dir + "/shop.log"
	settings := []string{
		"paths", path, "multiline_pattern", `^\d{4}-\d\d-\d\d `, "multiline_negate", "true", "multiline_flush", "50 ms",
		"format", "regex", "pattern", `(?s)^(?P<ts>\S+ \S+) (?P<level>\w+) \[(?P<thread>[^]]+)\] (?P<logger>\S+) - (?P<message>.*)$`, "time_field", "ts", "time_zone", "UTC",
	}
	site := &connectortest.Site{}
	stop := connectortest.Start(t, newTest(t, settings...), site)
	write(t, path, javaTrace[:200])
	write(t, path, javaTrace[200:]+"\n2026-11-20 10:00:01,000 INFO [main] c.e.Shop - next\n")
	_, wantMessage, _ := strings.Cut(javaTrace, " - ")
	has(t, site, wantMessage, "next") // the last of them because nothing followed
	stop()
	if at := site.Taken("logs")[0].Time; !at.Equal(time.Date(2026, 11, 20, 10, 0, 0, 123e6, time.UTC)) {
		t.Errorf("time %s", at)
	}
	connectortest.Start(t, newTest(t, settings...), site)
	write(t, path, strings.Replace(javaTrace, "order 7", "order 8", 1)+"\n")
	has(t, site, wantMessage, "next", strings.Replace(wantMessage, "order 7", "order 8", 1))
}

func TestRenamedFileIsReadToItsEnd(t *testing.T) {
	dir := t.TempDir()
	path := dir + "/app.log"
	write(t, path, "1\n")
	site := &connectortest.Site{}
	c := newTest(t, "paths", path)
	c.release = 50 * time.Millisecond
	stop := connectortest.Start(t, c, site)
	has(t, site, "1")
	old, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	rename(t, path, path+".1")
	fmt.Fprint(old, "2\n") // writers keep the old file until they are told
	has(t, site, "1", "2")
	write(t, path, "3\n")
	has(t, site, "1", "2", "3")
	fmt.Fprint(old, "4\nwithout an end")
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	has(t, site, "1", "2", "3", "4", "without an end") // once it was let go
	stop()

	for i, text := range []string{"5\n", "6\n"} { // while nobody looks, twice
		write(t, path, text)
		at := time.Now().Add(time.Duration(i) * time.Second)
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
		rename(t, path, fmt.Sprintf("%s.%d", path, i+2))
	}
	write(t, path, "7\n")
	connectortest.Start(t, c, site)
	has(t, site, "1", "2", "3", "4", "without an end", "5", "6", "7")
}

func TestRemovedFileIsReadToItsEnd(t *testing.T) {
	dir := t.TempDir()
	path := dir + "/app.log"
	write(t, path, "1\n")
	site := &connectortest.Site{}
	c := newTest(t, "paths", path)
	c.release = 20 * time.Millisecond
	connectortest.Start(t, c, site)
	has(t, site, "1")
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(f, "2\n")
	has(t, site, "1", "2")
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, path, "3\n") // may get the same inode
	has(t, site, "1", "2", "3")
}

// TestInodeOfAnotherFile writes a position that names the inode of a file with other first bytes.
func TestInodeOfAnotherFile(t *testing.T) {
	dir := t.TempDir()
	path := dir + "/app.log"
	write(t, path, "1\n2\n")
	site := &connectortest.Site{}
	stop := connectortest.Start(t, newTest(t, "paths", path), site)
	has(t, site, "1", "2")
	stop()
	if err := os.Truncate(path, 0); err != nil { // the same inode, as if it had been given away again
		t.Fatal(err)
	}
	write(t, path, "3\n4\n5\n6\n")
	connectortest.Start(t, newTest(t, "paths", path), site)
	has(t, site, "1", "2", "3", "4", "5", "6")
}

func TestCutWithoutACopy(t *testing.T) {
	dir := t.TempDir()
	path := dir + "/app.log"
	write(t, path, "1\nunfinished")
	site := &connectortest.Site{}
	connectortest.Start(t, newTest(t, "paths", path), site)
	has(t, site, "1")
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	write(t, path, "2\n")
	has(t, site, "1", "2")
	await(t, site, func() bool { return len(site.Warnings()) == 1 })
	if w := site.Warnings()[0].Error(); !strings.Contains(w, "at least 10 bytes of it were not read") {
		t.Errorf("warning %s", w)
	}
}

// flaky is a site whose transactions fail now and then, before they are committed or after.
type flaky struct {
	*connectortest.Site
	mu   sync.Mutex
	rand *rand.Rand
	kill func()
}

var errFlaky = errors.New("the bus is away")

func (f *flaky) AppendAt(ctx context.Context, topic string, b connector.Batch) error {
	f.mu.Lock()
	dice := f.rand.IntN(6)
	f.mu.Unlock()
	if dice == 0 {
		return errFlaky
	}
	if dice == 1 {
		f.kill()
	}
	err := f.Site.AppendAt(ctx, topic, b)
	if dice == 2 && err == nil {
		return errFlaky // the answer did not come
	}
	return err
}

// collectThroughFaults collects with a new collector after each fault, until the messages are all there.
func collectThroughFaults(t *testing.T, site *connectortest.Site, lines int, written <-chan error, settings ...string) (restarts int) {
	t.Helper()
	failed, fail := context.WithCancel(t.Context())
	defer fail()
	go func() {
		if err := <-written; err != nil {
			t.Error(err)
			fail()
		}
	}()
	f := &flaky{Site: site, rand: rand.New(rand.NewPCG(1, 2))}
	deadline := time.Now().Add(patience)
	for len(site.Taken("logs")) < lines && failed.Err() == nil {
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d records; warnings %v", len(site.Taken("logs")), lines, site.Warnings())
		}
		ctx, cancel := context.WithTimeout(failed, patience)
		f.kill = cancel
		go func() { // ends it when all is there
			_ = site.Await(ctx, func() bool { return len(site.Taken("logs")) >= lines })
			cancel()
		}()
		if err := newTest(t, settings...).Collect(ctx, f); err != nil && !errors.Is(err, errFlaky) {
			t.Fatalf("collect: %v", err)
		}
		cancel()
		restarts++
	}
	return restarts
}

// numbered writes lines with numbers from 0 on, and calls rotate before every so many of them.
func numbered(path string, lines, every int, pause time.Duration, rotate func() error) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	for n := 0; n < lines && err == nil; n++ {
		if n > 0 && n%every == 0 {
			<-time.After(pause) // the coarse clock of a file system must tell generations apart
			if err = errors.Join(f.Close(), rotate()); err != nil {
				return err
			}
			if f, err = os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600); err != nil {
				return err
			}
		}
		line := fmt.Sprintf("line %07d %s\n", n, strings.Repeat("x", n%40))
		if n%7 == 0 { // a line may be written in parts
			if _, err = f.WriteString(line[:5]); err == nil {
				_, err = f.WriteString(line[5:])
			}
			continue
		}
		_, err = f.WriteString(line)
	}
	return errors.Join(err, f.Close())
}

// each checks that each line is there exactly once, and in order if they have one key.
func each(t *testing.T, site *connectortest.Site, lines int) {
	t.Helper()
	seen := make([]int, lines)
	last, swaps := -1, 0
	for _, m := range taken(t, site) {
		var n int
		if _, err := fmt.Sscanf(m, "line %d", &n); err != nil || n >= lines || len(m) != 13+n%40 {
			t.Fatalf("this is no line: %q", m)
		}
		seen[n]++
		if n < last {
			swaps++
		}
		last = n
	}
	lost, doubled := 0, 0
	for _, times := range seen {
		if times == 0 {
			lost++
		} else if times > 1 {
			doubled++
		}
	}
	if lost+doubled+swaps > 0 || len(site.Refused("logs")) > 0 {
		t.Errorf("%d lines lost, %d doubled, %d out of order, %d refused; warnings %v", lost, doubled, swaps, len(site.Refused("logs")), site.Warnings())
	}
}

// shift renames path.n to path.n+1 for all n.
func shift(path string) error {
	for n := 30; n > 0; n-- {
		err := os.Rename(fmt.Sprintf("%s.%d", path, n), fmt.Sprintf("%s.%d", path, n+1))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // was only read
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

const manyLines = 50_000

func TestRotationUnderLoad(t *testing.T) {
	f := func(name, pattern string, rotate func(path string) error) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, "app.log")
			written := make(chan error, 1)
			go func() {
				written <- numbered(path, manyLines, 4000, 15*time.Millisecond, func() error { return errors.Join(shift(path), rotate(path)) })
			}()
			site := &connectortest.Site{}
			restarts := collectThroughFaults(t, site, manyLines, written, "paths", filepath.Join(dir, pattern))
			each(t, site, manyLines)
			t.Logf("%d restarts", restarts)
		})
	}
	renamed := func(path string) error { return os.Rename(path, path+".1") }
	cut := func(path string) error { return errors.Join(copyFile(path, path+".1"), os.Truncate(path, 0)) }
	f("rename", "app.log", renamed)
	f("rename within the pattern", "app.log*", renamed)
	f("copytruncate", "app.log", cut)
	f("copytruncate within the pattern", "app.log*", cut)
}

// TestLogrotate has the real program rotate while lines are written.
func TestLogrotate(t *testing.T) {
	program, err := exec.LookPath("logrotate")
	if err != nil {
		if program = "/usr/sbin/logrotate"; !exists(program) {
			needs(t, "logrotate")
		}
	}
	f := func(name, config string, pause time.Duration) {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "app.log")
			conf := filepath.Join(dir, "rotate.conf")
			text := fmt.Sprintf("%s {\n rotate 20\n missingok\n %s\n}\n", path, config)
			if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			const lines = 20_000
			written := make(chan error, 1)
			go func() {
				written <- numbered(path, lines, 5000, pause, func() error {
					out, err := exec.Command(program, "-f", "-s", filepath.Join(dir, "state"), conf).CombinedOutput()
					if err != nil {
						return fmt.Errorf("logrotate: %w: %s", err, out)
					}
					return nil
				})
			}()
			site := &connectortest.Site{}
			collectThroughFaults(t, site, lines, written, "paths", path)
			each(t, site, lines)
		})
	}
	f("create", "create 0600", 15*time.Millisecond)
	f("copytruncate", "copytruncate", 15*time.Millisecond)
	f("dateext", "create 0600\n dateext\n dateformat -%Y%m%d-%s", time.Second)
}

func exists(path string) bool { _, err := os.Stat(path); return err == nil }

// needs skips a test whose program is not installed; on CI all of them are.
func needs(t *testing.T, pkg string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed", pkg)
	}
	t.Skipf("%s is not installed: apt-get install -y %s", pkg, pkg)
}

func TestManyFilesFewOpen(t *testing.T) {
	dir := t.TempDir()
	const files = 300
	for n := range files {
		write(t, fmt.Sprintf("%s/%03d.log", dir, n), "first\n")
	}
	c := newTest(t, "paths", dir+"/*.log")
	c.maxOpen = 8
	site := &connectortest.Site{}
	connectortest.Start(t, c, site)
	await(t, site, func() bool { return len(site.Taken("logs")) == files })
	for n := range files {
		write(t, fmt.Sprintf("%s/%03d.log", dir, n), "second\n")
	}
	await(t, site, func() bool { return len(site.Taken("logs")) == 2*files })
	if p, _ := site.Position(t.Context()); len(p) > 64<<10 {
		t.Errorf("the position has %d bytes", len(p))
	}
}

func TestTest(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/a.log", "level=info\n")
	write(t, dir+"/a.log.gz", "")
	f := func(want string, settings ...string) {
		t.Helper()
		err := newTest(t, settings...).Test(t.Context())
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%v: %v, want %q", settings, err, want)
		}
	}
	f("", "paths", dir+"/*.log", "format", "logfmt")
	f("as json: this is no JSON object", "paths", dir+"/*.log", "format", "json")
	f("no file matches", "paths", dir+"/*.txt")
	f("excluded or compressed", "paths", dir+"/*.gz")
}

func TestSettings(t *testing.T) {
	f := func(want string, settings ...string) {
		t.Helper()
		vals := option.Values{"topic": "logs", "max_line": "1 mb"}
		for i := 0; i < len(settings); i += 2 {
			vals[settings[i]] = settings[i+1]
		}
		if _, err := newCollector(vals); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", settings, err, want)
		}
	}
	f("no absolute path", "paths", "a.log")
	f("names no file", "paths", " , ")
	f("syntax error", "paths", "/a/[")
	f("not between", "paths", "/a", "max_line", "1")
	f("missing argument", "paths", "/a", "multiline_pattern", "*")
	f("not between 2", "paths", "/a", "multiline_pattern", "a", "multiline_max_lines", "1")
	f("not known", "paths", "/a", "format", "xml")
}
