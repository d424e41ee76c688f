package api

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"strings"
)

// Role is what someone may do.
type Role string

// The roles. Everyone is those who brought no token. A Viewer reads; an Editor also writes and runs
// pipelines; an Admin may do all; an Ingester only writes.
const (
	Everyone Role = ""
	Viewer   Role = "viewer"
	Editor   Role = "editor"
	Admin    Role = "admin"
	Ingester Role = "ingest"

	// known is needed by what everyone may do who brought a token.
	known Role = "any"
)

// may reports whether someone of this role may do what needs another.
func (r Role) may(need Role) bool {
	switch {
	case need == Everyone || r == Admin:
		return true
	case need == known:
		return r != Everyone
	case r == Editor:
		return need != Admin
	}
	return r == need && r != Everyone
}

// needs says which role each route needs: the one place to look. A route that is not here is refused
// to everyone. The routes of push protocols, which builtin adds, need Ingester, but for those of greetings.
var needs = map[string]Role{
	"GET /api/metrics/latest":               Viewer,
	"GET /api/statistics/summary":           Viewer,
	"GET /api/status":                       Viewer,
	"GET /api/measurements":                 Viewer,
	"POST /api/query":                       Viewer,
	"POST /api/sql":                         Viewer,
	"POST /api/analyze":                     Viewer,
	"GET /api/measurements/{name}/tags":     Viewer,
	"GET /api/views":                        Viewer,
	"POST /api/views":                       Editor,
	"DELETE /api/views/{name}":              Editor,
	"GET /api/topics":                       Viewer,
	"POST /api/topics":                      Editor,
	"GET /api/topics/{name}":                Viewer,
	"PATCH /api/topics/{name}":              Editor,
	"DELETE /api/topics/{name}":             Admin, // what was kept is gone for good
	"GET /api/topics/{name}/records":        Viewer,
	"DELETE /api/topics/{name}/records":     Admin,
	"GET /api/groups":                       Viewer,
	"GET /api/groups/{name}":                Viewer,
	"POST /api/groups/{name}/offsets":       Editor,
	"DELETE /api/groups/{name}/offsets":     Editor,
	"DELETE /api/groups/{name}":             Editor,
	"GET /api/dead-letters":                 Viewer,
	"GET /api/dead-letters/{topic}/records": Viewer,
	"POST /api/dead-letters/{topic}/replay": Editor,
	"GET /api/connectors":                   Viewer,
	"GET /api/sources":                      Viewer,
	"POST /api/sources":                     Editor,
	"POST /api/sources/test":                Editor,
	"POST /api/sources/preview":             Editor,
	"POST /api/sources/{name}/pause":        Editor,
	"POST /api/sources/{name}/resume":       Editor,
	"DELETE /api/sources/{name}":            Editor,
	"GET /api/pipelines":                    Viewer,
	"POST /api/pipelines":                   Editor,
	"GET /api/pipelines/{name}/plan":        Viewer,
	"POST /api/preview":                     Editor, // a script may name other systems
	"POST /api/pipelines/{name}/pause":      Editor,
	"POST /api/pipelines/{name}/resume":     Editor,
	"POST /api/pipelines/{name}/move":       Editor,
	"DELETE /api/pipelines/{name}":          Editor,
	"POST /api/pipelines/{name}/restart":    Editor,
	"POST /api/pipelines/{name}/changes":    Editor,
	"GET /api/pipelines/{name}/savepoints":  Viewer,
	"POST /api/pipelines/{name}/savepoints": Editor,

	"DELETE /api/pipelines/{name}/savepoints/{id}": Editor,

	"GET /api/alerts":                       Viewer,
	"GET /api/alerts/history":               Viewer,
	"GET /api/alerts/notices":               Viewer,
	"GET /api/alerts/rules":                 Viewer,
	"POST /api/alerts/rules":                Editor,
	"POST /api/alerts/rules/test":           Viewer, // it only reads
	"DELETE /api/alerts/rules/{name}":       Editor,
	"GET /api/alerts/silences":              Viewer,
	"POST /api/alerts/silences":             Editor,
	"DELETE /api/alerts/silences/{id}":      Editor,
	"GET /api/notifiers":                    Viewer,
	"GET /api/alerts/channels":              Viewer,
	"POST /api/alerts/channels":             Editor,
	"POST /api/alerts/channels/test":        Editor,
	"POST /api/alerts/channels/{name}/test": Editor,
	"DELETE /api/alerts/channels/{name}":    Editor,
	"GET /api/storage":                      Viewer,
	"GET /api/replicas":                     Viewer,
	"GET /api/log-level":                    Viewer,
	"PUT /api/log-level":                    Admin,
	"GET /api/config":                       Admin,
	"GET /api/whoami":                       known,
	"GET /metrics":                          Viewer,
	"GET /ws/realtime":                      Everyone, // asks for the token itself: a browser cannot send one in time
	"GET /healthz":                          Everyone,
	"GET /readyz":                           Everyone,
	"GET /openapi.json":                     Everyone,
	"GET /docs":                             Everyone,
	"GET /docs/{file}":                      Everyone,
	"/":                                     Everyone, // the screen's files, and 404 for the rest
}

