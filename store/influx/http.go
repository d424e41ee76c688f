package influx

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"millrace/fault"
	"millrace/telemetry"
)

func newHTTP(cfg Config) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			Proxy:       http.ProxyFromEnvironment,
			DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext, TLSHandshakeTimeout: 5 * time.Second,
			MaxIdleConnsPerHost: cfg.Senders + 8, IdleConnTimeout: time.Minute,
		},
		// A token is not carried to wherever an answer points.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// refusal is an answer other than success.
type refusal struct {
	status  int
	message string
	after   time.Duration // Retry-After
}

// Error tells the status and what InfluxDB said.
func (r *refusal) Error() string {
	return fmt.Sprintf("HTTP %d: %s", r.status, shortened(r.message))
}

// shortened is text for a message: InfluxDB quotes whole lines, and many of them.
func shortened(text string) string {
	const most = 500
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// maxComplaint bounds the text of a refusal: a whole batch may be quoted in it.
const maxComplaint = 4 << 20

// do sends a request with the token and returns the body of a success.
func (db *DB) do(req *http.Request, token telemetry.Secret) (io.ReadCloser, error) {
	if token != "" {
		req.Header.Set("Authorization", "Token "+token.Reveal())
	}
	resp, err := db.http.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // without the URL
		}
		return nil, fault.New(fault.Unavailable, "%w", err)
	}
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		return resp.Body, nil
	}
	defer func() { _ = resp.Body.Close() }() // only read
	return nil, complaint(resp)
}

func complaint(resp *http.Response) *refusal {
	text, _ := io.ReadAll(io.LimitReader(resp.Body, maxComplaint)) // what there is
	var body struct{ Message, Error string }
	r := &refusal{status: resp.StatusCode, message: strings.TrimSpace(string(text)), after: retryAfter(resp.Header.Get("Retry-After"), time.Now())}
	if json.Unmarshal(text, &body) == nil && body.Message+body.Error != "" {
		r.message = body.Message + body.Error
	}
	return r
}

// longestRetryAfter bounds what a server may ask for.
const longestRetryAfter = time.Minute

// retryAfter reads seconds or a date.
func retryAfter(text string, now time.Time) time.Duration {
	if n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 31); err == nil {
		return min(time.Duration(n)*time.Second, longestRetryAfter)
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(0, at.Sub(now)), longestRetryAfter)
	}
	return 0
}

// call asks the v2 API and reads the answer, as JSON, into out if it is not nil.
func (db *DB) call(ctx context.Context, method, path string, query url.Values, in, out any, token telemetry.Secret) error {
	ctx, cancel := context.WithTimeout(ctx, db.cfg.WriteTimeout)
	defer cancel()
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, db.server.base+path+"?"+query.Encode(), body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	answer, err := db.do(req, token)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Close() }() // only read
	if out == nil {
		return nil
	}
	return json.NewDecoder(io.LimitReader(answer, 16<<20)).Decode(out)
}

// isAway reports whether err is that InfluxDB is away, not that it refuses us.
func isAway(err error) bool {
	var r *refusal
	return err != nil && (!errors.As(err, &r) || r.status >= 500)
}

func (db *DB) ping(ctx context.Context) error {
	return db.call(ctx, http.MethodGet, "/ping", nil, nil, nil, "")
}

// backoff doubles from attempt to attempt, with jitter, so that replicas do not come all at once.
type backoff struct {
	last, longest time.Duration
}

const firstWait = 100 * time.Millisecond

// sleep waits before the next attempt, at least as long as was asked for.
func (b *backoff) sleep(ctx context.Context, least time.Duration) error {
	b.last = min(max(2*b.last, firstWait), b.longest)
	return sleep(ctx, max(b.last/2+rand.N(b.last), least))
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// call is DB.call with the session instead of a token.
func (s *session) call(ctx context.Context, method, path string, in, out any) error {
	text, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, s.db.server.base+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	for _, c := range s.cookies {
		req.AddCookie(c)
	}
	answer, err := s.db.do(req, "")
	if err != nil {
		return explain(err)
	}
	defer func() { _ = answer.Close() }() // only read
	return json.NewDecoder(io.LimitReader(answer, 16<<20)).Decode(out)
}
