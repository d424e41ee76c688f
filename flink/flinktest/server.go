// Package flinktest has a Flink for tests: a Server that behaves as the REST APIs of SQL Gateway and JobManager are
// documented and as Flink 2.3 was seen to answer, and a Cluster that is a real one.
package flinktest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Server is a SQL Gateway and a JobManager at one address. Jobs do nothing but have a state.
type Server struct {
	// URL is the address of both.
	URL string

	t       *testing.T
	mu      sync.Mutex
	web     *httptest.Server
	address string
	seq     int
	version string
	refuse  func(statement string) string
	user    string
	session map[string]*session
	jobs    map[string]*Job
	savings map[string]saving
	disposd []string
	sent    []string
}

// session is what a client has set and asked.
type session struct {
	properties map[string]string
	operations map[string]*operation
}

// operation is a statement that was sent.
type operation struct {
	asked int
	job   string
	trace string // it was refused
}

// saving is a savepoint that is made.
type saving struct {
	location, trace string
	asked           int
}

// Job is a job of the Server, as a test sees it.
type Job struct {
	ID, Name, Statement, State string
	// Restore is what it began from.
	Restore string
	// Savepoint is what it was stopped with.
	Savepoint string
	// Trace is what it failed with.
	Trace    string
	Restarts int
}

// Start starts a Server, which ends with the test.
func Start(t *testing.T) *Server {
	t.Helper()
	s := &Server{t: t, version: "2.3.0", session: map[string]*session{}, jobs: map[string]*Job{}, savings: map[string]saving{}}
	s.Up()
	t.Cleanup(s.Down)
	return s
}

// Up lets the Server answer, at the address that it had before.
func (s *Server) Up() {
	s.t.Helper()
	address := s.address
	if address == "" {
		address = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		s.t.Fatal(err)
	}
	web := httptest.NewUnstartedServer(s.routes())
	if err := web.Listener.Close(); err != nil {
		s.t.Fatal(err)
	}
	web.Listener = l
	web.Start()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.web, s.address, s.URL = web, l.Addr().String(), "http://"+l.Addr().String()
}

// Down takes the Server away; jobs and what clients know of them stay, sessions do not.
func (s *Server) Down() {
	s.mu.Lock()
	web := s.web
	s.web, s.session = nil, map[string]*session{}
	s.mu.Unlock()
	if web != nil {
		web.CloseClientConnections()
		web.Close()
	}
}

// Version makes it another Flink.
func (s *Server) Version(v string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version = v
}

// Protect wants user and password, as user:password, of each request.
func (s *Server) Protect(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.user = user
}

// Refuse sets which statements are refused: with the stack trace that the function returns, if any.
func (s *Server) Refuse(why func(statement string) string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = why
}

// Jobs are all jobs, by when they were submitted.
func (s *Server) Jobs() []Job {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Job
	for _, id := range slices.Sorted(maps.Keys(s.jobs)) {
		out = append(out, *s.jobs[id])
	}
	return out
}

// Running are the jobs that run.
func (s *Server) Running() []Job {
	return slices.DeleteFunc(s.Jobs(), func(j Job) bool { return j.State != "RUNNING" })
}

// Change changes a job.
func (s *Server) Change(id string, change func(*Job)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s.jobs[id])
}

// Forget lets the JobManager forget all jobs, as one does that is started again.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.jobs)
}

// Statements are those that were sent, but for SET and RESET.
func (s *Server) Statements() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sent)
}

// Sessions is how many are open.
func (s *Server) Sessions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.session)
}

// Disposed are the savepoints that were deleted.
func (s *Server) Disposed() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.disposd)
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	add := func(pattern string, do func(*http.Request, map[string]any) (int, any)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			var body map[string]any
			_ = json.NewDecoder(r.Body).Decode(&body) // there may be none
			s.mu.Lock()
			defer s.mu.Unlock()
			if user, password, _ := r.BasicAuth(); s.user != "" && user+":"+password != s.user {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			status, answer := do(r, body)
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_ = json.NewEncoder(w).Encode(answer)
		})
	}
	// The API version that this Flink does not have is not found.
	for _, v := range []string{"/v2", "/v3"} {
		s.gatewayRoutes(v, add)
	}
	add("GET /v1/info", func(*http.Request, map[string]any) (int, any) {
		return 200, object{"productName": "Apache Flink", "version": s.version}
	})
	s.jobRoutes(add)
	return mux
}

type object = map[string]any

func fails(status int, texts ...string) (int, any) { return status, object{"errors": texts} }

func (s *Server) next(form string) string {
	s.seq++
	return fmt.Sprintf(form, s.seq)
}

