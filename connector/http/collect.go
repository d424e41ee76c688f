package http

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	nethttp "net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"millrace/connector"
	"millrace/fault"
	"millrace/format"
)

// Collect polls until ctx ends or the bus fails.
func (c *collector) Collect(ctx context.Context, site connector.Site) error {
	position, err := site.Position(ctx)
	if err != nil {
		return err
	}
	seen, err := recall(position, sumOf(c.url.String(), c.request.method, c.request.body))
	if err != nil {
		return err
	}
	client, err := c.client()
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	site.SetLag(-1)
	p := &polling{collector: c, site: site, client: client, seen: seen}
	if err := p.run(ctx); ctx.Err() == nil {
		return err
	}
	return nil
}

// polling is one Collect.
type polling struct {
	*collector
	site    connector.Site
	client  *nethttp.Client
	seen    *memory
	errors  int // in a row
	crowded bool
}

func (p *polling) run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	next := p.now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		bad, err := p.poll(ctx)
		if err != nil || ctx.Err() != nil {
			return err
		}
		now := p.now()
		if bad != nil {
			p.errors++
			p.site.Warn(bad)
			next = now.Add(p.backoff(bad))
		} else {
			p.errors = 0
			if next = next.Add(p.interval); next.Before(now) { // polls that were missed are not made up for
				next = now.Add(p.interval - now.Sub(next)%p.interval)
			}
		}
		timer.Reset(next.Sub(now))
	}
}

// backoff is how long to wait after so many errors in a row.
func (p *polling) backoff(err error) time.Duration {
	wait := p.mostBackoff
	if p.errors <= 30 {
		wait = min(p.firstBackoff<<(p.errors-1), p.mostBackoff)
	}
	wait += time.Duration((rand.Float64() - 0.5) * 0.4 * float64(wait))
	var bad *badAnswer
	if errors.As(err, &bad) {
		wait = max(wait, min(bad.wait, mostAsked))
	}
	return max(wait, p.interval)
}

// badAnswer is an answer that is of no use.
type badAnswer struct {
	kind fault.Kind
	text string
	body []byte        // that is no JSON; goes to the dead letters
	wait time.Duration // that the server asked for
}

func (e *badAnswer) Error() string { return e.text }

// poll asks once and appends what is new. bad is an error that does not end the collecting.
func (p *polling) poll(ctx context.Context) (bad, err error) {
	a, bad := p.ask(ctx, p.client, p.seen.last)
	if bad != nil {
		var answer *badAnswer
		if errors.As(bad, &answer) && answer.body != nil && ctx.Err() == nil {
			why := &format.Error{Reason: answer.text}
			err = p.site.Refuse(ctx, p.topic, []connector.Unread{p.unread(p.site.Name(), answer.body, why)})
		}
		return bad, err
	}
	if a.unchanged {
		return nil, nil
	}
	p.seen.poll++
	batch := p.batch(a)
	p.seen.last = a.validators
	if crowded := p.seen.forget(p.idPolls); crowded != p.crowded {
		if p.crowded = crowded; crowded {
			p.site.Warn(fmt.Errorf("poll %s: there are more than %d ids to remember, so rows may come twice", p.place(), maxIDs))
		}
	}
	if len(batch.Records) == 0 && len(batch.Refused) == 0 {
		return nil, nil
	}
	batch.Position = p.seen.position()
	return nil, p.site.AppendAt(ctx, p.topic, batch)
}

// answer is a good answer.
type answer struct {
	validators
	unchanged bool
	rows      [][]byte
	missing   []missing
}

// missing is a value in which the rows were not found.
type missing struct {
	value []byte
	why   string
}

// ask sends a request and takes the answer apart.
func (c *collector) ask(ctx context.Context, client *nethttp.Client, last validators) (*answer, error) {
	req, err := c.request.make(ctx, c.url, last)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, c.unreachable(err)
	}
	defer func() { _ = resp.Body.Close() }() // was only read
	if resp.StatusCode == nethttp.StatusNotModified && last != (validators{}) {
		return &answer{unchanged: true}, nil
	}
	if resp.StatusCode == nethttp.StatusNoContent {
		return &answer{}, nil
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return nil, c.refused(resp)
	}
	body, err := read(resp, c.maxBody)
	if err != nil {
		return nil, &badAnswer{kind: fault.Unavailable, text: fmt.Sprintf("read the answer of %s: %v", c.place(), err)}
	}
	a := &answer{validators: validators{etag: bounded(resp.Header.Get("ETag")), modified: bounded(resp.Header.Get("Last-Modified"))}}
	return a, c.take(a, body)
}

func bounded(validator string) string {
	if len(validator) > maxValidator {
		return ""
	}
	return validator
}

// unreachable is an error of the connection, without the address in it, which may have secrets.
func (c *collector) unreachable(err error) error {
	var whole *url.Error
	if errors.As(err, &whole) {
		err = whole.Err
	}
	return &badAnswer{kind: fault.Unavailable, text: fmt.Sprintf("ask %s: %s", c.place(), c.hide(err.Error()))}
}

// hide replaces secrets.
func (c *collector) hide(text string) string {
	for _, s := range c.request.secrets() {
		if len(s) > 2 {
			text = strings.ReplaceAll(text, s, "******")
		}
	}
	return text
}

