package avro

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	library "github.com/twmb/avro"

	"millrace/fault"
	"millrace/format"
	"millrace/format/formattest"
	"millrace/option"
	"millrace/schema"
	"millrace/vec"
)

// fakeRegistry answers as a schema registry does: schemas by id, registering under a subject.
type fakeRegistry struct {
	*httptest.Server
	mu       sync.Mutex
	schemas  []map[string]any // by id - 1
	subjects map[string][]int
	requests int
	answer   int // another status for everything
	login    string
}

func newRegistry(t testing.TB) *fakeRegistry {
	r := &fakeRegistry{subjects: map[string][]int{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /schemas/ids/{id}", func(w http.ResponseWriter, q *http.Request) {
		var id int
		fmt.Sscan(q.PathValue("id"), &id)
		if id < 1 || id > len(r.schemas) {
			refuse(w, http.StatusNotFound, 40403, "Schema not found")
			return
		}
		reply(w, r.schemas[id-1])
	})
	mux.HandleFunc("GET /subjects/{subject}/versions/{version}", func(w http.ResponseWriter, q *http.Request) {
		var version int
		fmt.Sscan(q.PathValue("version"), &version)
		ids := r.subjects[q.PathValue("subject")]
		if version < 1 || version > len(ids) {
			refuse(w, http.StatusNotFound, 40402, "Version not found")
			return
		}
		out := map[string]any{"subject": q.PathValue("subject"), "id": ids[version-1], "version": version}
		for k, v := range r.schemas[ids[version-1]-1] {
			out[k] = v
		}
		reply(w, out)
	})
	mux.HandleFunc("POST /subjects/{subject}/versions", func(w http.ResponseWriter, q *http.Request) {
		var s map[string]any
		if err := json.NewDecoder(q.Body).Decode(&s); err != nil {
			refuse(w, http.StatusUnprocessableEntity, 42201, err.Error())
			return
		}
		reply(w, map[string]any{"id": r.add(q.PathValue("subject"), s)})
	})
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.requests++
		user, password, _ := q.BasicAuth()
		if auth := q.Header.Get("Authorization"); r.login != "" && r.login != user+":"+password && auth != "Bearer "+r.login {
			refuse(w, http.StatusUnauthorized, 401, "Unauthorized")
			return
		}
		if r.answer != 0 {
			refuse(w, r.answer, r.answer*100+1, "as the test wants it")
			return
		}
		mux.ServeHTTP(w, q)
	}))
	t.Cleanup(r.Close)
	return r
}

// add registers a schema and returns its id, that of an equal one if there is one.
func (r *fakeRegistry) add(subject string, s map[string]any) int {
	for i, known := range r.schemas {
		if known["schema"] == s["schema"] {
			return i + 1
		}
	}
	r.schemas = append(r.schemas, s)
	r.subjects[subject] = append(r.subjects[subject], len(r.schemas))
	return len(r.schemas)
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/vnd.schemaregistry.v1+json")
	_ = json.NewEncoder(w).Encode(v) // the client sees a reply cut short
}

func refuse(w http.ResponseWriter, status, code int, message string) {
	w.Header().Set("Content-Type", "application/vnd.schemaregistry.v1+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error_code": code, "message": message})
}

func users() *schema.Schema {
	return schema.New(schema.Field{Name: "id", Type: schema.Of(schema.BigInt).Required()}, schema.Field{Name: "name", Type: schema.Of(schema.VarChar)})
}

func confluent(t testing.TB, r *fakeRegistry, more option.Values) (format.Decoder, format.Encoder) {
	t.Helper()
	v := option.Values{"url": r.URL, "subject": "users-value"}
	for k, x := range more {
		v[k] = x
	}
	v, err := option.Check("avro-confluent", Confluent().Options, v)
	if err != nil {
		t.Fatal(err)
	}
	d, err := newConfluentDecoder(users(), v)
	if err != nil {
		t.Fatal(err)
	}
	e, err := newConfluentEncoder(users(), v)
	if err != nil {
		t.Fatal(err)
	}
	return d, e
}

func oneUser() *vec.Batch {
	b := vec.NewBuilder(users())
	b.SetInt(0, 7)
	b.SetString(1, "ann")
	b.EndRow(vec.Insert)
	return b.Batch()
}

