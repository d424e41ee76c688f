package api

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
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
)

// may reports whether someone of this role may do what needs another.
func (r Role) may(need Role) bool {
	switch {
	case need == Everyone || r == Admin:
		return true
	case r == Editor:
		return need != Admin
	}
	return r == need && r != Everyone
}

// needs says which role each route needs: the one place to look. A route that is not here is refused
// to everyone. The routes of push protocols, which builtin adds, need Ingester.
var needs = map[string]Role{
	"GET /api/metrics/latest":           Viewer,
	"GET /api/statistics/summary":       Viewer,
	"GET /api/status":                   Viewer,
	"GET /api/measurements":             Viewer,
	"POST /api/query":                   Viewer,
	"POST /api/sql":                     Viewer,
	"GET /api/topics":                   Viewer,
	"GET /api/topics/{name}/records":    Viewer,
	"GET /api/pipelines":                Viewer,
	"POST /api/pipelines":               Editor,
	"POST /api/pipelines/{name}/pause":  Editor,
	"POST /api/pipelines/{name}/resume": Editor,
	"DELETE /api/pipelines/{name}":      Editor,
	"GET /metrics":                      Viewer,
	"GET /ws/realtime":                  Everyone, // asks for the token itself: a browser cannot send one in time
	"GET /healthz":                      Everyone,
	"GET /readyz":                       Everyone,
	"GET /openapi.json":                 Everyone,
	"GET /docs":                         Everyone,
	"GET /docs/{file}":                  Everyone,
	"/":                                 Everyone, // the screen's files, and 404 for the rest
}

// need returns the role that a route needs, and whether anyone may use it at all.
func (s *Server) need(pattern string) (Role, bool) {
	if _, ok := s.deps.Ingest[pattern]; ok {
		return Ingester, true
	}
	r, ok := needs[pattern]
	return r, ok
}

// caller is who makes a request.
type caller struct {
	name string
	role Role
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
		g.names = append(g.names, caller{t.Name, t.Role})
	}
	g.security.Tokens = nil
	return g
}

// open reports whether everyone may do everything.
func (g *guard) open() bool { return len(g.hashes) == 0 }

// identify returns who bears a token. All tokens are compared, so that the time tells nothing.
func (g *guard) identify(token string) (caller, bool) {
	if g.open() {
		return caller{"anyone", Admin}, true
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

// admit says who makes a request, or why it is refused.
func (g *guard) admit(r *http.Request, need Role) (caller, *Problem) {
	if need == Everyone && !g.open() {
		return caller{}, nil
	}
	c, ok := g.identify(bearer(r))
	if !ok {
		p := newProblem(http.StatusUnauthorized, "a token is needed")
		if r.Header.Get("Authorization") != "" {
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