// refused is an answer whose status says no.
func (c *collector) refused(resp *nethttp.Response) error {
	const shown = 200 // bytes of the body
	body, _ := read(resp, 4<<10)
	text := strings.Join(strings.Fields(strings.ToValidUTF8(c.hide(string(body)), "?")), " ")
	if len(text) > shown {
		text = strings.ToValidUTF8(text[:shown], "") + "…"
	}
	bad := &badAnswer{kind: fault.Unavailable, text: fmt.Sprintf("ask %s: it answers %s", c.place(), resp.Status)}
	if text != "" {
		bad.text += ": " + text
	}
	switch resp.StatusCode {
	case nethttp.StatusUnauthorized, nethttp.StatusForbidden:
		bad.kind = fault.Denied
	case nethttp.StatusNotFound, nethttp.StatusGone:
		bad.kind = fault.NotFound
	case nethttp.StatusBadRequest, nethttp.StatusMethodNotAllowed, nethttp.StatusUnsupportedMediaType:
		bad.kind = fault.Invalid
	}
	bad.wait = retryAfter(resp.Header.Get("Retry-After"), c.now())
	return bad
}

// retryAfter reads seconds or a date.
func retryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseInt(text, 10, 32); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := nethttp.ParseTime(text); err == nil {
		return at.Sub(now)
	}
	return 0
}

// take picks the rows of a body.
func (c *collector) take(a *answer, body []byte) error {
	values, err := texts(body)
	if err != nil && len(bytes.TrimSpace(body)) == 0 {
		return nil // nothing is no rows
	}
	if err != nil {
		return &badAnswer{kind: fault.Invalid, text: fmt.Sprintf("the answer of %s is no JSON: %v", c.place(), err), body: body}
	}
	why := ""
	for _, v := range values {
		c.rows.find(v, func(row []byte) {
			last := len(c.rows) - 1
			if last >= 0 && c.rows[last].each || !elements(row, func(_ int, one []byte) bool { a.rows = append(a.rows, one); return true }) {
				a.rows = append(a.rows, row)
			}
		}, func(value []byte, reason string) {
			why = reason
			a.missing = append(a.missing, missing{value, reason})
		})
	}
	if len(a.rows) == 0 && len(a.missing) > 0 {
		return &badAnswer{kind: fault.Invalid, text: fmt.Sprintf("rows of the answer of %s: %s", c.place(), why)}
	}
	return nil
}

// batch makes records of the rows that are new.
func (p *polling) batch(a *answer) connector.Batch {
	var batch connector.Batch
	refuse := func(row []byte, field, why string) {
		if !p.seen.meetRefused(row) { // the same row at each poll is one dead letter
			batch.Refused = append(batch.Refused, p.unread(p.site.Name(), row, &format.Error{Field: field, Reason: why}))
		}
	}
	for _, m := range a.missing {
		refuse(m.value, optRows, m.why)
	}
	for _, row := range a.rows {
		rec := connector.Record{Value: row}
		if field, why := p.fill(&rec, row); why != "" {
			refuse(row, field, why)
			continue
		}
		if p.idSet {
			id, ok := p.id.scalar(row)
			if !ok {
				refuse(row, optID, "there is no id")
				continue
			}
			if p.seen.meet(id) {
				continue
			}
		}
		batch.Records = append(batch.Records, rec)
	}
	return batch
}

// fill sets key and time. A row without them is a record without them.
func (c *collector) fill(rec *connector.Record, row []byte) (field, why string) {
	if c.keySet {
		rec.Key, _ = c.key.scalar(row)
	}
	if c.timeSet {
		if text, ok := c.time.scalar(row); ok {
			if rec.Time, ok = c.clock.Parse(text); !ok {
				return optTime, fmt.Sprintf("this is no time: %.64q", text)
			}
		}
	}
	return "", ""
}

func (c *collector) unread(source string, value []byte, why error) connector.Unread {
	return connector.Unread{
		Record: connector.Record{Value: value, Headers: []connector.Header{
			{Name: "millrace.source", Value: []byte(source)}, {Name: "http.url", Value: []byte(c.place())},
		}},
		Reason: why,
	}
}

// Test asks once and looks for rows.
func (c *collector) Test(ctx context.Context) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	a, err := c.ask(ctx, client, validators{})
	if err == nil && len(a.rows) > 0 {
		var rec connector.Record
		if field, why := c.fill(&rec, a.rows[0]); why != "" {
			return fault.New(fault.Invalid, "option %q in the first row of %s: %s", field, c.place(), why)
		}
		if _, ok := c.id.scalar(a.rows[0]); c.idSet && !ok {
			return fault.New(fault.Invalid, "option %q in the first row of %s: there is no id", optID, c.place())
		}
		if c.keySet && rec.Key == nil {
			return fault.New(fault.Invalid, "option %q in the first row of %s: there is no key", optKey, c.place())
		}
	}
	var bad *badAnswer
	if !errors.As(err, &bad) {
		return err
	}
	f := fault.New(bad.kind, "%s", bad.text)
	switch {
	case bad.kind == fault.Denied:
		f = f.WithHint("look at %s, %s and %s, or the headers", optToken, optUser, optPassword)
	case bad.kind == fault.NotFound:
		f = f.WithHint("look at the path of the address")
	case bad.body != nil:
		f = f.WithHint("the address should answer with JSON; perhaps it is that of a page for people")
	case bad.kind == fault.Unavailable:
		f = f.WithHint("look whether this machine reaches the address")
	}
	return f
}
