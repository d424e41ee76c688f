package influx

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"millrace/fault"
	"millrace/schema"
	"millrace/store"
)

// fake answers writes as it is told, for what a real server does not do when asked.
type fake struct {
	*httptest.Server
	mu     sync.Mutex // guards what follows
	answer func(n int, body string) (status int, header http.Header, text string)
	n      int
	bodies []string
	times  []time.Time
}

func startFake(t *testing.T, answer func(n int, body string) (int, http.Header, string)) *fake {
	f := &fake{answer: answer}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

// ServeHTTP answers the three requests of a DB.
func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Token secret-token" && r.URL.Path != "/ping" {
		http.Error(w, `{"code":"unauthorized","message":"unauthorized access"}`, http.StatusUnauthorized)
		return
	}
	switch r.URL.Path {
	case "/api/v2/buckets":
		_, _ = io.WriteString(w, `{"buckets":[{"id":"1","orgID":"2","name":"b","type":"user"}]}`) // the test would fail
	case "/api/v2/write":
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body, err := io.ReadAll(z)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		f.mu.Lock()
		f.n++
		f.bodies, f.times = append(f.bodies, string(body)), append(f.times, time.Now())
		status, header, text := f.answer(f.n, string(body))
		f.mu.Unlock()
		for k, v := range header {
			w.Header()[k] = v
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text) // the test would fail
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

func ok(int, string) (int, http.Header, string) { return http.StatusNoContent, nil, "" }

func numbers(t *testing.T, n int) store.Group {
	var rows [][]any
	for i := range n {
		rows = append(rows, []any{noon.Add(time.Duration(i) * time.Second), float64(i)})
	}
	return table(t, "m", nil, []schema.Field{times(), field("v", schema.Double)}, rows...)
}

func TestWritesAreTriedAgain(t *testing.T) {
	f := startFake(t, func(n int, body string) (int, http.Header, string) {
		switch n {
		case 1:
			return http.StatusTooManyRequests, http.Header{"Retry-After": {"1"}}, `{"code":"too many requests","message":"slow down"}`
		case 2:
			return http.StatusServiceUnavailable, nil, "<html>"
		case 3:
			return http.StatusBadRequest, nil, `{"code":"invalid","message":"Please provide either orgID or org"}`
		}
		return ok(n, body)
	})
	db := open(t, Config{URL: f.URL, Bucket: "b", Token: "secret-token"})
	if got := put(t, db, numbers(t, 3)); got != nil {
		t.Fatal(got)
	}
	if len(f.bodies) != 4 || f.bodies[0] != f.bodies[3] || f.bodies[0] != "m v=0 1795435200000000000\nm v=1 1795435201000000000\nm v=2 1795435202000000000\n" {
		t.Errorf("%q", f.bodies)
	}
	if waited := f.times[1].Sub(f.times[0]); waited < 900*time.Millisecond {
		t.Errorf("tried again after %v, which is sooner than it asked for", waited)
	}
	if st := db.Stats(); st.Retries != 3 || st.Written != 3 {
		t.Errorf("%+v", st)
	}
}

func TestRequestsThatAreTooLargeAreSplit(t *testing.T) {
	f := startFake(t, func(n int, body string) (int, http.Header, string) {
		if strings.Count(body, "\n") > 10 || strings.Contains(body, "v=77 ") {
			return http.StatusRequestEntityTooLarge, nil, `{"code":"request too large","message":"too large"}`
		}
		return ok(n, body)
	})
	db := open(t, Config{URL: f.URL, Bucket: "b", Token: "secret-token", BatchRows: 64})
	if got := put(t, db, numbers(t, 100)); len(got) != 1 || got[0] != "0/77" {
		t.Fatal(got)
	}
}

// TestWritersShareRequests has many writers of few rows: there are fewer requests than writers, and a
// line to blame does not hurt the others.
func TestWritersShareRequests(t *testing.T) {
	f := startFake(t, func(n int, body string) (int, http.Header, string) {
		if strings.Contains(body, "v=13 ") {
			return http.StatusBadRequest, nil, `{"code":"invalid","message":"unable to parse 'm v=13 1795435200000000000': bad luck"}`
		}
		return ok(n, body)
	})
	db := open(t, Config{URL: f.URL, Bucket: "b", Token: "secret-token", Linger: 200 * time.Millisecond})
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			g := table(t, "m", nil, []schema.Field{times(), field("v", schema.Double)}, []any{noon, float64(i)})
			refused, err := db.Write(context.Background(), []store.Group{g})
			if err != nil || len(refused) != 0 != (i == 13) {
				t.Errorf("%d: %v, %v", i, refused, err)
			}
			if i == 13 && !strings.Contains(fmt.Sprint(refused[0].Err), "bad luck") {
				t.Error(refused)
			}
		})
	}
	wg.Wait()
	if f.n > 60 {
		t.Errorf("%d requests", f.n)
	}
}

func TestStopping(t *testing.T) {
	f := startFake(t, func(int, string) (int, http.Header, string) { return http.StatusInternalServerError, nil, "" })
	db, err := Open(Config{URL: f.URL, Bucket: "b", Token: "secret-token"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- db.Run(ctx) }()
	result := make(chan error, 1)
	go func() {
		_, err := db.Write(context.Background(), []store.Group{numbers(t, 1)})
		result <- err
	}()
	eventually(t, "it is tried", func() bool { return db.Stats().Retries > 0 })
	cancel()
	if err := <-result; !errors.Is(err, fault.Unavailable) {
		t.Error(err)
	}
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := db.Write(context.Background(), []store.Group{numbers(t, 1)}); !errors.Is(err, fault.Unavailable) {
		t.Error(err)
	}
}

func TestTokenIsNeverShown(t *testing.T) {
	f := startFake(t, ok)
	db := openAs(t, Config{URL: f.URL + "?token=secret-but-wrong", Bucket: "b"})
	eventually(t, "the token is refused", func() bool { return strings.Contains(fmt.Sprint(db.Reachable()), "HTTP 401") })
	for _, url := range []string{"http://user:secret-but@host:port", "http://:secret-but@", "ftp://u:secret-but@h", "http://h?tokn=secret-but", "http://u:secret-but@h:1#x"} {
		if _, err := Open(Config{URL: url}); err == nil || strings.Contains(err.Error(), "secret-but") {
			t.Errorf("%s: %v", url, err)
		}
	}
	if err := db.Reachable(); strings.Contains(err.Error(), "secret-but") || fault.HintOf(err) == "" {
		t.Error(err)
	}
	gone := openAs(t, Config{URL: "http://127.0.0.1:1?token=secret-but-wrong", Bucket: "b"})
	eventually(t, "it cannot be reached", func() bool { return strings.Contains(fmt.Sprint(gone.Reachable()), "refused") })
	if strings.Contains(gone.Reachable().Error(), "secret-but") {
		t.Error(gone.Reachable())
	}
}

func TestRetryAfter(t *testing.T) {
	f := func(text string, want time.Duration) {
		t.Helper()
		if got := retryAfter(text, noon); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
	f("", 0)
	f("5", 5*time.Second)
	f("3600", longestRetryAfter)
	f("-5", 0)
	f(noon.Add(10*time.Second).Format(http.TimeFormat), 10*time.Second)
	f(noon.Add(-10*time.Second).Format(http.TimeFormat), 0)
	f("soon", 0)
}
