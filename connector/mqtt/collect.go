package mqtt

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"millrace/connector"
	"millrace/fault"
)

// guest is the identity of a client that leaves nothing behind.
func guest() identity { return identity{client: "millrace-" + rand.Text()[:10], clean: true} }

// Test implements connector.Tester: it subscribes as a guest, and not as one of those that share.
func (c *collector) Test(ctx context.Context) error {
	s, err := c.connect(ctx, guest())
	if err != nil {
		return err
	}
	defer s.shut()
	filters := c.own()
	if err := errors.Join(s.conn.SetReadDeadline(time.Now().Add(patience)), s.write(s.subscribe(filters, 0, false))); err != nil {
		return explain(err, "subscribe")
	}
	for {
		p, err := readPacket(s.r)
		if err != nil {
			return explain(err, "subscribe")
		}
		if p.kind == kindSuback {
			codes, err := parseCodes(p, c.v5)
			if err != nil {
				return explain(err, "subscribe")
			}
			return granted(filters, codes)
		}
	}
}

// own are the filters without their groups.
func (c *collector) own() []string {
	all := make([]string, len(c.filters))
	for i, f := range c.filters {
		all[i], _ = unshared(f) // checked when it was set
	}
	return all
}

// granted says which filter the broker refuses.
func granted(filters []string, codes []byte) error {
	if len(codes) != len(filters) {
		return fault.New(fault.Unavailable, "subscribe: the broker answers for %d topics of %d", len(codes), len(filters))
	}
	for i, code := range codes {
		if code >= 0x80 {
			return fault.New(fault.Denied, "subscribe to %s: the broker answers with code %s", filters[i], hex(code)).
				WithHint("the user may not read this topic, or the broker does not know shared subscriptions")
		}
	}
	return nil
}

// event is a packet that the broker has sent.
type event struct {
	packet
	message
	size int64 // of the budget
}

// subscription is one Collect.
type subscription struct {
	*collector
	*session
	site    connector.Site
	durable bool // the broker keeps the session
	state   state
	pending []string // filters that the next SUBACK is about
	budget  *semaphore.Weighted

	records []connector.Record
	answers []byte
	changed bool // the position
}

