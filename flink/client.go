// Package flink runs Flink SQL scripts on a real Flink: it hands them to a SQL Gateway, statement by
// statement, and watches, stops and cancels the jobs that come of it at the JobManager.
//
// Two servers are talked to, both by REST: the gateway (sessions, statements, results; its API v3, or v2 of a
// Flink before 2.0) and the JobManager (jobs, checkpoints, exceptions, metrics, savepoints). The gateway tells where the
// JobManager is, unless the configuration does.
//
// # What is exact
//
//   - A job gets its id from us, before it is submitted, and Flink takes each id once: who does not know
//     whether a job was submitted asks for it, or submits it again.
//   - A statement that Flink refuses comes back as a parse.Error: the place is that in the script, whatever Flink was
//     told to count from.
//   - Values of options that are secrets are in no error.
//
// # Caveats
//
//   - A Flink that keeps no jobs over a restart of its JobManager (no high availability) has forgotten ours, too.
//   - Metrics reach the JobManager every ten seconds.
package flink

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"millrace/fault"
	"millrace/telemetry"
)

// Config says where Flink is.
type Config struct {
	// Gateway is the URL of the SQL Gateway, http(s)://[user:password@]host:port[/path]. It may be empty where
	// nothing is submitted.
	Gateway telemetry.Secret
	// JobManager is the URL of its REST API; empty: the gateway tells.
	JobManager telemetry.Secret
	// Timeout bounds one request: 30 s.
	Timeout time.Duration
	// Poll is how long to wait between two questions for the same: 100 ms.
	Poll time.Duration
}

// Client talks to one Flink. All methods may be called concurrently.
type Client struct {
	cfg        Config
	http       *http.Client
	gateway    *url.URL // nil: none
	jobManager *url.URL // nil: the gateway tells
}

const (
	defaultTimeout = 30 * time.Second
	defaultPoll    = 100 * time.Millisecond
	// maxAnswer bounds what is read of an answer: that of a job with very many tasks is a few megabytes.
	maxAnswer = 32 << 20
)

// New checks the settings; it does not connect.
func New(cfg Config) (*Client, error) {
	if cfg.Timeout == 0 {
		cfg.Timeout = defaultTimeout
	}
	if cfg.Poll == 0 {
		cfg.Poll = defaultPoll
	}
	c := &Client{cfg: cfg, http: &http.Client{Timeout: cfg.Timeout}}
	var err error
	if c.gateway, err = parseURL("SQL Gateway", cfg.Gateway); err != nil {
		return nil, err
	}
	c.jobManager, err = parseURL("JobManager", cfg.JobManager)
	return c, err
}

func parseURL(what string, text telemetry.Secret) (*url.URL, error) {
	if text == "" {
		return nil, nil
	}
	u, err := url.Parse(text.Reveal())
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" {
		// The cause would show what is in the URL.
		return nil, fault.New(fault.Invalid, "the URL of the %s is none", what).WithHint("write it like http://flink:8083")
	}
	u.Path = strings.TrimRight(u.Path, "/")
	return u, nil
}

// Shown is a URL as it may be shown: without user and password.
func Shown(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	u.User = nil
	return u.String()
}

// Gateway is the address of the SQL Gateway, as it may be shown.
func (c *Client) Gateway() string { return shown(c.gateway) }

func shown(u *url.URL) string {
	if u == nil {
		return ""
	}
	clean := *u
	clean.User = nil
	return clean.String()
}

// refusal is an answer that is not what was asked for.
type refusal struct {
	server string // which one, and where
	status int
	text   string // with stack traces
}

// Error returns the status and what the server says, without its stack traces.
func (r *refusal) Error() string {
	return fmt.Sprintf("%s answers %d: %s", r.server, r.status, reasonOf(r.text))
}

// ask makes a request of a server and reads the answer, where there should be one. A server that cannot be reached is
// fault.Unavailable; one that answers with an error gives a refusal.
func (c *Client) ask(ctx context.Context, name string, server *url.URL, method, path string, body, answer any) error {
	var payload io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("ask %s: %w", name, err)
		}
		payload = bytes.NewReader(text)
	}
	// The path and its query are ours, or the server's own.
	req, err := http.NewRequestWithContext(ctx, method, shown(server)+path, payload)
	if err != nil {
		return fmt.Errorf("ask %s: %w", name, err)
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if u := server.User; u != nil {
		password, _ := u.Password()
		req.SetBasicAuth(u.Username(), password)
	}
	at := name + " " + shown(server)
	resp, err := c.http.Do(req)
	if err != nil {
		return fault.New(fault.Unavailable, "%s is away: %w", at, unwrapURL(err)).WithHint("is it running, and is the address right?")
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fault.New(fault.Unavailable, "%s breaks off: %w", at, err)
	}
	switch {
	case resp.StatusCode == http.StatusUnauthorized, resp.StatusCode == http.StatusForbidden:
		return fault.New(fault.Denied, "%s answers %d", at, resp.StatusCode).WithHint("put user and password into its URL: http://user:password@host:port")
	case resp.StatusCode == http.StatusBadGateway, resp.StatusCode == http.StatusServiceUnavailable, resp.StatusCode == http.StatusGatewayTimeout:
		return fault.New(fault.Unavailable, "%s answers %d: %s", at, resp.StatusCode, reasonOf(errorsIn(text)))
	case resp.StatusCode >= 300:
		return &refusal{at, resp.StatusCode, errorsIn(text)}
	}
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return fault.New(fault.Invalid, "%s does not speak Flink's REST API: %w", at, err).WithHint("is the address that of a %s?", name)
	}
	return nil
}

// unwrapURL leaves out the request, which the caller names better.
func unwrapURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// errorsIn is what an answer with an error says.
func errorsIn(body []byte) string {
	var e struct{ Errors []string }
	if json.Unmarshal(body, &e) != nil || len(e.Errors) == 0 {
		return string(bytes.TrimSpace(body))
	}
	return strings.Join(e.Errors, "\n")
}

// pause waits between two questions, and says whether to go on.
func (c *Client) pause(ctx context.Context) error {
	t := time.NewTimer(c.cfg.Poll)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
