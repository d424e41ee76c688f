package ingest

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// MaxSentBytes bounds a body as it is sent.
const MaxSentBytes = 10 << 20

const (
	// maxRatio bounds what a packed body may make of little: points shrink to a twentieth, zeros to a
	// thousandth. It holds from ratioFromBytes on, as short texts may repeat themselves.
	maxRatio       = 200
	ratioFromBytes = 1 << 20

	// firstRead is what is allotted before the client has sent anything.
	firstRead = 64 << 10
)

// BodyError says why a body was not read, for the client that sent it.
type BodyError struct {
	Status              int // 400, 413 or 415
	Title, Detail, Hint string
}

// Error returns the detail.
func (e *BodyError) Error() string { return e.Detail }

// ReadBody reads the request's body into the memory of buf, unpacked if it came with gzip, up to max
// bytes. An error is a *BodyError.
func ReadBody(w http.ResponseWriter, r *http.Request, buf []byte, maxBytes int64) ([]byte, error) {
	switch encoding := strings.ToLower(strings.Join(r.Header.Values("Content-Encoding"), ",")); encoding {
	case "", "identity":
		return ReadSent(w, r, buf, min(maxBytes, MaxSentBytes))
	case "gzip", "x-gzip":
		if r.ContentLength > MaxSentBytes {
			return buf, tooLarge(MaxSentBytes)
		}
		src := &counted{r: http.MaxBytesReader(w, r.Body, MaxSentBytes)}
		unzip, err := gzip.NewReader(src)
		if err != nil {
			return buf, unreadable("open gzip", err)
		}
		return fill(unzip, src, buf, -1, maxBytes)
	default:
		w.Header().Set("Accept-Encoding", "gzip")
		return buf, &BodyError{
			Status: http.StatusUnsupportedMediaType, Title: "Unsupported content encoding",
			Detail: fmt.Sprintf("content encoding %q is not known", encoding), Hint: "send the body plain or with gzip",
		}
	}
}

// ReadSent reads the request's body as it is sent into the memory of buf, up to max bytes. An error is
// a *BodyError.
func ReadSent(w http.ResponseWriter, r *http.Request, buf []byte, maxBytes int64) ([]byte, error) {
	if r.ContentLength > maxBytes {
		return buf, tooLarge(maxBytes)
	}
	src := &counted{r: http.MaxBytesReader(w, r.Body, maxBytes)}
	return fill(src, src, buf, r.ContentLength, maxBytes)
}

// fill reads r to its end. sent counts what it takes for that from the client.
func fill(r io.Reader, sent *counted, buf []byte, size, maxBytes int64) ([]byte, error) {
	buf = buf[:0]
	if want := int(min(size, firstRead)) + 1; cap(buf) < want {
		buf = make([]byte, 0, max(want, 512))
	}
	for {
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case int64(len(buf)) > maxBytes, len(buf) > ratioFromBytes && int64(len(buf)) > maxRatio*sent.n:
			return buf, tooLarge(maxBytes)
		case errors.Is(err, io.EOF):
			return buf, nil
		case err != nil:
			return buf, unreadable("read body", err)
		}
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
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

func unreadable(what string, err error) *BodyError {
	var limit *http.MaxBytesError
	if errors.As(err, &limit) {
		return tooLarge(limit.Limit)
	}
	return &BodyError{
		Status: http.StatusBadRequest, Title: "Bad request", Detail: what + ": " + err.Error(),
		Hint: "send the whole body, and gzip only with the header Content-Encoding: gzip",
	}
}

func tooLarge(maxBytes int64) *BodyError {
	return &BodyError{
		Status: http.StatusRequestEntityTooLarge, Title: "Body too large",
		Detail: fmt.Sprintf("the body is larger than %d bytes, or much larger than what it was packed into", maxBytes),
		Hint:   "send the points in several requests",
	}
}
