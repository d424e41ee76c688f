package api

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"sync"
	"time"

	"millrace/fault"
)

// Bounds of the live part. Each client has two goroutines and a queue; each shared topic or query
// has one or two.
const (
	maxClients       = 10_000
	maxSubscriptions = 32 // of one client
	maxTopicFeeds    = 64
	maxQueryFeeds    = 32
	beatInterval     = time.Second
	beatPatience     = 5 * time.Second // how long the first figures may take after the start
)

// live makes the messages of /ws/realtime: the base message of each second, once for all clients, and
// what feeds bring, once for each feed.
type live struct {
	s      *Server
	log    *slog.Logger
	starts chan *feed // to run, which owns the goroutines of feeds
	born   time.Time

	mu      sync.Mutex // guards what follows; nothing is waited for under it
	closing bool
	clients map[*client]bool
	mine    map[string]int // how many clients each token has
	feeds   map[string]*feed
	serving sync.WaitGroup // of clients; Add under mu and only before closing
}

func newLive(s *Server) *live {
	return &live{
		s: s, log: s.log, born: time.Now(),
		starts:  make(chan *feed),
		clients: map[*client]bool{}, mine: map[string]int{}, feeds: map[string]*feed{},
	}
}

// run makes messages until ctx ends, then closes the clients and waits for them and for the feeds.
func (l *live) run(ctx context.Context) error {
	var feeds sync.WaitGroup
	defer feeds.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	timer := time.NewTimer(untilBeat(time.Now()))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			l.closeAll()
			return nil
		case f := <-l.starts:
			feeds.Go(func() {
				fctx, stop := context.WithCancel(ctx)
				defer stop()
				feeds.Go(func() { // ends with the feed, or ends it when its last subscriber goes
					select {
					case <-f.unused:
						stop()
					case <-fctx.Done():
					}
				})
				f.run(fctx, f)
			})
		case now := <-timer.C:
			l.beat(now)
			timer.Reset(untilBeat(time.Now()))
		}
	}
}

// untilBeat is how long it is to the next whole second, so that all replicas speak at once and the
// figures of one second stand together.
func untilBeat(now time.Time) time.Duration {
	return now.Truncate(beatInterval).Add(beatInterval).Sub(now)
}

// baseMessage is what every client is sent each second.
type baseMessage struct {
	Timestamp string      `json:"timestamp"`
	Metrics   baseMetrics `json:"metrics"`
}

type baseMetrics struct {
	CPU    *float64 `json:"cpu"`
	Memory *float64 `json:"memory"`
	Rate   float64  `json:"requests_per_second"`
}

const timestampLayout = "2006-01-02T15:04:05.000Z"

// base makes the base message, and nil while the first figures are awaited. A figure that is not
// there after that is null: the connection is alive, and nothing is made up.
func (l *live) base(now time.Time) []byte {
	m := baseMessage{Timestamp: now.UTC().Format(timestampLayout), Metrics: baseMetrics{Rate: l.s.summary().EventsPerSecond}}
	if v, ok := l.s.current("cpu_usage", now); ok {
		m.Metrics.CPU = &v
	}
	if v, ok := l.s.current("memory_usage", now); ok {
		m.Metrics.Memory = &v
	}
	if (m.Metrics.CPU == nil || m.Metrics.Memory == nil) && now.Sub(l.born) < beatPatience {
		return nil
	}
	text, err := json.Marshal(m)
	if err != nil {
		l.log.Error("base message not made", "cause", err)
		return nil
	}
	return text
}

// beat sends each client the base message, and each metrics feed its points.
func (l *live) beat(now time.Time) {
	now = now.Truncate(beatInterval)
	l.mu.Lock()
	clients := make([]*client, 0, len(l.clients))
	for c := range l.clients {
		clients = append(clients, c)
	}
	var metrics []*feed
	for _, f := range l.feeds {
		if f.names != nil {
			metrics = append(metrics, f)
		}
	}
	l.mu.Unlock()
	if len(clients) == 0 {
		return
	}
	if text := l.base(now); text != nil {
		for _, c := range clients {
			c.offer(text)
		}
	}
	for _, f := range metrics {
		f.publish(l.points(f.names, now), 0, 0)
	}
}

// pointView is a Point as the metrics channel shows it.
type pointView struct {
	Metric string            `json:"metric"`
	Value  float64           `json:"value"`
	Tags   map[string]string `json:"tags"`
}

// points is the part of a metrics message that all subscribers share.
func (l *live) points(names []string, now time.Time) []byte {
	body := struct {
		Timestamp string      `json:"timestamp"`
		Points    []pointView `json:"points"`
	}{now.UTC().Format(timestampLayout), []pointView{}}
	for _, p := range l.s.deps.Latest.Points(names...) {
		if now.Sub(p.Time) > maxAge || math.IsNaN(p.Value) || math.IsInf(p.Value, 0) {
			continue
		}
		tags := p.Tags
		if tags == nil {
			tags = map[string]string{}
		}
		body.Points = append(body.Points, pointView{p.Metric, p.Value, tags})
	}
	return tail(body)
}

// tail is v as JSON without its opening brace, to be put behind what differs between subscribers.
func tail(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		text, _ = json.Marshal(struct {
			Error string `json:"error"`
		}{err.Error()})
	}
	return text[1:]
}