func TestConfluentConformance(t *testing.T) {
	v := newMapping()
	v["url"], v["subject"] = newRegistry(t).URL, "s"
	formattest.Run(t, formattest.Suite{Spec: Confluent(), Options: v, Rows: formattest.Everything(), Broken: []string{"\x00", "\x00\x00\x00\x00\x09", "\x01\x00\x00\x00\x01", "\x00\x00\x00\x00\x01\x02"}})
}

func TestConfluent(t *testing.T) {
	r := newRegistry(t)
	d, e := confluent(t, r, nil)
	if r.requests > 0 {
		t.Fatal("asks the registry before the first record")
	}
	var record []byte
	for range 3 {
		var err error
		if record, err = e.Append(nil, oneUser(), 0); err != nil {
			t.Fatal(err)
		}
	}
	if want := "\x00\x00\x00\x00\x01\x0e\x02\x06ann"; string(record) != want || r.requests != 1 {
		t.Errorf("%q after %d requests, want %q", record, r.requests, want)
	}
	want, err := derive(users(), true)
	if err != nil || r.schemas[0]["schema"] != want || len(r.subjects["users-value"]) != 1 {
		t.Errorf("%v: registered %v under %v", err, r.schemas, r.subjects)
	}
	dst := vec.NewBuilder(users())
	for range 3 {
		if err := d.Decode(record, dst); err != nil {
			t.Fatal(err)
		}
	}
	if r.requests != 2 {
		t.Errorf("%d requests", r.requests)
	}
	r.mu.Lock()
	writer := `{"type":"record","name":"com.example.User","fields":[{"name":"name","type":"string"},{"name":"age","type":"int"},{"name":"id","type":"int"}]}`
	id := r.add("other", map[string]any{"schema": writer})
	r.mu.Unlock()
	body, err := library.MustParse(writer).Encode(map[string]any{"name": "bob", "age": int32(5), "id": int32(9)})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // to and fro between schemas
		for _, m := range [][]byte{append([]byte{0, 0, 0, 0, byte(id)}, body...), record} {
			if err := d.Decode(m, dst); err != nil {
				t.Fatal(err)
			}
		}
	}
	if diff := cmp.Diff([]vec.Value{{I: 9}, {S: "bob"}}, formattest.Row(dst.Batch(), 3)); diff != "" || r.requests != 3 {
		t.Errorf("%d requests (-want +got):\n%s", r.requests, diff)
	}
	if err := d.Decode(nil, dst); err != nil || dst.Len() != 7 {
		t.Errorf("a tombstone: %v, %d rows", err, dst.Len())
	}
}

