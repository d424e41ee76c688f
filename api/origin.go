package api

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// checkHost refuses requests on a loopback address for a name that is not this machine's: a web page
// elsewhere may have pointed a name of its own here, to read the answers as if they were its own
// (DNS rebinding).
func (g *guard) checkHost(r *http.Request) *Problem {
	if !g.security.Loopback {
		return nil
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") || g.hosts[host] {
		return nil
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsLoopback() {
		return nil
	}
	p := newProblem(http.StatusForbidden, "this address does not answer for that host name")
	p.Hint = "use localhost, or add the name to hosts in the configuration"
	return p
}

// allows reports whether pages of an origin may call: the own one, or one that is configured.
func (g *guard) allows(origin string, r *http.Request) bool {
	if g.anyone || g.origins[origin] {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host)
}

// checkCrossSite refuses what a page of another site makes a browser send: changes, which would be
// carried out though the page cannot read the answer.
func (g *guard) checkCrossSite(r *http.Request) *Problem {
	if g.anyone || g.cross.Check(r) == nil {
		return nil
	}
	p := newProblem(http.StatusForbidden, "pages of other sites may not do this")
	p.Hint = "add the site's origin to cors.origins in the configuration"
	return p
}

// answerCORS sets the headers that let a page of another site read the answer, and reports whether
// the request was only the browser's question whether it may ask.
func (g *guard) answerCORS(w http.ResponseWriter, r *http.Request) (done bool) {
	if len(g.origins) == 0 {
		return false
	}
	h := w.Header()
	h.Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if origin == "" || !g.anyone && !g.origins[origin] {
		return false
	}
	// No Allow-Credentials, whatever the origin: tokens travel in a header that the page sets itself.
	if g.anyone {
		origin = "*"
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", "Millrace-Truncated, Retry-After")
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE")
	// The star is for headers that a page's own library adds; it does not stand for Authorization.
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Content-Encoding, *")
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
	return true
}

// policy is the Content-Security-Policy of every answer. ECharts and CodeMirror set styles inline;
// scripts come from files only.
const policy = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; " +
	"font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// setSecurityHeaders sets what makes browsers careful.
func setSecurityHeaders(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
}
