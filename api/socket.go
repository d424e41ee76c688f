package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"millrace/fault"
)

// realtimePattern is the route of the WebSocket.
const realtimePattern = "GET /ws/realtime"

// Bounds of one connection. A client that has not read for writeWait is gone; one that is slower
// than its queue misses messages.
const (
	maxMessageBytes = 128 << 10
	queueLength     = 32
	writeWait       = 10 * time.Second
	pingInterval    = 20 * time.Second
	authWait        = 5 * time.Second
	// A client may send this many messages in requestWindow: a person clicks, a program subscribes.
	maxRequests   = 200
	requestWindow = 10 * time.Second
)

// tokenProtocol is how a browser may bring its token with the handshake: as a second subprotocol,
// "bearer.<token>", beside this first one.
const (
	liveProtocol  = "millrace"
	tokenProtocol = "bearer."
)

// client is one connection.
type client struct {
	l      *live
	who    string // the name of its token
	conn   *websocket.Conn
	out    chan []byte
	going  chan struct{} // closed when the platform stops
	once   sync.Once
	subs   map[string]*subscription // live.mu guards it; nil when the client has left
	recent int                      // requests since windowStart; only the reader touches these two
	start  time.Time
}

// offer queues a message, or drops it if the client does not keep up.
func (c *client) offer(msg []byte) bool {
	select {
	case c.out <- msg:
		c.l.s.meters.messages.Inc()
		return true
	default:
		c.l.s.meters.skipped.Inc()
		return false
	}
}

// stop tells the client's goroutines that the platform stops.
func (c *client) stop() { c.once.Do(func() { close(c.going) }) }

func (s *Server) addRealtime() {
	s.HandleFunc(realtimePattern, s.serveRealtime)
	s.documentRealtime()
}

func (s *Server) serveRealtime(w http.ResponseWriter, r *http.Request) {
	if origin := r.Header.Get("Origin"); origin != "" && !s.guard.allows(origin, r) {
		p := newProblem(http.StatusForbidden, "pages of other sites may not connect")
		p.Hint = "add the site's origin to cors.origins in the configuration"
		s.refuse(w, r, p)
		return
	}
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		w.Header().Set("Upgrade", "websocket")
		w.Header().Set("Connection", "Upgrade")
		writeProblem(w, newProblem(http.StatusUpgradeRequired, "this is a WebSocket: connect with ws:// or wss://"))
		return
	}
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		InsecureSkipVerify: true, // the origin is checked above, by the same rule as for requests
		Subprotocols:       []string{liveProtocol},
	})
	if err != nil {
		s.log.Warn("live connection refused", "cause", err, "client", r.RemoteAddr)
		return
	}
	defer func() { _ = conn.CloseNow() }() // a second close is harmless
	conn.SetReadLimit(maxMessageBytes)
	// The request's context is not for connections that were taken over.
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	defer cancel()
	who, ok := s.admitClient(ctx, conn, r)
	if !ok {
		return
	}
	c := &client{
		l: s.live, who: who.name, conn: conn, out: make(chan []byte, queueLength), going: make(chan struct{}),
		subs: map[string]*subscription{}, start: time.Now(),
	}
	if err := s.live.join(c); err != nil {
		_ = conn.Close(websocket.StatusTryAgainLater, cut(err.Error()))
		return
	}
	c.serve(ctx, cancel)
}

// admitClient finds out who is there: by the header or the subprotocol of the handshake, else by the
// first message. A token in the URL would end up in logs.
func (s *Server) admitClient(ctx context.Context, conn *websocket.Conn, r *http.Request) (caller, bool) {
	token := bearer(r)
	for _, line := range r.Header.Values("Sec-WebSocket-Protocol") {
		for p := range strings.SplitSeq(line, ",") {
			if t, ok := strings.CutPrefix(strings.TrimSpace(p), tokenProtocol); ok {
				token = t
			}
		}
	}
	if token == "" && !s.guard.open() {
		token = firstToken(ctx, conn)
	}
	who, ok := s.guard.identify(token)
	if !ok || !who.role.may(Viewer) {
		s.log.Warn("live connection refused", "detail", "no token that lets in", "name", who.name, "client", r.RemoteAddr)
		_ = conn.Close(websocket.StatusPolicyViolation, `a token is needed: send {"op":"auth","token":"…"} first`)
		return who, false
	}
	return who, true
}

