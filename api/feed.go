package api

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"millrace/fault"
)

// feed is one thing that clients subscribe to. Clients that ask for the same share it.
type feed struct {
	key     string
	channel string
	most    int      // how many feeds of the channel there may be; 0: no bound
	names   []string // of a metrics feed, which beat serves
	// run brings messages until ctx ends; nil for a metrics feed.
	run    func(ctx context.Context, f *feed)
	first  func() []byte // what a new subscriber gets at once; nil: the last message, if any
	unused chan struct{} // closed when nobody is subscribed any more

	mu   sync.Mutex // guards what follows; nothing is waited for under it
	subs map[*subscription]bool
	last []byte
}

// subscription is one client's part in a feed. The feed's mu guards begun, seq and dropped.
type subscription struct {
	client  *client
	feed    *feed
	id      string
	begun   bool // the client knows of it
	seq     int64
	dropped int64 // records that this client missed since it was last told
}

// Feed limits. A person reads four updates a second; a query more often than once a second would cost
// more than it shows.
const (
	topicInterval    = 250 * time.Millisecond
	maxTopicRecords  = 200
	maxTopicBytes    = 256 << 10
	minQueryInterval = time.Second
	maxQueryInterval = time.Hour
	queryInterval    = 2 * time.Second
	liveRows         = 1000
	maxNames         = 200
	feedRetry        = time.Second
	maxFeedRetry     = 30 * time.Second
)

// feedFor makes the feed that a request asks for; it does not run yet.
func (l *live) feedFor(ctx context.Context, req *clientRequest) (*feed, error) {
	f := &feed{channel: req.Channel, unused: make(chan struct{}), subs: map[*subscription]bool{}}
	switch req.Channel {
	case "metrics":
		if len(req.Names) == 0 || len(req.Names) > maxNames {
			return nil, fault.New(fault.Invalid, "names lists 1 to %d metrics", maxNames)
		}
		f.names = slices.Compact(slices.Sorted(slices.Values(req.Names)))
		f.key = "metrics\x00" + strings.Join(f.names, "\x00")
		f.first = func() []byte { return l.points(f.names, time.Now()) }
	case "topic":
		if err := l.checkTopic(ctx, req.Topic); err != nil {
			return nil, err
		}
		f.key, f.most = "topic\x00"+req.Topic, maxTopicFeeds
		f.run = func(ctx context.Context, f *feed) { l.tailTopic(ctx, f, req.Topic) }
	case "query":
		interval, err := req.interval()
		if err != nil {
			return nil, err
		}
		f.key, f.most = "query\x00"+interval.String()+"\x00"+req.SQL, maxQueryFeeds
		f.run = func(ctx context.Context, f *feed) { l.repeatQuery(ctx, f, req.SQL, interval) }
	default:
		return nil, fault.New(fault.Invalid, "channel %q does not exist", cut(req.Channel)).WithHint("the channels are metrics, topic and query")
	}
	return f, nil
}

func (l *live) checkTopic(ctx context.Context, name string) error {
	if name == "" {
		return fault.New(fault.Invalid, "topic is missing")
	}
	topics, err := l.s.deps.Bus.Topics(ctx)
	if err != nil {
		return err
	}
	var names []string
	for _, t := range topics {
		if t.Name == name {
			return nil
		}
		names = append(names, t.Name)
	}
	missing := fault.New(fault.NotFound, "topic %q does not exist", cut(name))
	if near := fault.Near(name, names); near != "" {
		return missing.WithHint("did you mean %q?", near)
	}
	return missing
}

func (r *clientRequest) interval() (time.Duration, error) {
	if r.SQL == "" || hasNUL(r.SQL) {
		return 0, fault.New(fault.Invalid, "sql is missing")
	}
	d := time.Duration(r.IntervalMS) * time.Millisecond
	if r.IntervalMS == 0 {
		d = queryInterval
	}
	if r.IntervalMS < 0 || r.IntervalMS > maxQueryInterval.Milliseconds() || d < minQueryInterval {
		return 0, fault.New(fault.Invalid, "interval_ms is between %d and %d", minQueryInterval.Milliseconds(), maxQueryInterval.Milliseconds())
	}
	return d, nil
}

// add takes a subscriber in; it gets nothing before begin.
func (f *feed) add(sub *subscription) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.subs[sub] = true
}

// begin lets a subscriber get messages, and first what there is.
func (f *feed) begin(sub *subscription) {
	var body []byte
	if f.first != nil {
		body = f.first()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	sub.begun = true
	if body == nil {
		body = f.last
	}
	if body != nil {
		f.send(sub, body, 0, 0)
	}
}

// remove takes a subscriber out, and returns how many are left.
func (f *feed) remove(sub *subscription) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.subs, sub)
	return len(f.subs)
}

func (f *feed) all() []*subscription {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Collect(maps.Keys(f.subs))
}

// publish sends a body, made by tail, to every subscriber. records is how many records it holds and
// dropped how many were left out before it; both are 0 where a message replaces the one before.
func (f *feed) publish(body []byte, records, dropped int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.channel == "query" {
		f.last = body // a newcomer need not wait for the next run
	}
	for sub := range f.subs {
		if sub.begun {
			f.send(sub, body, records, dropped)
		}
	}
}