func (s *Server) gatewayRoutes(v string, add func(string, func(*http.Request, map[string]any) (int, any))) {
	add("POST "+v+"/sessions", func(*http.Request, object) (int, any) {
		if v == "/v3" && strings.HasPrefix(s.version, "1.") {
			return fails(404, "Not found: /v3/sessions")
		}
		handle := s.next("session-%d")
		host, port, _ := net.SplitHostPort(s.address)
		s.session[handle] = &session{
			properties: map[string]string{"rest.address": host, "rest.port": port, "execution.target": "remote"},
			operations: map[string]*operation{},
		}
		return 200, object{"sessionHandle": handle}
	})
	of := func(do func(*session, *http.Request, object) (int, any)) func(*http.Request, map[string]any) (int, any) {
		return func(r *http.Request, body object) (int, any) {
			one := s.session[r.PathValue("session")]
			if one == nil {
				return fails(500, "Internal server error.", "<Exception on server side:\norg.apache.flink.table.gateway.api.utils.SqlGatewayException: Session '"+
					r.PathValue("session")+"' does not exist.\n\tat org.apache.flink.X.y(X.java:1)\n\nEnd of exception on server side>")
			}
			return do(one, r, body)
		}
	}
	add("GET "+v+"/sessions/{session}", of(func(one *session, _ *http.Request, _ object) (int, any) {
		return 200, object{"properties": one.properties}
	}))
	add("DELETE "+v+"/sessions/{session}", of(func(_ *session, r *http.Request, _ object) (int, any) {
		delete(s.session, r.PathValue("session"))
		return 200, object{"status": "CLOSED"}
	}))
	add("POST "+v+"/sessions/{session}/statements", of(func(one *session, _ *http.Request, body object) (int, any) {
		handle := s.next("operation-%d")
		statement, _ := body["statement"].(string)
		one.operations[handle] = s.execute(one, statement)
		return 200, object{"operationHandle": handle}
	}))
	add("POST "+v+"/sessions/{session}/operations/{operation}/cancel", of(func(*session, *http.Request, object) (int, any) {
		return 200, object{"status": "CANCELED"}
	}))
	add("GET "+v+"/sessions/{session}/operations/{operation}/result/{token}", of(s.result))
}

var (
	setting   = regexp.MustCompile(`^SET '([^']*)' = '((?:[^']|'')*)'$`)
	resetting = regexp.MustCompile(`^RESET '([^']*)'$`)
	starts    = regexp.MustCompile(`(?is)^(INSERT|EXECUTE|UPDATE|DELETE|CREATE\s+TABLE\s.*\sAS\s+SELECT)\b`)
)

// execute does what a statement says, as far as a test can tell.
func (s *Server) execute(one *session, statement string) *operation {
	if m := setting.FindStringSubmatch(statement); m != nil {
		one.properties[m[1]] = strings.ReplaceAll(m[2], "''", "'")
		return &operation{}
	}
	if m := resetting.FindStringSubmatch(statement); m != nil {
		delete(one.properties, m[1])
		return &operation{}
	}
	s.sent = append(s.sent, statement)
	if s.refuse != nil {
		if trace := s.refuse(statement); trace != "" {
			return &operation{trace: trace}
		}
	}
	if !starts.MatchString(statement) {
		return &operation{}
	}
	id := one.properties["$internal.pipeline.job-id"]
	if id == "" {
		id = s.next("%032x")
	}
	if s.jobs[id] != nil {
		return &operation{trace: "org.apache.flink.table.api.TableException: Failed to execute sql\n\tat a.B.c(B.java:1)\n" +
			"Caused by: org.apache.flink.util.FlinkException: Failed to execute job 'x'.\n" +
			"Caused by: org.apache.flink.runtime.client.DuplicateJobSubmissionException: Job has already been submitted."}
	}
	restore := one.properties["execution.state-recovery.path"]
	if strings.HasPrefix(s.version, "1.") && s.version < "1.20" {
		restore = one.properties["execution.savepoint.path"]
	}
	s.jobs[id] = &Job{ID: id, Name: one.properties["pipeline.name"], Statement: statement, State: "RUNNING", Restore: restore}
	return &operation{job: id}
}

// result is not ready the first time that it is asked for.
func (s *Server) result(one *session, r *http.Request, _ object) (int, any) {
	op := one.operations[r.PathValue("operation")]
	if op == nil {
		return fails(500, "org.apache.flink.table.gateway.api.utils.SqlGatewayException: Can not find the submitted operation in the OperationManager with the operationHandle.")
	}
	token := r.PathValue("token")
	to := func(token string) string {
		return strings.TrimSuffix(r.URL.Path, r.PathValue("token")) + token + "?rowFormat=JSON"
	}
	if op.asked++; op.asked == 1 {
		return 200, object{"resultType": "NOT_READY", "nextResultUri": to(token)}
	}
	if op.trace != "" {
		return fails(500, "Internal server error.", "<Exception on server side:\n"+
			"org.apache.flink.table.gateway.api.utils.SqlGatewayException: org.apache.flink.table.gateway.api.utils.SqlGatewayException: Failed to fetchResults.\n\tat a.B.c(B.java:1)\n"+
			"Caused by: org.apache.flink.table.gateway.service.utils.SqlExecutionException: Failed to execute the operation "+r.PathValue("operation")+".\n"+
			"Caused by: "+op.trace+"\n\nEnd of exception on server side>")
	}
	answer := object{"resultType": "PAYLOAD", "isQueryResult": false, "resultKind": "SUCCESS", "nextResultUri": to("1"), "results": object{"data": []any{}}}
	if op.job != "" {
		answer["jobID"] = op.job
	}
	if token != "0" {
		answer["resultType"] = "EOS"
		delete(answer, "nextResultUri")
	}
	return 200, answer
}
