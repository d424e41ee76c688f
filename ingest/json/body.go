package json

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

const (
	maxBodyBytes = 10 << 20 // both as sent and unpacked
	maxPoints    = 100_000  // in one request

	// maxPointBytes keeps a record, also as a dead letter, below the megabyte that Kafka takes, so that
	// one point does not make the bus refuse the others.
	maxPointBytes = 512 << 10

	// maxRatio bounds what gzip may make of little: points shrink to a twentieth, zeros to a thousandth.
	// It holds from ratioFromBytes on, as short texts may repeat themselves.
	maxRatio       = 200
	ratioFromBytes = 1 << 20

	// firstRead is what is allotted before the client has sent anything.
	firstRead = 64 << 10
)

// read fills b.body with the request's body, unpacked.
func (b *batch) read(w http.ResponseWriter, r *http.Request) *problem {
	if r.ContentLength > maxBodyBytes {
		return bodyTooLarge()
	}
	src := &counted{r: http.MaxBytesReader(w, r.Body, maxBodyBytes)}
	switch encoding := strings.ToLower(strings.Join(r.Header.Values("Content-Encoding"), ",")); encoding {
	case "", "identity":
		return b.fill(src, src, r.ContentLength)
	case "gzip", "x-gzip":
		unzip, err := gzip.NewReader(src)
		if err != nil {
			return unreadable("open gzip", err)
		}
		return b.fill(unzip, src, -1)
	default:
		w.Header().Set("Accept-Encoding", "gzip")
		return &problem{
			Status: http.StatusUnsupportedMediaType, Title: "Unsupported content encoding",
			Detail: fmt.Sprintf("content encoding %q is not known", encoding), Hint: "send the body plain or with gzip",
		}
	}
}

// fill reads r to its end. sent counts what it takes for that from the client.
func (b *batch) fill(r io.Reader, sent *counted, size int64) *problem {
	if want := int(min(size, firstRead)) + 1; cap(b.body) < want {
		b.body = make([]byte, 0, max(want, 512))
	}
	for {
		n, err := r.Read(b.body[len(b.body):cap(b.body)])
		b.body = b.body[:len(b.body)+n]
		switch {
		case len(b.body) > maxBodyBytes, len(b.body) > ratioFromBytes && int64(len(b.body)) > maxRatio*sent.n:
			return bodyTooLarge()
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return unreadable("read body", err)
		}
		if len(b.body) == cap(b.body) {
			b.body = append(b.body, 0)[:len(b.body)]
		}
	}
}

// counted counts what is read through it.
type counted struct {
	r io.Reader
	n int64
}

// Read implements io.Reader.
func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

func unreadable(what string, err error) *problem {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return bodyTooLarge()
	}
	return badRequest(what+": "+err.Error(), "send the whole body, and gzip only with the header Content-Encoding: gzip")
}

func bodyTooLarge() *problem {
	return &problem{
		Status: http.StatusRequestEntityTooLarge, Title: "Body too large",
		Detail: fmt.Sprintf("the body is larger than %d bytes, or much larger than what it was packed into", maxBodyBytes),
		Hint:   "send the points in several requests",
	}
}

func tooManyPoints() *problem {
	return &problem{
		Status: http.StatusRequestEntityTooLarge, Title: "Too many points",
		Detail: fmt.Sprintf("the request has more than %d points", maxPoints),
		Hint:   "send the points in several requests",
	}
}