// Collect reads until ctx ends, the bus fails or the broker is away.
func (c *collector) Collect(ctx context.Context, site connector.Site) error {
	noted, err := site.Position(ctx)
	if err != nil {
		return err
	}
	s := &subscription{collector: c, site: site, durable: c.qos > 0 && !site.Preview(), budget: semaphore.NewWeighted(heldBytes)}
	if s.state, err = parseState(noted); err != nil {
		return err
	}
	who := guest()
	if !site.Preview() {
		if who.client = c.client; who.client == "" {
			who.client = "millrace-" + site.Name()
		}
		who.clean = !s.durable
	}
	if s.session, err = c.connect(ctx, who); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	site.SetLag(-1) // the broker does not tell
	err = s.run(ctx, c.sessionName(who.client))
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (s *subscription) run(ctx context.Context, name string) error {
	var running sync.WaitGroup
	defer running.Wait()
	defer s.shut()
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := s.resume(inner, name); err != nil {
		return err
	}
	in := make(chan event, maxBatch)
	var ended error // why in was closed
	running.Go(func() {
		defer close(in)
		ended = s.read(inner, in)
	})
	running.Go(func() { s.beat(inner) })

	events, size := make([]event, 0, maxBatch), int64(0)
	for {
		clear(events)
		s.budget.Release(size)
		events, size = connector.Gather(inner, in, events[:0], maxBatch), 0
		if len(events) == 0 {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return ended
		}
		for i := range events {
			size += events[i].size
		}
		if err := s.use(inner, events); err != nil {
			return err
		}
	}
}

// read hands on what comes until there is no more, or too much waits.
func (s *subscription) read(ctx context.Context, in chan<- event) error {
	for {
		if err := s.conn.SetReadDeadline(time.Now().Add(s.interval * 3 / 2)); err != nil {
			return explain(err, "read from the MQTT broker")
		}
		p, err := readPacket(s.r)
		e := event{packet: p}
		switch {
		case err != nil:
		case p.kind == kindDisconnect:
			return parted(p)
		case p.kind == kindPublish:
			e.message, err = parseMessage(p, s.v5)
			e.size = int64(len(p.body))
		case p.kind == kindPubrel && len(p.body) >= 2:
			e.id = uint16(p.body[0])<<8 | uint16(p.body[1])
		}
		if err == nil {
			err = s.budget.Acquire(ctx, e.size)
		}
		if err != nil {
			return explain(err, "read from the MQTT broker")
		}
		select {
		case in <- e:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// resume goes on with the session that the broker has, or makes it new: then nothing of the one before is known
// any more, which is noted before anything can come.
func (s *subscription) resume(ctx context.Context, name string) error {
	wanted := s.filters
	if !s.durable {
		if s.site.Preview() {
			wanted = s.own() // others would go without what we see
		}
		s.state = newState("")
		return s.ask(wanted, nil)
	}
	if !s.present || s.state.of != name {
		stale := len(s.state.held) > 0 || len(s.state.filters) > 0
		s.state = newState(name)
		if stale {
			if err := s.site.AppendAt(ctx, s.to, connector.Batch{Position: s.state.bytes()}); err != nil {
				return err
			}
		}
	}
	var missing, surplus []string
	for _, f := range wanted {
		// Version 5 sends what is retained for new subscriptions only; 3.1.1 for every SUBSCRIBE.
		if qos, known := s.state.filters[f]; s.v5 || !known || qos != s.qos {
			missing = append(missing, f)
		}
	}
	for f := range s.state.filters {
		if !slices.Contains(wanted, f) {
			surplus = append(surplus, f)
		}
	}
	return s.ask(missing, surplus)
}

// ask sends what changes the subscriptions. The answers come between messages.
func (s *subscription) ask(missing, surplus []string) error {
	var out []byte
	if len(surplus) > 0 {
		out = s.unsubscribe(surplus)
	}
	if len(missing) > 0 {
		s.pending = missing
		qos := s.qos
		if s.site.Preview() {
			qos = 0 // nothing to acknowledge
		}
		out = append(out, s.subscribe(missing, qos, s.retained)...)
	}
	if err := s.write(out); err != nil {
		return explain(err, "subscribe")
	}
	return nil
}

// use appends the messages of a batch and then answers all that wants an answer, in order.
func (s *subscription) use(ctx context.Context, events []event) error {
	s.records, s.answers, s.changed = s.records[:0], s.answers[:0], false
	s.state.released.begin()
	for i := range events {
		if err := s.take(&events[i]); err != nil {
			return err
		}
	}
	if err := s.append(ctx); err != nil {
		return err
	}
	if s.site.Preview() {
		return nil
	}
	if err := s.write(s.answers); err != nil {
		return explain(err, "acknowledge messages")
	}
	return nil
}

// take looks at one packet.
func (s *subscription) take(e *event) error {
	switch e.kind {
	case kindPublish:
		s.receive(&e.message)
	case kindPubrel:
		s.answers = appendAck(s.answers, kindPubcomp, e.id)
		if print, held := s.state.held[e.id]; held {
			delete(s.state.held, e.id)
			s.state.released.add(e.id, print)
			s.changed = s.changed || s.durable
		}
	case kindPingresp:
		s.state.released.ponged()
	case kindSuback:
		codes, err := parseCodes(e.packet, s.v5)
		if err != nil {
			return explain(err, "subscribe")
		}
		if err := granted(s.pending, codes); err != nil {
			return err
		}
		s.subscribed(codes)
	}
	return nil
}

// subscribed notes what the session is subscribed to, and warns where the broker gives less than was asked for.
func (s *subscription) subscribed(codes []byte) {
	for i, f := range s.pending {
		if codes[i] < s.qos && !s.site.Preview() {
			s.site.Warn(fault.New(fault.Limit, "subscribe to %s: the broker gives QoS %d, not %d", f, codes[i], s.qos))
		}
	}
	if !s.durable {
		return
	}
	before := s.state.filters
	s.state.filters = map[string]byte{}
	for _, f := range s.filters {
		s.state.filters[f] = s.qos
	}
	s.changed = s.changed || fmt.Sprint(before) != fmt.Sprint(s.state.filters) // maps are printed in order
}

// receive takes a message, unless it was appended before.
func (s *subscription) receive(m *message) {
	if m.qos > 0 && !m.again {
		s.state.released.given(m.id)
	}
	switch m.qos {
	case 1:
		s.answers = appendAck(s.answers, kindPuback, m.id)
	case 2:
		s.answers = appendAck(s.answers, kindPubrec, m.id)
		if _, held := s.state.held[m.id]; held {
			return
		}
		s.changed = s.changed || s.durable
		print := m.print()
		s.state.held[m.id] = print
		if m.again && s.state.released.has(m.id, print) {
			return
		}
		s.state.released.forget(m.id)
	}
	if m.kept && !s.retained {
		return // with 3.1.1 they come anyway
	}
	r := connector.Record{Key: m.topic, Value: m.payload, Headers: []connector.Header{
		{Name: "millrace.source", Value: []byte(s.site.Name())},
		{Name: "mqtt.topic", Value: m.topic},
		{Name: "mqtt.qos", Value: []byte{'0' + m.qos}},
	}}
	if r.Value == nil {
		r.Value = []byte{} // no tombstone
	}
	if m.kept {
		r.Headers = append(r.Headers, connector.Header{Name: "mqtt.retained", Value: []byte("true")})
	}
	r.Headers = append(r.Headers, m.headers...)
	s.records = append(s.records, r)
}

// append appends the records, with the position if that has changed.
func (s *subscription) append(ctx context.Context) error {
	b := connector.Bounded(s.records)
	if s.changed {
		b.Position = s.state.bytes()
		return s.site.AppendAt(ctx, s.to, b)
	}
	if len(b.Refused) > 0 {
		if err := s.site.Refuse(ctx, s.to, b.Refused); err != nil {
			return err
		}
	}
	if len(b.Records) == 0 {
		return nil
	}
	return s.site.Append(ctx, s.to, b.Records)
}

var _ connector.Tester = (*collector)(nil)
