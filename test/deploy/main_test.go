// Package deploy holds what deploy/ has against what will read it: Helm, the types of Kubernetes' API, kustomize,
// docker-compose, promtool, nginx, and the platform itself.
//
// It is a module of its own, so that the types of Kubernetes are no requirement of the platform. tools.sh installs what
// it needs; MILLRACE_BIN names the binary that runs. buildah.sh, beside it, builds the images.
package deploy

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Patience with a machine that does other things at the same time.
const (
	patience  = 60 * time.Second
	pollEvery = 50 * time.Millisecond
)

// root is the top of the repository.
func root(t testing.TB) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// inDeploy is the path of something below deploy/.
func inDeploy(t testing.TB, name ...string) string {
	return filepath.Join(append([]string{root(t), "deploy"}, name...)...)
}

func read(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// tool is a program: from PATH, or where tools.sh puts it.
func tool(t testing.TB, name string) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	if path := filepath.Join(cache, "millrace", "real", "deploy", name); executable(path) {
		return path
	}
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	if path := filepath.Join("/usr/sbin", name); executable(path) {
		return path
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("there is no %s: run test/deploy/tools.sh", name)
	}
	t.Skipf("there is no %s: run test/deploy/tools.sh", name)
	return ""
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode()&0o111 != 0 && !info.IsDir()
}

// command runs a program and returns what it printed on its two outputs.
func command(t testing.TB, env []string, name string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = env
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

// plainEnv is the environment without settings of the platform: whoever runs the tests may have some.
func plainEnv(more ...string) []string {
	own := slices.DeleteFunc(os.Environ(), func(e string) bool {
		for _, prefix := range []string{"MILLRACE_", "KAFKA_", "REDIS_", "INFLUXDB_", "AWS_", "COMPOSE_"} {
			if strings.HasPrefix(e, prefix) {
				return true
			}
		}
		return false
	})
	return append(own, more...)
}

// binary is the platform under test.
func binary(t testing.TB) string {
	t.Helper()
	if path := os.Getenv("MILLRACE_BIN"); path != "" {
		return path
	}
	path := filepath.Join(root(t), "bin", "millrace")
	if !executable(path) {
		t.Fatal("there is no bin/millrace: run make build, or name the binary in MILLRACE_BIN")
	}
	return path
}

// freeAddress is a loopback address that was free a moment ago.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// server starts a program that ends with the test, and returns when url answers 200.
func server(t testing.TB, url string, env []string, name string, args ...string) {
	t.Helper()
	log := filepath.Join(t.TempDir(), "log")
	out, err := os.Create(log)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd := exec.Command(name, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = env, out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself
		select {
		case <-exited:
		case <-time.After(patience):
			_ = cmd.Process.Kill()
			t.Errorf("%s did not end after SIGTERM", filepath.Base(name))
		}
		if t.Failed() {
			t.Logf("log of %s:\n%s", filepath.Base(name), read(t, log))
		}
	})
	err = awaitOK(t.Context(), url, exited)
	if err != nil {
		t.Fatalf("start %s: %v\n%s", filepath.Base(name), err, read(t, log))
	}
}

// awaitOK returns when url answers 200, or when what should answer has ended.
func awaitOK(ctx context.Context, url string, exited chan error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case err := <-exited:
			exited <- err
			return errors.Join(errors.New("it ended"), err)
		case <-ctx.Done():
			return errors.New("no answer in time from " + url)
		case <-tick.C:
		}
	}
}

// token is what the tests' platforms are asked with.
const token = "0123456789abcdef0123456789abcdef"
