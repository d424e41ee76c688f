package http

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	nethttp "net/http"
	"net/url"
	"os"
	"strings"

	"millrace/fault"
	"millrace/option"
)

// request is what is sent, but for the address.
type request struct {
	method, body          string
	headers, query        option.Values
	user, password, token string
}

func (r *request) check() error {
	if r.token != "" && (r.user != "" || r.password != "") {
		return fault.New(fault.Invalid, "connector %q has a token and a user", "http").WithHint("keep one of them")
	}
	if r.body != "" && r.method == nethttp.MethodGet {
		return fault.New(fault.Invalid, "connector %q sends a body with GET", "http").WithHint("set %s to POST", optMethod)
	}
	for name, value := range r.headers {
		if name == "" || strings.ContainsAny(name, " \t\r\n:") || strings.ContainsAny(value, "\r\n") {
			return fault.New(fault.Invalid, "option %q of connector %q is no header", optHeaders+name, "http")
		}
	}
	return nil
}

// secrets are the texts that no message may show.
func (r *request) secrets() []string {
	out := []string{r.password, r.token}
	for _, v := range r.headers {
		out = append(out, v)
	}
	for _, v := range r.query {
		out = append(out, v, url.QueryEscape(v))
	}
	return out
}

// make makes a request. cached is what was answered before.
func (r *request) make(ctx context.Context, to *url.URL, cached validators) (*nethttp.Request, error) {
	u := *to
	if len(r.query) > 0 {
		q := u.Query()
		for name, value := range r.query {
			q.Set(name, value)
		}
		u.RawQuery = q.Encode()
	}
	req, err := nethttp.NewRequestWithContext(ctx, r.method, u.String(), strings.NewReader(r.body))
	if err != nil {
		return nil, errors.New("make a request: the address is none")
	}
	req.Header.Set("Accept", "application/json, application/x-ndjson;q=0.9, */*;q=0.1")
	req.Header.Set("User-Agent", "millrace")
	req.Header.Set("Accept-Encoding", "gzip")
	if r.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	if r.user != "" || r.password != "" {
		req.SetBasicAuth(r.user, r.password)
	}
	if r.method == nethttp.MethodGet {
		if cached.etag != "" {
			req.Header.Set("If-None-Match", cached.etag)
		}
		if cached.modified != "" {
			req.Header.Set("If-Modified-Since", cached.modified)
		}
	}
	for name, value := range r.headers {
		if strings.EqualFold(name, "Host") {
			req.Host = value
			continue
		}
		req.Header.Set(name, value)
	}
	return req, nil
}

// tlsSettings are the files and the choice that make up the security of connections.
type tlsSettings struct {
	ca, cert, key string
	insecure      bool
}

func (s *tlsSettings) check() error {
	if (s.cert == "") != (s.key == "") {
		return fault.New(fault.Invalid, "connector %q has one of %q and %q", "http", optCert, optCertKey).WithHint("set both")
	}
	_, err := s.config()
	return err
}

func (s *tlsSettings) config() (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: s.insecure}
	if s.ca != "" {
		pem, err := os.ReadFile(s.ca)
		if err != nil {
			return nil, fault.New(fault.Invalid, "option %q of connector %q: %w", optCA, "http", err)
		}
		if c.RootCAs = x509.NewCertPool(); !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fault.New(fault.Invalid, "option %q of connector %q: there is no certificate in %s", optCA, "http", s.ca)
		}
	}
	if s.cert != "" {
		pair, err := tls.LoadX509KeyPair(s.cert, s.key)
		if err != nil {
			return nil, fault.New(fault.Invalid, "option %q of connector %q: %w", optCert, "http", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

// maxRedirects is how often an answer may send us elsewhere.
const maxRedirects = 5

// client makes what sends requests. The transport is to be closed for idle connections at the end.
func (c *collector) client() (*nethttp.Client, error) {
	config, err := c.settings.config()
	if err != nil {
		return nil, err
	}
	return &nethttp.Client{
		Timeout: c.timeout,
		Transport: &nethttp.Transport{
			Proxy: nethttp.ProxyFromEnvironment, TLSClientConfig: config, ForceAttemptHTTP2: true,
			MaxIdleConnsPerHost: 1, IdleConnTimeout: mostBackoff, MaxResponseHeaderBytes: 64 << 10, DisableCompression: true,
		},
		CheckRedirect: func(req *nethttp.Request, via []*nethttp.Request) error {
			if len(via) > maxRedirects {
				return fmt.Errorf("it redirects more than %d times", maxRedirects)
			}
			if via[0].URL.Scheme == "https" && req.URL.Scheme != "https" {
				return errors.New("it redirects from https to http")
			}
			if req.URL.Host != via[0].URL.Host {
				c.request.strip(req)
			}
			return nil
		},
	}, nil
}

// strip takes what is secret from a request to another host.
func (r *request) strip(req *nethttp.Request) {
	req.Header.Del("Authorization")
	req.Header.Del("Referer") // has the query
	for name := range r.headers {
		req.Header.Del(name)
	}
}

// read reads a body of up to most bytes, unpacked.
func read(resp *nethttp.Response, most int64) ([]byte, error) {
	var from io.Reader = resp.Body
	if strings.EqualFold(resp.Header.Get("Content-Encoding"), "gzip") {
		unpacked, err := gzip.NewReader(resp.Body)
		if err != nil {
			return nil, fmt.Errorf("unpack it: %w", err)
		}
		from = unpacked
	}
	body, err := io.ReadAll(io.LimitReader(from, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(body)) > most {
		return nil, fmt.Errorf("it is longer than %d bytes", most)
	}
	return bytes.TrimPrefix(body, []byte("\ufeff")), nil
}
