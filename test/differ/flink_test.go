//go:build oracle

package differ

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

var (
	record = flag.Bool("record", false, "keep Flink's answers to -seeds, where Millrace agrees or differs by decision, in testdata")
	spool  = flag.String("spool", "", "write the scripts that Flink has not answered to this folder, for Answers.java, and no more")
	from   = flag.String("from", "", "take answers from this file, which Answers.java has written, instead of asking Flink")
	budget = flag.Int("seconds", 0, "begin no script on Flink after so many seconds; 0: an hour")
)

// TestFlink compares Millrace with a real Flink on the scripts of -seeds. Answers are kept in the user's cache
// folder, so that Flink is asked about each script once. Environment: MILLRACE_FLINK is where Flink is
// installed, millrace/flink in the user's cache folder if unset (test/oracle installs it).
func TestFlink(t *testing.T) {
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	kept := filepath.Join(cache, "millrace", "differ.jsonl.gz")
	answers, err := Load(kept)
	if err != nil {
		t.Fatal(err)
	}
	var scripts, unknown []*Script
	for _, seed := range wanted(t) {
		s := Generate(seed)
		scripts = append(scripts, s)
		if _, ok := answers[s.Digest()]; !ok {
			unknown = append(unknown, s)
		}
	}
	if *spool != "" {
		if err := dump(*spool, unknown); err != nil {
			t.Fatal(err)
		}
		return
	}
	if len(unknown) > 0 {
		if *from != "" {
			f, err := os.Open(*from)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			read(t, f, answers)
		} else {
			ask(t, unknown, answers)
		}
		if err := Save(kept, answers); err != nil {
			t.Fatal(err)
		}
	}
	answered, agreed := 0, map[string]Answer{}
	for _, s := range scripts {
		a, ok := answers[s.Digest()]
		if !ok {
			continue // no time for it
		}
		answered++
		if t.Run(fmt.Sprint(s.Seed), func(t *testing.T) { compare(t, s, a) }) {
			agreed[a.Script] = a
		}
	}
	if *record {
		if err := Save(recorded, agreed); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d scripts, %d answered by Flink, %d alike", len(scripts), answered, len(agreed))
}

// ask has Flink answer scripts.
func ask(t *testing.T, scripts []*Script, answers map[string]Answer) {
	dir := t.TempDir()
	if err := dump(dir, scripts); err != nil {
		t.Fatal(err)
	}
	flink := os.Getenv("MILLRACE_FLINK")
	if flink == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			t.Fatal(err)
		}
		flink = filepath.Join(cache, "millrace", "flink")
	}
	if *budget == 0 {
		*budget = 3600
	}
	args := append(opens(t, flink), "-Xmx2g", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Djava.io.tmpdir="+t.TempDir(), "-Dlog4j2.level=OFF",
		"-cp", filepath.Join(flink, "flink", "lib", "*"), "Answers.java", dir, strconv.Itoa(*budget), "2")
	cmd := exec.CommandContext(t.Context(), "java", args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	errors, err := os.Create(filepath.Join(t.TempDir(), "errors"))
	if err != nil {
		t.Fatal(err)
	}
	defer errors.Close()
	cmd.Stderr = errors
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	read(t, out, answers)
	if err := cmd.Wait(); err != nil {
		text, _ := os.ReadFile(errors.Name())
		t.Fatalf("ask Flink: %v\n%s", err, text[:min(len(text), 2000)])
	}
}

// opens are the options that Flink wants of a JDK 17.
func opens(t *testing.T, flink string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(flink, "flink", "conf", "config.yaml"))
	if err != nil {
		t.Fatalf("%v: install Flink there by make oracle", err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "all: "); ok {
			return strings.Fields(rest)
		}
	}
	t.Fatal("Flink's configuration has no env.java.opts.all")
	return nil
}

func read(t *testing.T, out io.Reader, answers map[string]Answer) {
	t.Helper()
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 64<<20)
	var a Answer
	for lines.Scan() {
		word, rest, _ := strings.Cut(lines.Text(), " ")
		switch word {
		case "script":
			number, digest, _ := strings.Cut(rest, "-")
			seed, err := strconv.ParseUint(number, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			a = Answer{Seed: seed, Script: digest}
		case "":
			a.Rows = append(a.Rows, rest)
		case "fail":
			a.Error, a.Rows = rest, nil
			answers[a.Script] = a
		case "end":
			answers[a.Script] = a
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
}

// dump writes scripts to a folder for Answers.java.
func dump(dir string, scripts []*Script) error {
	for _, s := range scripts {
		data := filepath.Join(dir, fmt.Sprint(s.Seed))
		if err := os.MkdirAll(data, 0o755); err != nil {
			return err
		}
		if err := write(data, s); err != nil {
			return err
		}
		if err := os.WriteFile(data+"-"+s.Digest()+".sql", []byte(strings.Join(s.Statements(data), "\n;\n")+"\n;\n"), 0o644); err != nil {
			return err
		}
	}
	return nil
}
