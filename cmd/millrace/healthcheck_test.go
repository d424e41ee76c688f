package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestHealthcheck(t *testing.T) {
	p := newFakePlatform(t, map[string]string{
		"GET /healthz": `{"status": "ok"}`,
		"GET /readyz":  `{"status": "ready"}`,
	})
	out, _, asked := p.run(0, "healthcheck")
	if out != "ok\n" || !cmp.Equal(asked, []string{"GET /healthz"}) {
		t.Errorf("healthcheck printed %q and asked %q", out, asked)
	}
	out, _, asked = p.run(0, "healthcheck", "--ready")
	if out != "ready\n" || !cmp.Equal(asked, []string{"GET /readyz"}) {
		t.Errorf("healthcheck --ready printed %q and asked %q", out, asked)
	}
	p.answers = nil
	_, stderr, _ := p.run(1, "healthcheck")
	holds(t, stderr, "there is no such thing")
	p.answers = map[string]string{"GET /healthz": "<html>another program</html>"}
	_, stderr, _ = p.run(1, "healthcheck")
	holds(t, stderr, "is not this platform")
}

func TestHealthcheckOfNothing(t *testing.T) {
	p := newFakePlatform(t, nil)
	p.web.Close()
	_, stderr, _ := p.run(1, "healthcheck")
	holds(t, stderr, "check health")
	for _, url := range []string{"millrace:8000", "ftp://127.0.0.1", "http://"} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), []string{"healthcheck", "--url", url}, strings.NewReader(""), &out, &errs, nil); code != 1 {
			t.Errorf("--url %s: exit code %d, want 1", url, code)
		}
		holds(t, errs.String(), "is no URL")
	}
}

// What takes its connection and says nothing is not well.
func TestHealthcheckTimeout(t *testing.T) {
	release := make(chan struct{})
	web := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(web.Close)
	t.Cleanup(func() { close(release) })
	var out, errs bytes.Buffer
	began := time.Now()
	if code := run(t.Context(), []string{"healthcheck", "--url", web.URL, "--timeout", "50ms"}, strings.NewReader(""), &out, &errs, nil); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("it took %s, want about 50 ms", took)
	}
}

// The certificate of a platform is for its name, not for 127.0.0.1.
func TestHealthcheckOverTLS(t *testing.T) {
	web := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"status": "ok"}`)
	}))
	t.Cleanup(web.Close)
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"healthcheck", "--url", web.URL}, strings.NewReader(""), &out, &errs, nil); code != 0 || out.String() != "ok\n" {
		t.Errorf("exit code %d, printed %q and %q; want 0 and ok", code, out.String(), errs.String())
	}
}