// greetings are the routes by which clients of push protocols see whether someone is there, before or without
// showing a token. They tell nothing.
var greetings = map[string]bool{
	"GET /ping": true, "GET /health": true, "GET /ready": true, "GET /api/v2/health": true, "GET /api/v2/ready": true,
	influxQueryPattern: true, // which answers nothing but CREATE DATABASE, and shows the screen's page to browsers
}

// need returns the role that a route needs, and whether anyone may use it at all.
func (s *Server) need(pattern string) (Role, bool) {
	if _, ok := s.deps.Ingest[pattern]; ok {
		if greetings[pattern] {
			return Everyone, true
		}
		return Ingester, true
	}
	r, ok := needs[pattern]
	return r, ok
}

// caller is who makes a request.
type caller struct {
	name   string
	role   Role
	client string // its address
}

type callerKey struct{}

// callerOf returns who makes the request of this context.
func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// guard knows who may come in.
type guard struct {
	security Security
	hosts    map[string]bool
	hashes   [][sha256.Size]byte // of Security.Tokens; the tokens themselves are not kept
	names    []caller
	cross    *http.CrossOriginProtection
	anyone   bool // every origin may call
	origins  map[string]bool
}

func newGuard(s Security) *guard {
	g := &guard{security: s, hosts: map[string]bool{}, origins: map[string]bool{}, cross: http.NewCrossOriginProtection()}
	for _, h := range s.Hosts {
		g.hosts[strings.ToLower(h)] = true
	}
	for _, o := range s.Origins {
		g.anyone = g.anyone || o == "*"
		g.origins[o] = true
		if o != "*" {
			// An origin that is none was refused by config already.
			_ = g.cross.AddTrustedOrigin(o)
		}
	}
	for _, t := range s.Tokens {
		g.hashes = append(g.hashes, sha256.Sum256([]byte(t.Secret.Reveal())))
		g.names = append(g.names, caller{name: t.Name, role: t.Role})
	}
	g.security.Tokens = nil
	return g
}

// open reports whether everyone may do everything.
func (g *guard) open() bool { return len(g.hashes) == 0 }

// identify returns who bears a token. All tokens are compared, so that the time tells nothing.
func (g *guard) identify(token string) (caller, bool) {
	if g.open() {
		return caller{name: "anyone", role: Admin}, true
	}
	hash := sha256.Sum256([]byte(token))
	found := -1
	for i := range g.hashes {
		if subtle.ConstantTimeCompare(hash[:], g.hashes[i][:]) == 1 {
			found = i
		}
	}
	if found < 0 || token == "" {
		return caller{}, false
	}
	return g.names[found], true
}

// bearer returns the token of a request's Authorization header, or "". InfluxDB's clients say Token
// instead of Bearer.
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") || strings.EqualFold(scheme, "Token") {
		return strings.TrimSpace(token)
	}
	return ""
}

// pushed returns the token of a request to a push protocol. Clients of InfluxDB 1 know users and passwords
// only: then the password is the token, and the user any name. They send it as Basic authentication, as
// Token user:password, or as p in the URL. Elsewhere none of these is taken: browsers send Basic by
// themselves, for pages of other sites too, and URLs end up in logs.
func pushed(r *http.Request) string {
	if token := bearer(r); token != "" {
		if _, password, ok := strings.Cut(token, ":"); ok {
			return password
		}
		return token
	}
	if _, password, ok := r.BasicAuth(); ok {
		return password
	}
	return r.URL.Query().Get("p")
}

// admit says who makes a request, or why it is refused.
func (g *guard) admit(r *http.Request, need Role) (caller, *Problem) {
	if need == Everyone && !g.open() {
		return caller{client: clientOf(r)}, nil
	}
	token := bearer(r)
	if need == Ingester {
		token = pushed(r)
	}
	c, ok := g.identify(token)
	c.client = clientOf(r)
	if !ok {
		p := newProblem(http.StatusUnauthorized, "a token is needed")
		if token != "" || r.Header.Get("Authorization") != "" {
			p.Detail = "the token is not known"
		}
		p.Hint = "send the header Authorization: Bearer <token>, with one of the tokens of the configuration"
		return c, p
	}
	if !c.role.may(need) {
		p := newProblem(http.StatusForbidden, "token "+strings.ToValidUTF8(c.name, "?")+" has the role "+string(c.role)+"; this needs "+string(need))
		return c, p
	}
	return c, nil
}

// clientOf is the address that a request comes from, without its port.
func clientOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
