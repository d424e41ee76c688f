package syslog

import (
	"bytes"
	"context"
	"errors"
	"time"

	"millrace/connector"
	"millrace/fault"
	"millrace/format"
	"millrace/logline"
)

// Bounds of one append.
const (
	maxRecords = 1000
	maxBytes   = 1 << 20
)

// records gathers messages and sends them to the bus. One goroutine uses it.
type records struct {
	*collector
	site    connector.Site
	parser  logline.Parser
	good    []connector.Record
	bad     []connector.Unread
	bytes   int
	scratch []byte
}

func newRecords(c *collector, site connector.Site) (*records, error) {
	parser, err := c.parser()
	return &records{collector: c, site: site, parser: parser}, err
}

func (r *records) full() bool { return len(r.good)+len(r.bad) >= maxRecords || r.bytes >= maxBytes }

// take makes a record of a message. reason says why it is refused already.
func (r *records) take(message []byte, peer, reason string) {
	message = bytes.TrimRight(message, "\r\n\x00")
	if len(message) == 0 {
		return
	}
	headers := []connector.Header{{Name: "millrace.source", Value: []byte(r.site.Name())}, {Name: "syslog.peer", Value: []byte(peer)}}
	rec := connector.Record{Key: []byte(peer), Headers: headers}
	err := error(&format.Error{Reason: reason})
	if reason == "" {
		rec.Value, rec.Time, err = r.parse(message, peer)
	}
	if err != nil {
		rec.Value = bytes.Clone(message)
		r.bad = append(r.bad, connector.Unread{Record: rec, Reason: err})
	} else {
		r.good = append(r.good, rec)
	}
	r.bytes += len(rec.Value)
}

func (r *records) parse(message []byte, peer string) (object []byte, at time.Time, err error) {
	if message[0] != '<' {
		return nil, at, &format.Error{Field: "priority", Reason: "a message begins with one, <13>"}
	}
	if bytes.IndexByte(message, '\x1b') >= 0 || bytes.Contains(message, []byte(escapedCSI)) {
		r.scratch = appendPlain(r.scratch[:0], message)
		message = r.scratch
	}
	object, at, err = r.parser.Append(nil, message)
	if err != nil {
		return nil, at, err
	}
	object = logline.AddField(object, "host", peer)
	if at.IsZero() {
		object = logline.AddField(object, "timestamp", r.now().UTC().Format(time.RFC3339Nano))
	}
	return object, at, nil
}

// escapedCSI is how rsyslog writes what begins the colours of terminals.
const escapedCSI = "#033["

// appendPlain appends text without what terminals take for colours and movements (ECMA-48): ESC [ and what
// belongs to it, and any other ESC.
func appendPlain(dst, text []byte) []byte {
	for i := 0; i < len(text); i++ {
		rest := text[i:]
		switch {
		case bytes.HasPrefix(rest, []byte("\x1b[")):
			i += sequence(rest[2:]) + 1
		case bytes.HasPrefix(rest, []byte(escapedCSI)):
			i += sequence(rest[len(escapedCSI):]) + len(escapedCSI) - 1
		case rest[0] == '\x1b':
		default:
			dst = append(dst, rest[0])
		}
	}
	return dst
}

// sequence is how many bytes a control sequence has behind its beginning.
func sequence(b []byte) int {
	for i, c := range b {
		switch {
		case c >= 0x40 && c <= 0x7e:
			return i + 1
		case c < 0x20 || c > 0x3f:
			return i
		}
	}
	return len(b)
}

// How long an append is waited with when the bus is away, and how long the last one may take when all ends.
const (
	firstWait = 100 * time.Millisecond
	longWait  = 5 * time.Second
	lastWait  = 2 * time.Second
)

// send appends what was gathered. While the bus is away it tries again: nobody sends a record of syslog
// twice. It returns an error if there is no use in that, and when ctx has ended.
func (r *records) send(ctx context.Context) error {
	for wait := firstWait; len(r.good)+len(r.bad) > 0; wait = min(2*wait, longWait) {
		err := r.append(ctx)
		if err == nil {
			continue
		}
		if r.site.Preview() || !errors.Is(err, fault.Unavailable) && ctx.Err() == nil {
			return err
		}
		if ctx.Err() == nil {
			r.site.Warn(err)
		}
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWait)
			defer cancel()
			return r.append(last)
		case <-time.After(wait):
		}
	}
	return nil
}

func (r *records) append(ctx context.Context) error {
	if len(r.good) > 0 {
		if err := r.site.Append(ctx, r.topic, r.good); err != nil {
			return err
		}
		r.good = r.good[:0]
	}
	if len(r.bad) > 0 {
		if err := r.site.Refuse(ctx, r.topic, r.bad); err != nil {
			return err
		}
		r.bad = r.bad[:0]
	}
	r.bytes = 0
	return nil
}