// send queues one message for one subscriber. The caller holds mu.
func (f *feed) send(sub *subscription, body []byte, records, dropped int64) {
	sub.seq++
	sub.dropped += dropped
	msg := make([]byte, 0, len(body)+len(sub.id)+96)
	msg = append(msg, `{"id":`...)
	msg = strconv.AppendQuoteToASCII(msg, sub.id) // ids are checked to hold nothing that JSON writes otherwise
	msg = append(msg, `,"channel":"`...)
	msg = append(msg, f.channel...)
	msg = append(msg, `","seq":`...)
	msg = strconv.AppendInt(msg, sub.seq, 10)
	if f.channel == "topic" {
		msg = append(msg, `,"dropped":`...)
		msg = strconv.AppendInt(msg, sub.dropped, 10)
	}
	msg = append(msg, ',')
	msg = append(msg, body...)
	if sub.client.offer(msg) {
		sub.dropped = 0
	} else {
		sub.dropped += records
	}
}

// window keeps the newest records between two messages. Its mu guards it.
type window struct {
	mu      sync.Mutex
	records []RecordView
	sizes   []int
	bytes   int
	dropped int64
}

func (w *window) add(r Record) {
	size := len(r.Key) + min(len(r.Value), maxValueBytes)
	view := r.view()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.records, w.sizes, w.bytes = append(w.records, view), append(w.sizes, size), w.bytes+size
	for len(w.records) > maxTopicRecords || w.bytes > maxTopicBytes && len(w.records) > 1 {
		w.bytes -= w.sizes[0]
		w.records, w.sizes = w.records[1:], w.sizes[1:]
		w.dropped++
	}
}

func (w *window) take() ([]RecordView, int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	records, dropped := w.records, w.dropped
	w.records, w.sizes, w.bytes, w.dropped = nil, nil, 0, 0
	return records, dropped
}

// tailTopic brings the records of a topic, several to a message. While the bus is away it waits, and
// subscribers are told once.
func (l *live) tailTopic(ctx context.Context, f *feed, topic string) {
	var w window
	wait, told := feedRetry, false
	for {
		g, gctx := errgroup.WithContext(ctx)
		tctx, stop := context.WithCancel(gctx)
		g.Go(func() error {
			defer stop()
			return l.s.deps.Bus.Tail(gctx, topic, w.add)
		})
		g.Go(func() error {
			flushTopic(tctx, f, &w)
			return nil
		})
		err := g.Wait()
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			err = fault.New(fault.Unavailable, "topic %q came to an end", topic)
		}
		if !errors.Is(err, fault.Unavailable) {
			l.drop(f, err)
			return
		}
		if !told {
			l.tell(f, err)
			told = true
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
			wait = min(2*wait, maxFeedRetry)
		}
	}
}

func flushTopic(ctx context.Context, f *feed, w *window) {
	tick := time.NewTicker(topicInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		records, dropped := w.take()
		if len(records) == 0 {
			continue
		}
		body := struct {
			Records []RecordView `json:"records"`
		}{records}
		f.publish(tail(body), int64(len(records)), dropped)
	}
}

// repeatQuery asks the store again and again. SQL that does not hold ends the feed; anything else may
// pass, and is told when it changes.
func (l *live) repeatQuery(ctx context.Context, f *feed, text string, interval time.Duration) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	told := ""
	for {
		qctx, cancel := context.WithTimeout(ctx, maxRequestTime)
		t, err := l.s.runSQL(qctx, text, liveRows)
		cancel()
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, fault.Invalid), errors.Is(err, fault.Denied):
			l.drop(f, err)
			return
		case err != nil && err.Error() != told:
			told = err.Error()
			l.tell(f, err)
		case err == nil:
			told = ""
			f.publish(tail(struct {
				Columns   []Column `json:"columns"`
				Rows      [][]any  `json:"rows"`
				Truncated bool     `json:"truncated"`
			}{orEmpty(t.Columns), orEmpty(t.Rows), t.Truncated}), 0, 0)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// tell sends every subscriber of a feed an error; the feed goes on.
func (l *live) tell(f *feed, err error) {
	for _, sub := range f.all() {
		sub.client.offer(l.errorMessage(sub.id, err))
	}
}

// clientRequest is what a client may send.
type clientRequest struct {
	Op         string   `json:"op"`
	ID         string   `json:"id"`
	Channel    string   `json:"channel"`
	Names      []string `json:"names"`
	Topic      string   `json:"topic"`
	SQL        string   `json:"sql"`
	IntervalMS int64    `json:"interval_ms"`
	Token      string   `json:"token"`
}

const maxIDBytes = 64

// parseRequest reads one message of a client.
func parseRequest(data []byte) (*clientRequest, error) {
	var r clientRequest
	if err := json.Unmarshal(data, &r); err != nil {
		return &r, fault.New(fault.Invalid, "the message is not understood: %s", err.Error())
	}
	if len(r.ID) > maxIDBytes || strings.ContainsFunc(r.ID, func(c rune) bool { return c < ' ' || c > '~' }) {
		r.ID = ""
		return &r, fault.New(fault.Invalid, "an id has at most %d printable ASCII characters", maxIDBytes)
	}
	if r.ID == "" && (r.Op == "subscribe" || r.Op == "unsubscribe") {
		return &r, fault.New(fault.Invalid, "id is missing")
	}
	return &r, nil
}
