package flink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"millrace/fault"
	"millrace/sql/parse"
	"millrace/telemetry"
)

// session is a series of statements, each with what those before it have made.
type session struct {
	c    *Client
	path string // of the API version and the session
	// version is that of Flink: major and minor.
	version [2]int
	// jobManager is where jobs go.
	jobManager *url.URL
	// hide takes secrets out of what Flink says.
	hide func(string) string
}

// Where a session's jobs go, as its configuration says.
const (
	keyRestAddress = "rest.address"
	keyRPCAddress  = "jobmanager.rpc.address"
	keyRestPort    = "rest.port"
	keyRestTLS     = "security.ssl.rest.enabled"
)

// open opens a session. The caller closes it.
func (c *Client) open(ctx context.Context, name string) (*session, error) {
	if c.gateway == nil {
		return nil, fault.New(fault.Invalid, "no SQL Gateway is named").WithHint("name it with --gateway, or as flink.gateway in the configuration")
	}
	s := &session{c: c, hide: func(text string) string { return text }}
	var info struct {
		ProductName string `json:"productName"`
		Version     string `json:"version"`
	}
	if err := s.call(ctx, http.MethodGet, "/v1/info", nil, &info); err != nil {
		return nil, err
	}
	s.version = versionOf(info.Version)
	if s.version[0] < 1 {
		return nil, fault.New(fault.Invalid, "%s is no SQL Gateway of Flink", c.Gateway()).WithHint("its port is 8083 unless configured, the JobManager's 8081")
	}
	api := "/v3"
	if s.version[0] < 2 {
		api = "/v2"
	}
	var opened struct {
		SessionHandle string `json:"sessionHandle"`
	}
	if err := s.call(ctx, http.MethodPost, api+"/sessions", map[string]any{"sessionName": name}, &opened); err != nil {
		return nil, fmt.Errorf("open a session: %w", err)
	}
	s.path = api + "/sessions/" + url.PathEscape(opened.SessionHandle)
	if err := s.findJobManager(ctx); err != nil {
		s.close(ctx)
		return nil, err
	}
	return s, nil
}

// versionOf is major and minor of a version; 0 is none.
func versionOf(text string) (v [2]int) {
	major, rest, _ := strings.Cut(text, ".")
	minor, _, _ := strings.Cut(rest, ".")
	v[0], _ = strconv.Atoi(major)
	v[1], _ = strconv.Atoi(minor)
	return v
}

// findJobManager asks where jobs will go, unless we were told.
func (s *session) findJobManager(ctx context.Context) error {
	if s.jobManager = s.c.jobManager; s.jobManager != nil {
		return nil
	}
	var conf struct {
		Properties map[string]string `json:"properties"`
	}
	if err := s.call(ctx, http.MethodGet, s.path, nil, &conf); err != nil {
		return fmt.Errorf("ask where the JobManager is: %w", err)
	}
	host := conf.Properties[keyRestAddress]
	if host == "" {
		host = conf.Properties[keyRPCAddress]
	}
	if host == "" {
		return fault.New(fault.Invalid, "the SQL Gateway does not say where its JobManager is").WithHint("name it with --job-manager, or as flink.job_manager in the configuration")
	}
	// localhost is meant as the gateway sees it.
	if host == "localhost" || strings.HasPrefix(host, "127.") {
		host = s.c.gateway.Hostname()
	}
	port, scheme := conf.Properties[keyRestPort], "http"
	if port == "" {
		port = "8081"
	}
	if conf.Properties[keyRestTLS] == "true" {
		scheme = "https"
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	s.jobManager = &url.URL{Scheme: scheme, Host: host + ":" + port, User: s.c.gateway.User}
	return nil
}

func (s *session) call(ctx context.Context, method, path string, body, answer any) error {
	err := s.c.ask(ctx, "SQL Gateway", s.c.gateway, method, path, body, answer)
	var r *refusal
	if !errors.As(err, &r) {
		return err
	}
	if isForgotten(r.text) {
		return fault.New(fault.Unavailable, "the SQL Gateway %s was restarted", s.c.Gateway())
	}
	if r.status == http.StatusNotFound {
		return fault.New(fault.Invalid, "%s", r.Error()).WithHint("is that the address of a SQL Gateway of Flink 1.17 or later? its port is 8083 unless configured")
	}
	return err
}

// closing bounds the end of a session whose caller has gone.
const closing = 5 * time.Second

// close ends the session, and with it what it still does.
func (s *session) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closing)
	defer cancel()
	_ = s.call(ctx, http.MethodDelete, s.path, nil, nil) // it ends by itself when nobody asks for it
}

