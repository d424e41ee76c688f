//go:build oracle

package oracle

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"millrace/flink/flinktest"
)

// flink is a SQL gateway of a real Flink.
type flink struct {
	base string
	out  string // the file of what its print tables print
}

// start starts a Flink for the time of the test.
func start(t *testing.T) *flink {
	t.Helper()
	c := flinktest.StartCluster(t)
	return &flink{base: c.Gateway, out: c.Output(flinktest.TaskManager)}
}

// answer is what a statement gives: rows as text, or what Flink printed to its standard output.
type answer struct {
	rows    []string
	printed []string
}

// session runs statements one after the other, each with what those before it have created.
type session struct {
	flink *flink
	path  string
}

func (f *flink) open(t *testing.T, properties map[string]string) *session {
	t.Helper()
	var opened struct{ SessionHandle string }
	if err := f.call("POST", "/v3/sessions", map[string]any{"properties": properties}, &opened); err != nil {
		t.Fatal(err)
	}
	s := &session{f, "/v3/sessions/" + opened.SessionHandle}
	t.Cleanup(func() {
		if err := f.call("DELETE", s.path, nil, nil); err != nil {
			t.Error(err)
		}
	})
	return s
}

type results struct {
	ResultType    string
	ResultKind    string
	NextResultURI string `json:"nextResultUri"`
	IsQueryResult bool
	Results       struct {
		Data []struct {
			Kind   string
			Fields []*string
		}
	}
}

// patience bounds the time of one statement.
const patience = 10 * time.Minute

func (s *session) run(statement string) (*answer, error) {
	before, err := s.flink.printed()
	if err != nil {
		return nil, err
	}
	var op struct{ OperationHandle string }
	if err := s.flink.call("POST", s.path+"/statements", map[string]any{"statement": statement}, &op); err != nil {
		return nil, err
	}
	a := &answer{}
	next := s.path + "/operations/" + op.OperationHandle + "/result/0?rowFormat=PLAIN_TEXT"
	for end := time.Now().Add(patience); next != ""; {
		var r results
		if err := s.flink.call("GET", next, nil, &r); err != nil {
			return a, err
		}
		a.take(&r)
		if r.NextResultURI != "" {
			next = r.NextResultURI
		} else if r.ResultType != "NOT_READY" {
			next = ""
		}
		if time.Now().After(end) {
			return a, fmt.Errorf("the statement has not ended after %s", patience)
		}
		if len(r.Results.Data) == 0 {
			<-time.After(20 * time.Millisecond)
		}
	}
	after, err := s.flink.printed()
	for line := range strings.Lines(strings.TrimPrefix(after, before)) {
		if printedRowLine.MatchString(line) {
			a.printed = append(a.printed, strings.TrimSuffix(line, "\n"))
		}
	}
	return a, err
}

// printedRowLine tells what print tables print from the log, which goes to the same file.
var printedRowLine = regexp.MustCompile(`^(\d+> )?[+-][IUD]\[`)

var kinds = map[string]string{"INSERT": "+I", "UPDATE_BEFORE": "-U", "UPDATE_AFTER": "+U", "DELETE": "-D"}

var escapes = strings.NewReplacer("\\", "\\\\", "\t", "\\t", "\n", "\\n")

func (a *answer) take(r *results) {
	if r.ResultKind != "SUCCESS_WITH_CONTENT" {
		return
	}
	for _, d := range r.Results.Data {
		cells := []string{kinds[d.Kind]}
		for _, f := range d.Fields {
			if f == nil {
				cells = append(cells, "<NULL>")
			} else {
				cells = append(cells, escapes.Replace(*f))
			}
		}
		a.rows = append(a.rows, strings.Join(cells, "\t"))
	}
}

// printed is all that the task manager has written to its standard output so far.
func (f *flink) printed() (string, error) {
	text, err := os.ReadFile(f.out)
	return string(text), err
}

func (f *flink) call(method, path string, body, answer any) error {
	var in io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		in = bytes.NewReader(text)
	}
	req, err := http.NewRequest(method, f.base+path, in)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return failure(text)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(text, answer)
}

// failure keeps the causes of a stack trace.
func failure(text []byte) error {
	var said struct{ Errors []string }
	if err := json.Unmarshal(text, &said); err != nil || len(said.Errors) == 0 {
		return errors.New(string(text))
	}
	var causes []string
	for line := range strings.Lines(strings.Join(said.Errors, "\n")) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "Caused by: "); ok {
			causes = append(causes, rest)
		}
	}
	if len(causes) == 0 {
		causes = said.Errors
	}
	return errors.New(strings.Join(causes, " <- "))
}
