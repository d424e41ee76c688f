package api

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"
)

// addScreen serves the files of the screen, index.html for the routes that the screen itself knows,
// and a Problem for everything that nobody answers.
func (s *Server) addScreen(files fs.FS) {
	set := newFileSet(files)
	s.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
		if p := s.unanswered(w, r, name); p != nil {
			writeProblem(w, p)
			return
		}
		if name == "" {
			name = "index.html"
		}
		if set.serve(w, r, name) {
			return
		}
		if path.Ext(name) != "" || !set.serve(w, r, "index.html") {
			writeProblem(w, newProblem(http.StatusNotFound, "there is no such file"))
		}
	})
}

// unanswered returns the problem of a request that is none for the screen: another method than the
// route has, or a path of the API that does not exist.
func (s *Server) unanswered(w http.ResponseWriter, r *http.Request, name string) *Problem {
	if allowed := s.allowed(r); len(allowed) > 0 {
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		return newProblem(http.StatusMethodNotAllowed, "this path does not know the method; it knows "+strings.Join(allowed, ", "))
	}
	first, _, _ := strings.Cut(name, "/")
	if first == "api" || first == "ws" {
		p := newProblem(http.StatusNotFound, "there is no such path")
		p.Hint = "/docs lists what there is"
		return p
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		return newProblem(http.StatusMethodNotAllowed, "this path does not know the method; it knows GET and HEAD")
	}
	return nil
}

// allowed lists the methods that the path of r has routes for, besides the one that catches all.
func (s *Server) allowed(r *http.Request) (methods []string) {
	for _, m := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} {
		probe := &http.Request{Method: m, URL: r.URL, Host: r.Host}
		if _, pattern := s.mux.Handler(probe); pattern != "" && pattern != "/" {
			methods = append(methods, m)
		}
	}
	return methods
}

// fileSet are files that do not change, each read once: at most as many as there are.
type fileSet struct {
	files fs.FS
	mu    sync.Mutex // guards read
	read  map[string]*staticFile
}

type staticFile struct {
	plain, zipped []byte // zipped is nil where it is not smaller
	etag          string
	contentType   string
}

func newFileSet(files fs.FS) *fileSet { return &fileSet{files: files, read: map[string]*staticFile{}} }

// load returns a file, or nil if there is none.
func (s *fileSet) load(name string) *staticFile {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.read[name]; f != nil {
		return f
	}
	if !fs.ValidPath(name) || strings.HasPrefix(path.Base(name), ".") {
		return nil
	}
	info, err := fs.Stat(s.files, name)
	if err != nil || info.IsDir() {
		return nil
	}
	plain, err := fs.ReadFile(s.files, name)
	if err != nil {
		return nil
	}
	sum := sha256.Sum256(plain)
	f := &staticFile{plain: plain, etag: `"` + hex.EncodeToString(sum[:12]) + `"`, contentType: typeOf(name)}
	if isText(f.contentType) || strings.HasSuffix(name, ".svg") {
		f.zipped = zip(plain)
	}
	s.read[name] = f
	return f
}

func zip(plain []byte) []byte {
	var buf bytes.Buffer
	z, err := gzip.NewWriterLevel(&buf, gzip.BestCompression)
	if err != nil {
		return nil
	}
	if _, err := z.Write(plain); err != nil || z.Close() != nil || buf.Len() >= len(plain) {
		return nil
	}
	return buf.Bytes()
}

// typeOf is the media type by a file's name. The few that matter are here, as the tables of systems
// differ.
func typeOf(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".json", ".map":
		return "application/json"
	case ".woff2":
		return "font/woff2"
	case ".webmanifest":
		return "application/manifest+json"
	}
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

// serve answers with a file, and reports whether it exists. Names below assets/ carry a hash of
// what is in them, so they may be kept for ever; the others are asked for again each time, which
// costs a 304.
func (s *fileSet) serve(w http.ResponseWriter, r *http.Request, name string) bool {
	f := s.load(name)
	if f == nil {
		return false
	}
	h := w.Header()
	h.Set("Content-Type", f.contentType)
	h.Set("Etag", f.etag)
	h.Set("Cache-Control", "no-cache")
	if strings.HasPrefix(name, "assets/") {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	body := f.plain
	if f.zipped != nil {
		addVary(h, "Accept-Encoding")
		if takesGzip(r) && r.Header.Get("Range") == "" {
			body = f.zipped
			h.Set("Content-Encoding", "gzip")
			// Each form has its own tag, as a cache may keep both.
			h.Set("Etag", strings.TrimSuffix(f.etag, `"`)+`-gz"`)
		}
	}
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(body))
	return true
}

// mustSub panics only on an invalid path, and every path is a constant.
func mustSub(files fs.FS, dir string) fs.FS {
	sub, err := fs.Sub(files, dir)
	if err != nil {
		panic(err)
	}
	return sub
}
