package bustest

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// Kafka starts a real Apache Kafka for the test and returns its address. The scripts are those of
// the folder "real" beside the checkout, or where MILLRACE_REAL says; without them the test is
// skipped, but in a build (CI is set) it fails. The program is kept in the user's cache folder, the
// data in a folder of the test.
func Kafka(t *testing.T) string {
	t.Helper()
	up := filepath.Join(real(t), "kafka", "up.sh")
	if _, err := os.Stat(up); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("the scripts of a real Kafka are not here: %v", err)
		}
		t.Skipf("the scripts of a real Kafka are not here: %v", err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	jars := filepath.Join(cache, "millrace-test", "kafka")
	run(t, filepath.Join(filepath.Dir(up), "install.sh"), jars)
	dir := t.TempDir()
	if err := os.Symlink(filepath.Join(jars, "jars"), filepath.Join(dir, "jars")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KAFKA_HEAP", "512m")
	port, ctrl := freePort(t), freePort(t)
	t.Setenv("KAFKA_CTRL_PORT", ctrl)
	t.Cleanup(func() { run(t, filepath.Join(filepath.Dir(up), "down.sh"), dir) })
	run(t, up, dir, port)
	return "127.0.0.1:" + port
}

// real is the folder of the scripts that start real servers.
func real(t *testing.T) string {
	if dir := os.Getenv("MILLRACE_REAL"); dir != "" {
		return dir
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "..", "shared", "real")
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", filepath.Base(name), err, out)
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}
