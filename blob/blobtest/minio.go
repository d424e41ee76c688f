package blobtest

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"millrace/blob"
	"millrace/internal/port"
)

// MinIO is a real MinIO server with one bucket.
type MinIO struct {
	t      *testing.T
	dir    string
	port   string
	script string
}

// StartMinIO starts a MinIO for the test, with the credentials in the environment of the test. The
// program is kept in the user's cache folder; where it was never built the test is skipped, but in a
// build (CI is set) it fails.
func StartMinIO(t *testing.T) *MinIO {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	home := filepath.Join(cache, "millrace", "real", "minio")
	m := &MinIO{t: t, dir: t.TempDir(), script: filepath.Join(root(t), "test", "real", "minio")}
	if _, err := os.Stat(filepath.Join(home, "bin", "minio")); err != nil {
		how := "MinIO is not built: run test/real/minio/install.sh"
		if os.Getenv("CI") != "" {
			t.Fatal(how)
		}
		t.Skip(how)
	}
	if err := os.Symlink(filepath.Join(home, "bin"), filepath.Join(m.dir, "bin")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "admin")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "adminadmin")
	t.Setenv("AWS_REGION", "us-east-1")
	m.port = port.Number(t)
	// A folder in the data folder is a bucket.
	if err := os.MkdirAll(filepath.Join(m.dir, "data", "cold"), 0o755); err != nil {
		t.Fatal(err)
	}
	m.Start()
	t.Cleanup(func() { m.run("down.sh", m.dir) })
	return m
}

// URL is the URL of a bucket in the server, with a prefix of its own for each test.
func (m *MinIO) URL(prefix string) string {
	return "s3://cold/" + prefix + "?endpoint=" + url.QueryEscape("http://127.0.0.1:"+m.port) + "&region=us-east-1&path_style=true"
}

// Open opens the bucket of URL.
func (m *MinIO) Open(prefix string) *blob.Bucket {
	m.t.Helper()
	b, err := blob.Open(context.Background(), m.URL(prefix))
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() {
		if err := b.Close(); err != nil {
			m.t.Error(err)
		}
	})
	return b
}

// Start starts the server again after Stop, and waits until it answers for the bucket.
func (m *MinIO) Start() {
	m.t.Helper()
	m.run("up.sh", m.dir, m.port, port.Number(m.t))
	for deadline := time.Now().Add(20 * time.Second); ; {
		res, err := http.Head("http://127.0.0.1:" + m.port + "/minio/health/cluster")
		if err == nil {
			_ = res.Body.Close() // it has none
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(deadline) {
			m.t.Fatalf("MinIO does not answer: %v", err)
		}
	}
}

// Stop ends the server; its data stay.
func (m *MinIO) Stop() {
	m.t.Helper()
	m.run("down.sh", m.dir)
}

// run runs a script. Its output goes through a file: the server keeps what it inherits open.
func (m *MinIO) run(script string, args ...string) {
	m.t.Helper()
	out, err := os.CreateTemp(m.dir, "out")
	if err != nil {
		m.t.Fatal(err)
	}
	defer func() { _ = out.Close() }() // only for the message below
	cmd := exec.Command(filepath.Join(m.script, script), args...)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		said, _ := os.ReadFile(out.Name())
		m.t.Fatalf("%s: %v\n%s", script, err, bytes.TrimSpace(said))
	}
}

// root is the folder of the module.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
}
