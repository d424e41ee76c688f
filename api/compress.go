package api

import (
	"compress/gzip"
	"net/http"
	"strings"
	"sync"
)

// minGzipBytes is below what gzip is not worth a header.
const minGzipBytes = 1400 // about one packet

// gzipPool keeps writers for reuse: each has 800 kB of tables.
type gzipPool struct{ pool sync.Pool }

func (p *gzipPool) get(w http.ResponseWriter) *gzip.Writer {
	if z, ok := p.pool.Get().(*gzip.Writer); ok {
		z.Reset(w)
		return z
	}
	z, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		panic(err) // the level is a constant
	}
	return z
}

// compressed gzips an answer if the client takes it, the first Write is large enough, and the
// content is text. Handlers write JSON in one piece, so the first Write is the answer.
type compressed struct {
	http.ResponseWriter
	r       *http.Request
	pool    *gzipPool
	z       *gzip.Writer
	status  int
	decided bool
}

// WriteHeader keeps the status back until the first Write decides about headers.
func (c *compressed) WriteHeader(status int) {
	if status < 200 {
		c.ResponseWriter.WriteHeader(status)
		return
	}
	if c.status == 0 {
		c.status = status
	}
	if status == http.StatusNoContent || status == http.StatusNotModified {
		c.start(nil)
	}
}

// Write decides at the first call, then writes.
func (c *compressed) Write(p []byte) (int, error) {
	c.start(p)
	if c.z != nil {
		return c.z.Write(p)
	}
	return c.ResponseWriter.Write(p)
}

// FlushError sends what there is; http.ResponseController calls it.
func (c *compressed) FlushError() error {
	c.start(nil)
	if c.z != nil {
		if err := c.z.Flush(); err != nil {
			return err
		}
	}
	return http.NewResponseController(c.ResponseWriter).Flush()
}

// Unwrap gives http.ResponseController the writer below.
func (c *compressed) Unwrap() http.ResponseWriter { return c.ResponseWriter }

func (c *compressed) start(first []byte) {
	if c.decided {
		return
	}
	c.decided = true
	h := c.Header()
	if isText(h.Get("Content-Type")) && h.Get("Content-Encoding") == "" && h.Get("Content-Range") == "" {
		addVary(h, "Accept-Encoding")
		if len(first) >= minGzipBytes && c.r.Method != http.MethodHead && takesGzip(c.r) {
			h.Set("Content-Encoding", "gzip")
			h.Del("Content-Length")
			c.z = c.pool.get(c.ResponseWriter)
		}
	}
	if c.status != 0 {
		c.ResponseWriter.WriteHeader(c.status)
	}
}

// close finishes the answer.
func (c *compressed) close() {
	if c.status != 0 {
		c.start(nil)
	}
	if c.z != nil {
		_ = c.z.Close() // the client may be gone
		c.pool.pool.Put(c.z)
		c.z = nil
	}
}

func isText(contentType string) bool {
	return strings.HasPrefix(contentType, "application/json") || strings.HasPrefix(contentType, problemType) ||
		strings.HasPrefix(contentType, "application/openapi+json") || strings.HasPrefix(contentType, "text/")
}

func takesGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			q := strings.TrimSpace(params)
			return q != "q=0" && q != "q=0.0" && q != "q=0.00" && q != "q=0.000"
		}
	}
	return false
}

func addVary(h http.Header, name string) {
	for _, v := range h.Values("Vary") {
		if strings.Contains(v, name) {
			return
		}
	}
	h.Add("Vary", name)
}