func TestConfluentReferences(t *testing.T) {
	r := newRegistry(t)
	r.add("a", map[string]any{"schema": `{"type":"enum","name":"com.x.Color","symbols":["red","blue"]}`})
	r.add("b", map[string]any{
		"schema":     `{"type":"record","name":"com.x.Car","fields":[{"name":"name","type":"Color"}]}`,
		"references": []any{map[string]any{"name": "com.x.Color", "subject": "a", "version": 1}},
	})
	id := r.add("c", map[string]any{
		"schema":     `{"type":"record","name":"com.y.User","fields":[{"name":"car","type":"com.x.Car"},{"name":"name","type":"com.x.Color"},{"name":"id","type":"long"}]}`,
		"references": []any{map[string]any{"name": "com.x.Car", "subject": "b", "version": 1}, map[string]any{"name": "com.x.Color", "subject": "a", "version": 1}},
	})
	d, _ := confluent(t, r, nil)
	dst := vec.NewBuilder(users())
	if err := d.Decode([]byte{0, 0, 0, 0, byte(id), 0, 2, 14}, dst); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]vec.Value{{I: 7}, {S: "blue"}}, formattest.Row(dst.Batch(), 0)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestConfluentSchemaOption(t *testing.T) {
	r := newRegistry(t)
	text := `{"type":"record","name":"com.x.User","fields":[{"name":"name","type":[{"type":"enum","name":"N","symbols":["ann","bob"]},"null"]},{"name":"id","type":"long"}]}`
	_, e := confluent(t, r, option.Values{"schema": text})
	record, err := e.Append(nil, oneUser(), 0)
	if err != nil || string(record) != "\x00\x00\x00\x00\x01\x00\x00\x0e" || r.schemas[0]["schema"] != text {
		t.Errorf("%q, %v, registered %v", record, err, r.schemas)
	}
	for _, bad := range []string{
		`{`, `"int"`, `{"type":"record","name":"R","fields":[{"name":"id","type":"long"}]}`, `{"type":"record","name":"R","fields":[{"name":"id","type":"int"},{"name":"name","type":"string"}]}`,
		`{"type":"record","name":"R","fields":[{"name":"id","type":"long"},{"name":"nam","type":"string"}]}`, `{"type":"record","name":"R","fields":[{"name":"id","type":"long"},{"name":"name","type":["null","string","int"]}]}`,
	} {
		if _, err := newConfluentEncoder(users(), option.Values{"url": r.URL, "subject": "s", "schema": bad}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestRegistryFails(t *testing.T) {
	r := newRegistry(t)
	good := []byte("\x00\x00\x00\x00\x01\x0e\x02\x06ann")
	f := func(status int, kind fault.Kind) {
		t.Helper()
		r.mu.Lock()
		r.answer = status
		r.mu.Unlock()
		d, e := confluent(t, r, nil)
		if _, err := e.Append(nil, oneUser(), 0); fault.KindOf(err) != kind {
			t.Errorf("status %d: write: %v", status, err)
		}
		err := d.Decode(good, vec.NewBuilder(users()))
		var bad *format.Error
		if status == http.StatusNotFound {
			if !errors.As(err, &bad) || !strings.Contains(err.Error(), "schema 1: it is not in the registry") {
				t.Errorf("status %d: read: %v", status, err)
			}
		} else if fault.KindOf(err) != kind {
			t.Errorf("status %d: read: %v", status, err)
		}
		r.mu.Lock()
		r.answer = 0
		r.mu.Unlock()
		if _, err := e.Append(nil, oneUser(), 0); err != nil {
			t.Errorf("status %d: write again: %v", status, err)
		}
		if err := d.Decode(good, vec.NewBuilder(users())); err != nil {
			t.Errorf("status %d: read again: %v", status, err)
		}
	}
	f(http.StatusInternalServerError, fault.Unavailable)
	f(http.StatusTooManyRequests, fault.Unavailable)
	f(http.StatusForbidden, fault.Denied)
	f(http.StatusConflict, fault.Conflict)
	f(http.StatusUnprocessableEntity, fault.Invalid)
	f(http.StatusNotFound, fault.Invalid)
	d, e := confluent(t, r, nil)
	r.Close()
	if _, err := e.Append([]byte("x"), oneUser(), 0); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("write without a registry: %v", err)
	}
	if err := d.Decode(good, vec.NewBuilder(users())); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("read without a registry: %v", err)
	}
	if _, err := newConfluentEncoder(users(), option.Values{"url": r.URL}); fault.HintOf(err) == "" {
		t.Errorf("write without a subject: %v", err)
	}
}

func TestRegistryLogin(t *testing.T) {
	r := newRegistry(t)
	f := func(login string, v option.Values) {
		t.Helper()
		r.mu.Lock()
		r.login = login
		r.mu.Unlock()
		_, e := confluent(t, r, v)
		if _, err := e.Append(nil, oneUser(), 0); err != nil {
			t.Error(err)
		}
	}
	f("ann:s3cret", option.Values{"basic-auth.credentials-source": "USER_INFO", "basic-auth.user-info": "ann:s3cret"})
	f("t0ken", option.Values{"bearer-auth.credentials-source": "STATIC_TOKEN", "bearer-auth.token": "t0ken"})
	f("ann:s3cret", option.Values{"url": strings.Replace(r.URL, "http://", "http://ann:s3cret@", 1)})
	_, e := confluent(t, r, nil)
	if _, err := e.Append(nil, oneUser(), 0); fault.KindOf(err) != fault.Denied {
		t.Errorf("without a login: %v", err)
	}
}

func TestKnownPlansAreBounded(t *testing.T) {
	r := newRegistry(t)
	d, _ := confluent(t, r, nil)
	p := d.(*decoder).plans.(*registryPlans)
	for i := range maxPlans + 5 {
		p.known[uint32(1000+i)] = knownPlan{}
	}
	r.add("s", map[string]any{"schema": `{"type":"record","name":"R","fields":[{"name":"id","type":"long"}]}`})
	if err := d.Decode([]byte{0, 0, 0, 0, 1, 2}, vec.NewBuilder(users())); err != nil || len(p.known) != 1 {
		t.Errorf("%v, %d plans", err, len(p.known))
	}
}
