package sources

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"millrace/internal/port"
)

// TestHTTP polls an API that answers with errors, garbage, too late and that it is asked too often, in between. One source
// knows rows by their ids, the other goes by ETag and 304.
func TestHTTP(t *testing.T) {
	t.Parallel()
	api := &fickle{t: t, addr: port.Free(t), lists: map[string]*list{"/window": {}, "/page": {}}}
	api.start()
	t.Cleanup(api.stop)
	flow := func(name, path string, options map[string]string) *flow {
		for k, v := range map[string]string{
			"url": "http://" + api.addr + path, "topic": "polled." + name, "interval": "100 ms", "timeout": "500 ms", "rows": "data.items", "token": "right",
		} {
			options[k] = v
		}
		return &flow{
			name: name, connector: "http", once: true, options: options,
			publish: func(_, upto int) error { api.lists[path].publish(upto); return nil },
			bad:     func() error { api.lists[path].spoil(); return nil }, bads: 2, reason: "JSON",
			preview: map[string]string{"query.calm": "yes"},
			wrong: []wrong{
				{map[string]string{"token": "not-this-one"}, "401"},
				{map[string]string{"url": "http://" + port.Free(t) + path}, "connection refused"},
				{map[string]string{"query.calm": "yes", "rows": "data.things"}, "things"},
			},
		}
	}
	byID, byTag := flow("readings", "/window", map[string]string{"id": "id"}), flow("orders", "/page", map[string]string{})
	byTag.byAPI = true
	collect(t, api, byID, byTag)
	for path, l := range api.lists {
		if len(l.done) != len(whims) {
			t.Errorf("%s did only %v of %v", path, l.done, whims)
		}
	}
}

// What an API does instead of answering, and before which of its answers.
var whims = map[int]string{2: "error", 4: "garbage", 7: "slow", 9: "busy"}

const (
	perAnswer = 500  // rows that come anew
	repeated  = 2000 // rows of a window that were there before
)

// list is what one path of the API has.
type list struct {
	mu        sync.Mutex // guards what follows
	available int        // rows that there are
	from, at  int        // rows of the last answer
	answers   int
	spoiled   bool
	done      map[string]bool // whims
}

func (l *list) publish(upto int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.available = upto
}

func (l *list) spoil() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spoiled = true
}

// whim says what to do instead of answering, once each.
func (l *list) whim() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.spoiled {
		l.spoiled = false
		return "garbage"
	}
	what := whims[l.answers]
	if what == "" || l.done[what] {
		return ""
	}
	if l.done == nil {
		l.done = map[string]bool{}
	}
	l.done[what] = true
	return what
}

// fickle is a web server that can be stopped.
type fickle struct {
	t     *testing.T
	addr  string
	lists map[string]*list
	srv   *http.Server
	ended chan struct{}
}

func (f *fickle) start() {
	f.t.Helper()
	l, err := net.Listen("tcp", f.addr)
	if err != nil {
		f.t.Fatal(err)
	}
	mux := http.NewServeMux()
	for path, l := range f.lists {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) { l.serve(w, r, path == "/page") })
	}
	f.srv, f.ended = &http.Server{Handler: mux}, make(chan struct{})
	go func(srv *http.Server, ended chan<- struct{}) {
		_ = srv.Serve(l) // until it is closed
		close(ended)
	}(f.srv, f.ended)
}

func (f *fickle) stop() {
	f.srv.Close()
	<-f.ended
}

func (l *list) serve(w http.ResponseWriter, r *http.Request, paged bool) {
	if r.Header.Get("Authorization") != "Bearer right" {
		http.Error(w, "who are you?", http.StatusUnauthorized)
		return
	}
	if r.URL.Query().Get("calm") != "" {
		l.answer(w, 0, 3)
		return
	}
	switch l.whim() {
	case "error":
		http.Error(w, "try later", http.StatusInternalServerError)
	case "garbage":
		_, _ = io.WriteString(w, "<html>an error page with status 200</html>")
	case "slow":
		select {
		case <-r.Context().Done():
		case <-time.After(settle):
		}
	case "busy":
		w.Header().Set("Retry-After", "1")
		http.Error(w, "too often", http.StatusTooManyRequests)
	default:
		l.next(w, r, paged)
	}
}

// next answers with rows. A window moves on with each answer and repeats what was before; a page is turned once it is
// known to have been read.
func (l *list) next(w http.ResponseWriter, r *http.Request, paged bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	tag := func() string { return fmt.Sprintf(`"%d-%d"`, l.from, l.at) }
	switch {
	case !paged:
		l.at = min(l.at+perAnswer, l.available)
		l.from = max(0, l.at-perAnswer-repeated)
	case l.at == 0 || r.Header.Get("If-None-Match") == tag():
		if l.at == l.available && l.at > 0 {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		l.from, l.at = l.at, min(l.at+perAnswer, l.available)
	}
	if paged {
		w.Header().Set("ETag", tag())
	}
	if l.at > 0 {
		l.answers++
	}
	l.answer(w, l.from, l.at)
}

func (l *list) answer(w io.Writer, from, upto int) {
	items := []json.RawMessage{}
	for id := from; id < upto; id++ {
		items = append(items, json.RawMessage(line(id)))
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"data": map[string]any{"items": items}}) // a client that is gone gets nothing
}