// results are one page of a statement's results.
type results struct {
	ResultType    string          `json:"resultType"` // NOT_READY, PAYLOAD, EOS
	JobID         string          `json:"jobID"`
	NextResultURI string          `json:"nextResultUri"`
	Results       json.RawMessage `json:"results"`
}

// run runs one statement to its end and returns the job that it started, if it did. A statement that Flink refuses is a
// *statementError.
func (s *session) run(ctx context.Context, statement string) (job string, err error) {
	var op struct {
		OperationHandle string `json:"operationHandle"`
	}
	if err := s.call(ctx, http.MethodPost, s.path+"/statements", map[string]any{"statement": statement}, &op); err != nil {
		return "", s.judge(err)
	}
	operation := s.path + "/operations/" + url.PathEscape(op.OperationHandle)
	defer func() {
		if ctx.Err() != nil { // nobody waits for it any more
			ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), closing)
			defer cancel()
			_ = s.call(ending, http.MethodPost, operation+"/cancel", nil, nil) // close does the same
		}
	}()
	next := operation + "/result/0?rowFormat=JSON"
	for next != "" {
		var page results
		if err := s.call(ctx, http.MethodGet, next, nil, &page); err != nil {
			return "", s.judge(err)
		}
		if page.JobID != "" {
			// What the job's statement answers is its id; there is nothing more to read.
			return page.JobID, nil
		}
		if page.ResultType == "NOT_READY" {
			if err := s.c.pause(ctx); err != nil {
				return "", err
			}
		} else if page.ResultType == "EOS" {
			return "", nil
		}
		if page.NextResultURI == "" && page.ResultType == "NOT_READY" {
			continue
		}
		next = s.own(page.NextResultURI)
	}
	return "", nil
}

// own is an address that the gateway gives, as a path behind ours: a proxy may have put another before it.
func (s *session) own(next string) string {
	if i := strings.Index(next, s.path); i > 0 {
		return next[i:]
	}
	return next
}

// statementError is a statement that Flink refuses.
type statementError struct {
	trace string
	hide  func(string) string
}

// Error returns the reason.
func (e *statementError) Error() string { return e.hide(reasonOf(e.trace)) }

// judge tells a statement that is wrong from a Flink that is not well.
func (s *session) judge(err error) error {
	var r *refusal
	if !errors.As(err, &r) {
		return err
	}
	if isTransient(r.text) && !isSubmitted(r.text) {
		return fault.New(fault.Unavailable, "the SQL Gateway %s does not reach Flink: %s", s.c.Gateway(), s.hide(reasonOf(r.text))).
			WithHint("is the JobManager running?")
	}
	return &statementError{r.text, s.hide}
}

// Target is where scripts and their jobs go.
type Target struct {
	// JobManager is the URL of its REST API, with user and password if the gateway's has.
	JobManager telemetry.Secret
	// Version is Flink's.
	Version string
}

// Job is a job of a script, to be submitted.
type Job struct {
	// Statement is its place in Script.Statements.
	Statement int
	// ID is 32 hexadecimal digits, new for each submission.
	ID string
	// Name is shown in Flink.
	Name string
	// Restore is the savepoint or checkpoint to go on from; empty: from the beginning.
	Restore string
}

// Keys that are set for each job.
const (
	keyJobID      = "$internal.pipeline.job-id"
	keyJobName    = "pipeline.name"
	keyRestore    = "execution.state-recovery.path"
	keyRestoreOld = "execution.savepoint.path" // before 1.20
	keySync       = "table.dml-sync"
)

