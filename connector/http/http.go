// Package http polls an API that answers with JSON, and makes records of the rows in its answers.
//
// Each row is passed on as the bytes that came: numbers keep their digits. All rows of an answer and the position
// behind them, the answer's ETag and Last-Modified and the ids that were seen, are one transaction, so
// that an answer is collected once if the API says that nothing has changed (304), and a row is if it has an
// id. Without either, each poll is a sample and a restart may repeat the last one.
//
// One bad answer never ends it: after an error the next poll is 5 s later, then twice as long and so on, up to
// 5 min, each time a fifth more or less, so that sources do not come back all at once; a longer Retry-After
// counts. An answer that is no JSON goes to the dead letters.
//
// What surprises people: the address is asked by this machine, with what it can reach, which may be more than its users can
// (a metadata service, a port on localhost); so only editors may add sources. Settings of headers and of the
// query are secrets and not shown; the url is shown, so passwords and keys belong into those, or into
// username, password and token. They are not sent on when an answer redirects to another host, nor from https to http.
package http

import (
	nethttp "net/http"
	"net/url"
	"strings"
	"time"

	"millrace/connector"
	"millrace/fault"
	"millrace/logline"
	"millrace/option"
)

// Names of options.
const (
	optURL      = "url"
	optMethod   = "method"
	optHeaders  = "headers."
	optQuery    = "query."
	optBody     = "body"
	optUser     = "username"
	optPassword = "password"
	optToken    = "token"
	optTopic    = "topic"
	optInterval = "interval"
	optTimeout  = "timeout"
	optRows     = "rows"
	optKey      = "key"
	optID       = "id"
	optIDPolls  = "id_polls"
	optTime     = "time"
	optTimeForm = "time_format"
	optZone     = "time_zone"
	optMaxBody  = "max_body"
	optCA       = "ca_file"
	optCert     = "cert_file"
	optCertKey  = "key_file"
	optInsecure = "insecure_skip_verify"
)

const (
	shortestInterval = 100 * time.Millisecond
	longestTimeout   = 10 * time.Minute
	largestBody      = 256 << 20

	firstBackoff = 5 * time.Second
	mostBackoff  = 5 * time.Minute
	mostAsked    = time.Hour // how long a Retry-After may ask us to wait
)

// Spec returns the connector.
func Spec() connector.Spec {
	return connector.Spec{
		Name:    "http",
		Doc:     "Polls an API that answers with JSON and makes a record of each row of its answers.",
		Options: options(),
		Collect: func(v option.Values) (connector.Collector, error) { return newCollector(v) },
	}
}

func options() []option.Option {
	return []option.Option{
		{Name: optURL, Required: true, Doc: "The address to poll, http or https, without user and password. Keys in the query belong under query."},
		{Name: optTopic, Required: true, Doc: "The topic to fill."},
		{Name: optInterval, Kind: option.Duration, Default: "1 s", Doc: "How often to ask."},
		{Name: optRows, Doc: "Where the rows are in an answer: a JSON pointer (/data/items) or a path (data.items, data[*].points). An array there is a record for each element. Without it the whole answer, or each of several values as of NDJSON, is the row."},
		{Name: optKey, Doc: "Where the key of its record is in a row: /device/id or device.id."},
		{Name: optTime, Doc: "Where its time is in a row; it becomes the time of the record."},
		{Name: optTimeForm, Default: "auto", Doc: "How the time is written: auto (RFC 3339 and what is near it, or seconds, ms, us or ns since 1970 by their size), unix, unix_ms, unix_us, unix_ns, or a pattern as of strftime or Go."},
		{Name: optZone, Default: "UTC", Doc: "The time zone of times that name none, such as Europe/Berlin."},
		{Name: optID, Doc: "Where the id of a row is in it: a row whose id was seen in the last polls is left out."},
		{Name: optIDPolls, Kind: option.Int, Default: "100", Doc: "For how many polls an id is remembered after it was seen last; of more than 7500 ids the newest are."},
		{Name: optMethod, Default: nethttp.MethodGet, OneOf: []string{nethttp.MethodGet, nethttp.MethodPost, nethttp.MethodPut}, Doc: "The method."},
		{Name: optBody, Doc: "The body to send; it is JSON unless headers.Content-Type says otherwise."},
		{Name: optHeaders + "*", Secret: true, Doc: "Headers to send, as headers.X-Api-Key."},
		{Name: optQuery + "*", Secret: true, Doc: "Parameters to add to the query, as query.api_key."},
		{Name: optUser, Doc: "The user of basic authentication."},
		{Name: optPassword, Secret: true, Doc: "The password of basic authentication."},
		{Name: optToken, Secret: true, Doc: "A token to send as Authorization: Bearer."},
		{Name: optTimeout, Kind: option.Duration, Default: "10 s", Doc: "How long an answer may take."},
		{Name: optMaxBody, Kind: option.Size, Default: "16 mb", Doc: "The most bytes of an answer, unpacked."},
		{Name: optCA, Doc: "A file of certificates (PEM) to trust instead of the system's."},
		{Name: optCert, Doc: "A file with our own certificate (PEM), for servers that ask for one."},
		{Name: optCertKey, Doc: "The file with its key (PEM)."},
		{Name: optInsecure, Kind: option.Bool, Default: "false", Doc: "Do not check the server's certificate."},
	}
}

