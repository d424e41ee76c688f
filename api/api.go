// Package api is what the platform shows of itself: REST, WebSocket, OpenAPI, docs and the files of
// the screen.
//
// One file is one resource; its Go types make the OpenAPI document. What a resource needs is an
// interface in deps.go, which node fills. Every request goes the same way (server.go): host, origin,
// cross-site checks; the route's role (roles.go) and how often its caller may ask (rate.go); time and size limits; then the handler. Every error
// is one shape, a Problem.
//
// The live messages (live.go) are made once a second for all clients together, and once for each
// subscription that several share; a client that does not keep up misses messages and is told so by
// gaps in seq.
//
// What a node may lack (alerts, a bucket) has operations all the same, which answer 404 (part.go). Settings of sources
// and channels come from the node with their secrets, which leave here as ****** (kinds.go).
//
// What surprises people: a route that is missing in the table of roles is refused to everyone; with
// no tokens everyone is an admin, which is why a loopback address answers only to its own names.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// Server answers every request of a node. It is an http.Handler; Serve also listens, and Run makes
// the live messages while something else listens, as in tests.
type Server struct {
	deps   Deps
	log    *slog.Logger
	mux    *http.ServeMux
	doc    *huma.OpenAPI
	guard  *guard
	live   *live
	routes []string // every pattern registered, for the test of the roles
	gates  gates
	rates  *rates
	meters requestMeters
	gzips  gzipPool
}

// New returns a Server of what deps give. It panics if two routes collide, which is a mistake in
// the code.
func New(deps Deps) *Server {
	s := &Server{
		deps:   deps,
		log:    deps.Log,
		mux:    http.NewServeMux(),
		guard:  newGuard(deps.Security),
		gates:  newGates(),
		rates:  newRates(deps.Security.RequestsPerSecond),
		meters: newRequestMeters(deps.Metrics),
	}
	s.live = newLive(s)
	api := huma.NewAPI(s.openAPI(), humago.NewAdapter(s, ""))
	s.doc = api.OpenAPI()
	s.addMetrics(api)
	s.addQuery(api)
	s.addSQL(api)
	s.addAnalyze(api)
	s.addTags(api)
	s.addViews(api)
	s.addTopics(api)
	s.addTopicRecords(api)
	s.addGroups(api)
	s.addDeadLetters(api)
	s.addKinds(api)
	s.addSources(api)
	s.addPipelines(api)
	s.addPlans(api)
	s.addPreview(api)
	s.addAlerts(api)
	s.addAlertRules(api)
	s.addSilences(api)
	s.addChannels(api)
	s.addStatus(api)
	s.addStorage(api)
	s.addReplicas(api)
	s.addSettings(api)
	s.addWhoami(api)
	s.addHealth(api)
	s.addIngest(deps.Ingest)
	s.addRealtime()
	s.addPlatformMetrics(deps.MetricsEndpoint)
	s.addDocs(api)
	s.addScreen(deps.Screen)
	slices.Sort(s.routes)
	return s
}

// HandleFunc registers a handler behind the checks of its route. It is for huma's adapter; it wraps
// what every route needs around what differs.
func (s *Server) HandleFunc(pattern string, h func(http.ResponseWriter, *http.Request)) {
	s.routes = append(s.routes, pattern)
	s.mux.Handle(pattern, s.wrap(pattern, http.HandlerFunc(h)))
}

// Run makes the live messages until ctx ends, then says goodbye to the clients and waits for them.
func (s *Server) Run(ctx context.Context) error { return s.live.run(ctx) }