func firstToken(ctx context.Context, conn *websocket.Conn) string {
	ctx, cancel := context.WithTimeout(ctx, authWait)
	defer cancel()
	_, data, err := conn.Read(ctx)
	if err != nil {
		return ""
	}
	var req clientRequest
	if json.Unmarshal(data, &req) != nil || req.Op != "auth" {
		return ""
	}
	return req.Token
}

// serve reads and writes until either side ends.
func (c *client) serve(ctx context.Context, cancel context.CancelFunc) {
	if text := c.l.base(time.Now()); text != nil {
		c.offer(text)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		defer cancel()
		c.read(ctx)
	})
	wg.Go(func() {
		defer cancel()
		c.ping(ctx)
	})
	c.write(ctx)
	cancel()
	_ = c.conn.CloseNow() // ends the reader, if the writer ended first
	wg.Wait()
	c.l.leave(c)
}

func (c *client) write(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.going:
			_ = c.conn.Close(websocket.StatusGoingAway, "the platform stops")
			return
		case msg := <-c.out:
			wctx, cancel := context.WithTimeout(ctx, writeWait)
			err := c.conn.Write(wctx, websocket.MessageText, msg)
			cancel()
			if err != nil {
				return
			}
		}
	}
}

// ping finds out about peers that vanished without a word.
func (c *client) ping(ctx context.Context) {
	tick := time.NewTicker(pingInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			pctx, cancel := context.WithTimeout(ctx, writeWait)
			err := c.conn.Ping(pctx)
			cancel()
			if err != nil {
				return
			}
		}
	}
}

func (c *client) read(ctx context.Context) {
	for {
		kind, data, err := c.conn.Read(ctx)
		if err != nil {
			return
		}
		if kind != websocket.MessageText {
			_ = c.conn.Close(websocket.StatusUnsupportedData, "messages are JSON text")
			return
		}
		if !c.mayAsk(time.Now()) {
			_ = c.conn.Close(websocket.StatusPolicyViolation, "too many messages")
			return
		}
		if !c.take(ctx, data) {
			return
		}
	}
}

func (c *client) mayAsk(now time.Time) bool {
	if now.Sub(c.start) > requestWindow {
		c.start, c.recent = now, 0
	}
	c.recent++
	return c.recent <= maxRequests
}

// take carries out one message, and reports whether the connection goes on.
func (c *client) take(ctx context.Context, data []byte) bool {
	req, err := parseRequest(data)
	if err == nil {
		switch req.Op {
		case "subscribe":
			return c.subscribe(ctx, req)
		case "unsubscribe":
			c.l.unsubscribe(c, req.ID)
			return true
		case "auth": // with an open platform a client may still say it
			return true
		}
		err = fault.New(fault.Invalid, "op %q does not exist", cut(req.Op)).WithHint("the ops are subscribe, unsubscribe and auth")
	}
	return c.reply(ctx, c.l.errorMessage(req.ID, err))
}

// subscribe answers first, so that the answer stands before the messages.
func (c *client) subscribe(ctx context.Context, req *clientRequest) bool {
	ack, err := json.Marshal(struct {
		Op string `json:"op"`
		ID string `json:"id"`
	}{"subscribed", req.ID})
	if err != nil {
		return c.reply(ctx, c.l.errorMessage(req.ID, err))
	}
	if err := c.l.subscribe(ctx, c, req, ack); err != nil {
		return c.reply(ctx, c.l.errorMessage(req.ID, err))
	}
	return true
}

// reply queues an answer; the reader waits for a place, so that a client cannot outrun it.
func (c *client) reply(ctx context.Context, msg []byte) bool {
	select {
	case c.out <- msg:
		return true
	case <-c.going:
		return false
	case <-ctx.Done():
		return false
	}
}
