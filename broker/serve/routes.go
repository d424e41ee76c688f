package serve

import (
	"context"
	"reflect"
	"time"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/access"
	"millrace/broker/group"
)

// The keys that are treated apart.
const (
	keyProduce          = int16(kmsg.Produce)
	keyFetch            = int16(kmsg.Fetch)
	keySASLHandshake    = int16(kmsg.SASLHandshake)
	keyApiVersions      = int16(kmsg.ApiVersions)
	keySASLAuthenticate = int16(kmsg.SASLAuthenticate)

	maxKey = 128 // keys are below
)

// route is a kind of request: which versions are answered, and by whom.
type route struct {
	name     string
	min, max int16
	listed   int16 // the lowest version that ApiVersions names
	polls    bool  // it waits for events: it ends when the peer is gone
	named    bool  // its owner asks for the client's name
	pooled   bool  // its bytes are not kept
	swell    int64 // how many times larger than its bytes it may be in memory
	compact  int16 // the first version that is flexible
	errors   []int // the field ErrorCode of the answer; nil: there is none
	shapes   shapes
	do       func(context.Context, *conn, kmsg.Request) kmsg.Response
}

func (r *route) flexible(version int16) bool { return version >= r.compact }

// routes are all kinds, by key.
type routes [maxKey]*route

func (t *routes) find(key int16) *route {
	if key < 0 || key >= maxKey {
		return nil
	}
	return t[key]
}

// add offers a kind of request in versions from lowest to highest.
func (t *routes) add(key kmsg.Key, lowest, highest int16, do func(context.Context, *conn, kmsg.Request) kmsg.Response) *route {
	req := kmsg.RequestForKey(int16(key))
	r := &route{name: key.Name(), min: lowest, max: min(highest, req.MaxVersion()), listed: lowest, swell: 16, do: do}
	for r.compact = 0; r.compact <= r.max; r.compact++ {
		if req.SetVersion(r.compact); req.IsFlexible() {
			break
		}
	}
	if f, ok := reflect.TypeOf(req.ResponseKind()).Elem().FieldByName("ErrorCode"); ok {
		r.errors = f.Index
	}
	t[int16(key)] = r
	return r
}

// to adapts the method of an owner, which answers a caller.
func to[Q kmsg.Request, A kmsg.Response](do func(context.Context, *access.Caller, Q) A) func(context.Context, *conn, kmsg.Request) kmsg.Response {
	return func(ctx context.Context, c *conn, req kmsg.Request) kmsg.Response { return do(ctx, c.caller, req.(Q)) }
}

// answer handles a request that is handled as a whole by its route.
func (c *conn) answer(f *frame, client string) error {
	start := time.Now()
	r := c.s.routes[f.key]
	if err := r.shapes.check(f, int(f.weight)+f.size); err != nil {
		return malformedf("%s request of version %d: %v", r.name, f.version, err)
	}
	req := kmsg.RequestForKey(f.key)
	req.SetVersion(f.version)
	if err := req.ReadFrom(f.body); err != nil {
		return malformedf("%s request of version %d: %v", r.name, f.version, err)
	}
	ctx := c.s.life
	if r.polls {
		ctx = c.polls
		// Its bytes may be waited for by others for as long as it waits for an event.
		c.s.asked.Release(f.weight - int64(f.size))
		f.weight = int64(f.size)
	}
	if r.named {
		ctx = group.WithClientID(ctx, client)
	}
	resp := r.do(ctx, c, req)
	resp.SetVersion(f.version)
	throttle := time.Duration(0)
	if !r.polls { // to wait for others is no work
		throttle = c.chargeTime(client, time.Since(start))
	}
	if t, ok := resp.(kmsg.SetThrottleResponse); ok && throttle > 0 {
		t.SetThrottle(int32(throttle.Milliseconds()))
	}
	failed := r.errors != nil && reflect.ValueOf(resp).Elem().FieldByIndex(r.errors).Int() != 0
	c.s.counts.handled(f.key, start, failed)

	c.out.begin(c.s.buffers)
	defer c.out.end(c.s.buffers)
	c.out.head(f.correlation, r.flexible(f.version) && f.key != keyApiVersions)
	c.out.buf = resp.AppendTo(c.out.buf)
	err := c.flush()
	if f.key == keySASLAuthenticate && err == nil {
		err = c.identify()
	}
	return err
}

// identify learns who the caller is, after it has said so.
func (c *conn) identify() error {
	if c.who == nil {
		return nil
	}
	caller, ok, failed := c.who.Caller()
	if failed {
		return malformedf("the client failed to authenticate")
	}
	if ok {
		c.caller = caller
		c.known.Store(true)
	}
	return nil
}

// charge notes what the caller has used, and returns for how long it is held back.
func (c *conn) charge(client string, use access.Use, amount float64) time.Duration {
	if c.s.cfg.Access == nil || c.trusted {
		return 0
	}
	d := c.s.cfg.Access.Charge(c.caller, client, use, amount)
	if d > 0 {
		c.s.counts.throttled.Add(1)
		c.mute(d)
	}
	return d
}

// chargeTime notes for how long a request kept us busy.
func (c *conn) chargeTime(client string, d time.Duration) time.Duration {
	return c.charge(client, access.RequestTime, float64(d.Microseconds())/1000)
}

// mute has the connection not be read for a time, or for the longer one that was said before.
func (c *conn) mute(d time.Duration) {
	for {
		now := c.throttle.Load()
		if int64(d) <= now || c.throttle.CompareAndSwap(now, int64(d)) {
			return
		}
	}
}

// head begins an answer.
func (o *output) head(correlation int32, flexible bool) {
	o.buf = append(o.buf, 0, 0, 0, 0)
	o.buf = kbin.AppendInt32(o.buf, correlation)
	if flexible {
		o.buf = append(o.buf, 0)
	}
}