// Submit runs a script: what is no job anew, so that tables and settings are there, and of the jobs those that are
// given. It calls submitted for each that Flink has taken, in order, or refused; that one's error is a *parse.Error. If
// something else is refused, no job after it is submitted.
func (c *Client) Submit(ctx context.Context, script *Script, jobs []Job, submitted func(Job, error) error) (Target, error) {
	s, err := c.open(ctx, "millrace")
	if err != nil {
		return Target{}, err
	}
	defer s.close(ctx)
	s.hide = script.Hide
	target := s.target()
	by := map[int]Job{}
	for _, j := range jobs {
		by[j.Statement] = j
	}
	for i, one := range script.Statements {
		if !one.Job {
			if _, err := s.run(ctx, one.sent); err != nil {
				return target, script.refused(one, false, err)
			}
			continue
		}
		j, wanted := by[i]
		if !wanted {
			continue
		}
		j, err := s.submit(ctx, script, one, j)
		if err != nil && !isRefused(err) {
			return target, err
		}
		if err := submitted(j, err); err != nil {
			return target, err
		}
	}
	return target, nil
}

func isRefused(err error) bool {
	var refused *parse.Error
	return errors.As(err, &refused)
}

// submit runs the statement of a job.
func (s *session) submit(ctx context.Context, script *Script, one Statement, j Job) (Job, error) {
	restore := keyRestore
	if s.version[0] == 1 && s.version[1] < 20 {
		restore = keyRestoreOld
	}
	// The statement answers as soon as Flink has the job, not when it ends.
	settings := [][2]string{{keyJobID, j.ID}, {keySync, "false"}}
	if !one.Named {
		settings = append(settings, [2]string{keyJobName, j.Name})
	}
	if j.Restore != "" {
		settings = append(settings, [2]string{restore, j.Restore})
	}
	for _, kv := range settings {
		if _, err := s.run(ctx, "SET "+quoted(kv[0])+" = "+quoted(kv[1])); err != nil {
			return j, script.refused(one, false, err)
		}
	}
	for _, first := range one.first {
		if _, err := s.run(ctx, first); err != nil {
			return j, script.refused(one, false, err)
		}
	}
	id, err := s.run(ctx, one.sent)
	var refused *statementError
	if errors.As(err, &refused) && isSubmitted(refused.trace) {
		id, err = j.ID, nil
	}
	if err != nil {
		return j, script.refused(one, false, err)
	}
	if id != "" {
		j.ID = id
	}
	// What follows must not go on from there, or under that name.
	for _, kv := range settings {
		if _, err := s.run(ctx, "RESET "+quoted(kv[0])); err != nil {
			return j, script.refused(one, false, err)
		}
	}
	return j, nil
}

// Find asks the gateway where its jobs go.
func (c *Client) Find(ctx context.Context) (Target, error) {
	s, err := c.open(ctx, "millrace")
	if err != nil {
		return Target{}, err
	}
	defer s.close(ctx)
	return s.target(), nil
}

// Check asks the gateway whether a script is right, without running a job. What is wrong is a *parse.Error.
func (c *Client) Check(ctx context.Context, script *Script) (Target, error) {
	s, err := c.open(ctx, "millrace-check")
	if err != nil {
		return Target{}, err
	}
	defer s.close(ctx)
	s.hide = script.Hide
	for _, one := range script.Statements {
		sent := one.sent
		if one.Job {
			if one.explained == "" {
				break // a CREATE TABLE … AS: what comes after it needs the table
			}
			sent = one.explained
		}
		for _, first := range one.first {
			if _, err := s.run(ctx, first); err != nil {
				return s.target(), script.refused(one, false, err)
			}
		}
		if _, err := s.run(ctx, sent); err != nil {
			return s.target(), script.refused(one, one.Job, err)
		}
	}
	return s.target(), nil
}

func (s *session) target() Target {
	return Target{JobManager: telemetry.Secret(s.jobManager.String()), Version: fmt.Sprintf("%d.%d", s.version[0], s.version[1])}
}