// join takes a client in, or says why not.
func (l *live) join(c *client) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closing:
		return fault.New(fault.Unavailable, "the platform stops")
	case len(l.clients) >= maxClients:
		return fault.New(fault.Limit, "%d live clients are connected already", maxClients)
	case !l.s.guard.open() && l.mine[c.who] >= cmp.Or(l.s.deps.Security.LiveClients, DefaultLiveClients):
		return fault.New(fault.Limit, "%d live clients of this token are connected already", l.mine[c.who])
	}
	l.clients[c] = true
	l.mine[c.who]++
	l.serving.Add(1)
	l.s.meters.clients.Set(float64(len(l.clients)))
	return nil
}

// leave forgets a client and its subscriptions.
func (l *live) leave(c *client) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, sub := range c.subs {
		l.unhook(sub)
	}
	c.subs = nil
	delete(l.clients, c)
	if l.mine[c.who]--; l.mine[c.who] == 0 {
		delete(l.mine, c.who)
	}
	l.s.meters.clients.Set(float64(len(l.clients)))
	l.serving.Done()
}

func (l *live) closeAll() {
	l.mu.Lock()
	l.closing = true
	for c := range l.clients {
		c.stop()
	}
	l.mu.Unlock()
	l.serving.Wait()
}

// subscribe hooks a client to the feed that a request names, making it if nobody has it yet. ack is
// sent before anything of the feed is.
func (l *live) subscribe(ctx context.Context, c *client, req *clientRequest, ack []byte) error {
	want, err := l.feedFor(ctx, req)
	if err != nil {
		return err
	}
	sub := &subscription{client: c, id: req.ID}
	fresh, err := l.hook(sub, want)
	if err != nil {
		return err
	}
	if !c.reply(ctx, ack) {
		return nil // the connection ends, and takes the subscription with it
	}
	sub.feed.begin(sub)
	if !fresh || sub.feed.run == nil {
		return nil
	}
	select {
	case l.starts <- sub.feed:
	case <-c.going:
	case <-ctx.Done():
		// Others may have found the feed, which nobody runs: they are told to come again.
		l.drop(sub.feed, fault.New(fault.Unavailable, "the feed did not start").WithHint("subscribe again"))
	}
	return nil
}

// hook puts a subscription into the feed that is wanted, or into the one of its key that exists.
func (l *live) hook(sub *subscription, want *feed) (fresh bool, err error) {
	c := sub.client
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closing || c.subs == nil:
		return false, fault.New(fault.Unavailable, "the connection ends")
	case len(c.subs) >= maxSubscriptions:
		return false, fault.New(fault.Limit, "one connection has at most %d subscriptions", maxSubscriptions)
	case c.subs[sub.id] != nil:
		return false, fault.New(fault.Conflict, "id %q is in use", sub.id).WithHint("unsubscribe it, or take another")
	}
	f := l.feeds[want.key]
	if f == nil {
		if n := l.countFeeds(want.channel); want.most > 0 && n >= want.most {
			return false, fault.New(fault.Limit, "%d different subscriptions to channel %s run already", n, want.channel)
		}
		f, fresh = want, true
		l.feeds[f.key] = f
	}
	sub.feed = f
	c.subs[sub.id] = sub
	f.add(sub)
	return fresh, nil
}

// countFeeds counts the feeds of a channel. The caller holds mu.
func (l *live) countFeeds(channel string) (n int) {
	for _, f := range l.feeds {
		if f.channel == channel {
			n++
		}
	}
	return n
}

// unsubscribe ends a subscription of a client, if it has it.
func (l *live) unsubscribe(c *client, id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if sub := c.subs[id]; sub != nil {
		delete(c.subs, id)
		l.unhook(sub)
	}
}

// unhook takes a subscription from its feed, and the feed away with its last one. The caller holds
// mu.
func (l *live) unhook(sub *subscription) {
	if sub.feed.remove(sub) == 0 && l.feeds[sub.feed.key] == sub.feed {
		delete(l.feeds, sub.feed.key)
		close(sub.feed.unused)
	}
}

// drop ends a feed that has come to its end by itself, and tells the subscribers why.
func (l *live) drop(f *feed, err error) {
	l.mu.Lock()
	if l.feeds[f.key] == f {
		delete(l.feeds, f.key)
		close(f.unused)
	}
	subs := f.all()
	for _, sub := range subs {
		if sub.client.subs[sub.id] == sub {
			delete(sub.client.subs, sub.id)
		}
	}
	l.mu.Unlock()
	for _, sub := range subs {
		sub.client.offer(l.errorMessage(sub.id, err))
	}
}

// errorMessage tells a client what is wrong with one of its requests.
func (l *live) errorMessage(id string, err error) []byte {
	text, jsonErr := json.Marshal(struct {
		Op    string   `json:"op"`
		ID    string   `json:"id"`
		Error *Problem `json:"error"`
	}{"error", id, problemOf(l.log, err)})
	if jsonErr != nil {
		return fmt.Appendf(nil, `{"op":"error","id":"","error":{"title":"error","status":500,"detail":%q}}`, strings.ToValidUTF8(jsonErr.Error(), "?"))
	}
	return text
}