// collector polls in one goroutine at a time.
type collector struct {
	topic    string
	url      *url.URL // without the secret parts of the query
	request  request
	settings tlsSettings
	interval time.Duration
	timeout  time.Duration
	maxBody  int64
	rows     path
	rowsSet  bool
	key      path
	keySet   bool
	id       path
	idSet    bool
	idPolls  int
	time     path
	timeSet  bool
	clock    *logline.Clock

	firstBackoff, mostBackoff time.Duration
	now                       func() time.Time
}

func newCollector(v option.Values) (*collector, error) {
	c := &collector{
		topic: v.String(optTopic), interval: v.Duration(optInterval), timeout: v.Duration(optTimeout),
		maxBody: v.Size(optMaxBody), idPolls: int(v.Int(optIDPolls)),
		settings:     tlsSettings{ca: v.String(optCA), cert: v.String(optCert), key: v.String(optCertKey), insecure: v.Bool(optInsecure)},
		firstBackoff: firstBackoff, mostBackoff: mostBackoff, now: time.Now,
	}
	var err error
	if c.url, err = parseURL(v.String(optURL)); err != nil {
		return nil, err
	}
	if err := c.bounds(); err != nil {
		return nil, err
	}
	c.request = request{
		method: v.String(optMethod), body: v.String(optBody), headers: v.Under(optHeaders), query: v.Under(optQuery),
		user: v.String(optUser), password: v.String(optPassword), token: v.String(optToken),
	}
	if err := c.request.check(); err != nil {
		return nil, err
	}
	for _, p := range []struct {
		name string
		to   *path
		set  *bool
	}{{optRows, &c.rows, &c.rowsSet}, {optKey, &c.key, &c.keySet}, {optID, &c.id, &c.idSet}, {optTime, &c.time, &c.timeSet}} {
		text := v.String(p.name)
		if *p.set = text != ""; !*p.set {
			continue
		}
		if *p.to, err = parsePath(text); err != nil {
			return nil, fault.New(fault.Invalid, "option %q of connector %q: %w", p.name, "http", err).WithHint("write a JSON pointer, /data/items, or a path, data.items[*]")
		}
		if p.name != optRows && p.to.several() {
			return nil, fault.New(fault.Invalid, "option %q of connector %q: %q may be several values", p.name, "http", text)
		}
	}
	if c.clock, err = logline.NewClock(v.String(optTimeForm), v.String(optZone)); err != nil {
		return nil, err
	}
	return c, c.settings.check()
}

func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil { // its text has the address in it, which may have a password in it
		return nil, fault.New(fault.Invalid, "option %q of connector %q is no address", optURL, "http").WithHint("write it like https://api.example.com/v1/items")
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fault.New(fault.Invalid, "option %q of connector %q: an address begins with http:// or https:// and a host", optURL, "http")
	}
	if u.User != nil {
		return nil, fault.New(fault.Invalid, "option %q of connector %q has a user in it", optURL, "http").WithHint("addresses are shown; use %s and %s", optUser, optPassword)
	}
	u.Fragment = ""
	return u, nil
}

func (c *collector) bounds() error {
	switch {
	case c.interval < shortestInterval:
		return fault.New(fault.Invalid, "interval %s of connector %q is shorter than %s", c.interval, "http", shortestInterval)
	case c.timeout <= 0 || c.timeout > longestTimeout:
		return fault.New(fault.Invalid, "timeout %s of connector %q is not between 0 and %s", c.timeout, "http", longestTimeout)
	case c.maxBody < 1 || c.maxBody > largestBody:
		return fault.New(fault.Invalid, "option %q of connector %q: %d bytes are not between 1 and %d", optMaxBody, "http", c.maxBody, largestBody)
	case c.idPolls < 1 || c.idPolls > 1_000_000:
		return fault.New(fault.Invalid, "option %q of connector %q: %d is not between 1 and 1000000", optIDPolls, "http", c.idPolls)
	}
	return nil
}

// place is the address as messages show it: nothing of its query.
func (c *collector) place() string {
	return strings.TrimSuffix((&url.URL{Scheme: c.url.Scheme, Host: c.url.Host, Path: c.url.Path}).String(), "?")
}
