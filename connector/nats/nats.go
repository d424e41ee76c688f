// Package nats collects messages of NATS: of subjects, at most once as NATS itself has it, or of a JetStream stream,
// exactly once.
//
// From a stream it reads with a consumer that does not outlive it, from the sequence on that is committed with
// the records. Streams that delete what is acknowledged (work queues, interest) need a durable consumer:
// there the sequences that were appended and may be delivered again are committed.
package nats

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"millrace/connector"
	"millrace/fault"
	"millrace/option"
)

const (
	// previewed is how many messages before the end a preview begins.
	previewed = 10
	// lookEvery is how often it is asked how many messages wait.
	lookEvery = 5 * time.Second
	// patience is how long a server may take to answer.
	patience = 5 * time.Second
	// pulledBytes bounds what a server sends ahead.
	pulledBytes = 8 << 20
	// heldBytes bounds what of subjects waits for the bus; beyond it NATS drops messages.
	heldBytes = 64 << 20
)

// Spec returns the connector.
func Spec() connector.Spec {
	return connector.Spec{
		Name:    "nats",
		Doc:     "Reads a JetStream stream exactly once, or subjects of NATS at most once.",
		Options: options(),
		Collect: func(v option.Values) (connector.Collector, error) { return newCollector(v) },
	}
}

func options() []option.Option {
	return slices.Concat([]option.Option{
		connector.ServersOption("nats://127.0.0.1:4222", "Servers of the cluster, HOST:PORT, tls://HOST:PORT or ws://HOST:PORT, separated by commas."),
		{Name: "user", Doc: "The user."},
		{Name: "password", Secret: true, Doc: "The user's password."},
		{Name: "token", Secret: true, Doc: "A token, instead of a user."},
		{Name: "creds_file", Doc: "A file with credentials (JWT and seed), instead of a user."},
		{Name: "nkey_file", Doc: "A file with the seed of an NKey, instead of a user."},
		{Name: "stream", Doc: "The JetStream stream to read; without one, subjects are listened to, and what is sent while nobody listens is lost."},
		{Name: "subjects", Doc: "The subjects, separated by commas, with the wildcards * and >; of a stream all by default."},
		{Name: "topic", Default: "nats.raw", Doc: "The topic to fill."},
		{Name: "queue_group", Doc: "Share the messages of subjects with the other members of this group. A stream has 'durable' for that."},
		{Name: "start", Default: "all", OneOf: []string{"all", "new", "time"}, Doc: "Where the first start in a stream begins; later ones go on where the source was."},
		{Name: "start_time", Doc: "The time of the start 'time', such as 2026-01-31T08:00:00Z."},
		{Name: "durable", Doc: "A durable consumer of the stream to read with; it is created if it is not there. Streams that delete what is acknowledged need it."},
		{Name: "batch", Kind: option.Int, Default: "1000", Doc: "How many messages a server sends ahead."},
	}, connector.TLSOptions())
}

// collector reads subjects or a stream.
type collector struct {
	servers   []string
	opts      []nats.Option
	stream    string
	subjects  []string
	to, group string
	start     string
	since     time.Time
	durable   string
	batch     int
}

func newCollector(v option.Values) (*collector, error) {
	c := &collector{
		stream: v.String("stream"), to: v.String("topic"), group: v.String("queue_group"), start: v.String("start"),
		durable: v.String("durable"), batch: int(v.Int("batch")),
	}
	for _, s := range strings.Split(v.String("subjects"), ",") {
		if s = strings.TrimSpace(s); s != "" {
			c.subjects = append(c.subjects, s)
		}
	}
	servers, err := connector.Servers(v, "nats", map[string]string{"nats": "4222", "tls": "4222", "ws": "80", "wss": "443"})
	if err != nil {
		return nil, err
	}
	for _, s := range servers {
		c.servers = append(c.servers, s.String())
	}
	if err := c.check(v); err != nil {
		return nil, err
	}
	return c, c.secure(v)
}

// check finds settings that do not go together.
func (c *collector) check(v option.Values) error {
	switch {
	case c.stream == "" && len(c.subjects) == 0:
		return fault.New(fault.Invalid, "one of the options %q and %q is needed", "stream", "subjects")
	case c.stream == "" && (c.durable != "" || c.start != "all"):
		return fault.New(fault.Invalid, "options %q and %q are of a stream", "durable", "start").WithHint("set 'stream'")
	case c.stream != "" && c.group != "":
		return fault.New(fault.Invalid, "option %q is not of a stream", "queue_group").WithHint("set 'durable' in all that share the stream")
	case (c.start == "time") != v.Has("start_time"):
		return fault.New(fault.Invalid, "option %q and the start %q are only of use together", "start_time", "time")
	case c.durable != "" && c.batch > 1000:
		return fault.New(fault.Invalid, "option %q is %d: with %q 1000 are the most", "batch", c.batch, "durable")
	case c.batch < 1 || c.batch > 10_000:
		return fault.New(fault.Invalid, "option %q is %d: 1 to 10000 are possible", "batch", c.batch)
	}
	if c.start != "time" {
		return nil
	}
	var err error
	if c.since, err = time.Parse(time.RFC3339, v.String("start_time")); err != nil {
		return fault.New(fault.Invalid, "option %q: %q is no time like 2026-01-31T08:00:00Z", "start_time", v.String("start_time"))
	}
	return nil
}

// secure reads how to sign in. The library does not connect again by itself: the loop around Collect does.
func (c *collector) secure(v option.Values) error {
	c.opts = []nats.Option{
		nats.Name("millrace"), nats.NoReconnect(), nats.Timeout(patience), nats.PingInterval(2 * patience), nats.MaxPingsOutstanding(2),
	}
	tls, wanted, err := connector.TLSConfig(v)
	if err != nil {
		return err
	}
	if wanted {
		c.opts = append(c.opts, nats.Secure(tls))
	}
	ways := 0
	if v.Has("user") {
		ways++
		c.opts = append(c.opts, nats.UserInfo(v.String("user"), v.String("password")))
	}
	if v.Has("token") {
		ways++
		c.opts = append(c.opts, nats.Token(v.String("token")))
	}
	if file := v.String("creds_file"); file != "" {
		ways++
		c.opts = append(c.opts, nats.UserCredentials(file))
	}
	if file := v.String("nkey_file"); file != "" {
		ways++
		key, err := nats.NkeyOptionFromSeed(file)
		if err != nil {
			return fault.New(fault.Invalid, "option %q: %w", "nkey_file", err)
		}
		c.opts = append(c.opts, key)
	}
	if ways > 1 {
		return fault.New(fault.Invalid, "more than one of %q, %q, %q and %q is set", "user", "token", "creds_file", "nkey_file")
	}
	return nil
}

// link is a connection. Its channels say why it is of no more use.
type link struct {
	*nats.Conn
	ended  chan struct{} // the connection is closed
	errors chan error    // the first error that the server told by itself
}

// connect returns a connection. warn, which may be nil, hears of messages that NATS has dropped as they were not
// taken fast enough.
func (c *collector) connect(warn func(error)) (*link, error) {
	l := &link{ended: make(chan struct{}), errors: make(chan error, 1)}
	told := func(_ *nats.Conn, sub *nats.Subscription, err error) {
		if errors.Is(err, nats.ErrSlowConsumer) && sub != nil && warn != nil {
			n, _ := sub.Dropped() // 0 of one that has ended
			warn(fault.New(fault.Limit, "messages of %s come faster than the bus takes them: %d were dropped", sub.Subject, n).
				WithHint("use a JetStream stream, or share the subject with 'queue_group'"))
			return
		}
		l.fail(err)
	}
	var err error
	l.Conn, err = nats.Connect(strings.Join(c.servers, ","), append(slices.Clip(c.opts),
		nats.ErrorHandler(told), nats.ClosedHandler(func(*nats.Conn) { close(l.ended) }))...)
	if err != nil {
		return nil, explain(err, "reach NATS at "+strings.Join(c.servers, ", "))
	}
	return l, nil
}

func (l *link) fail(err error) {
	select {
	case l.errors <- err:
	default:
	}
}

// shut closes the connection and waits until its goroutines have ended.
func (l *link) shut() {
	l.Close()
	<-l.ended
}

// why says why nothing comes any more.
func (l *link) why(doing string) error {
	select {
	case err := <-l.errors:
		return explain(err, doing)
	default:
	}
	if err := l.LastError(); err != nil {
		return explain(err, doing)
	}
	return explain(nats.ErrConnectionClosed, doing)
}

// explain makes a fault of what NATS says.
func explain(err error, doing string) error {
	is := func(targets ...error) bool {
		return slices.ContainsFunc(targets, func(t error) bool { return errors.Is(err, t) })
	}
	switch {
	case is(nats.ErrAuthorization, nats.ErrAuthExpired, nats.ErrAuthRevoked):
		return fault.New(fault.Denied, "%s: %w", doing, err).WithHint("check 'user' and 'password', 'token', 'creds_file' or 'nkey_file'")
	case is(nats.ErrPermissionViolation):
		return fault.New(fault.Denied, "%s: %w", doing, err).WithHint("the user may not subscribe to it, or not use $JS.API")
	case is(nats.ErrSecureConnRequired):
		return fault.New(fault.Unavailable, "%s: %w", doing, err).WithHint("set 'tls'")
	case is(jetstream.ErrStreamNotFound):
		return fault.New(fault.NotFound, "%s: %w", doing, err).WithHint("create the stream, or check its name")
	case is(jetstream.ErrJetStreamNotEnabled, jetstream.ErrJetStreamNotEnabledForAccount):
		return fault.New(fault.Invalid, "%s: %w", doing, err).WithHint("start the server with JetStream, or leave 'stream' out")
	}
	return fault.New(fault.Unavailable, "%s: %w", doing, err).WithHint("check that NATS listens there, and whether it asks for TLS")
}

// Test implements connector.Tester.
func (c *collector) Test(ctx context.Context) error {
	l, err := c.connect(nil)
	if err != nil {
		return err
	}
	defer l.shut()
	if c.stream != "" {
		_, _, err := c.open(ctx, l)
		return err
	}
	for _, subject := range c.subjects {
		if _, err := l.SubscribeSync(subject); err != nil {
			return explain(err, "subscribe to "+subject)
		}
	}
	if err := l.FlushTimeout(patience); err != nil { // behind it comes what the server says against it
		return explain(err, "subscribe")
	}
	if err := l.LastError(); err != nil {
		return explain(err, "subscribe")
	}
	return nil
}

// Collect reads until ctx ends, the bus fails or the server is away.
func (c *collector) Collect(ctx context.Context, site connector.Site) error {
	noted, err := site.Position(ctx)
	if err != nil {
		return err
	}
	l, err := c.connect(site.Warn)
	if err != nil {
		return err
	}
	defer l.shut()
	switch {
	case c.stream == "":
		err = c.listen(ctx, l, site)
	case c.durable == "":
		err = c.follow(ctx, l, site, noted)
	default:
		err = c.work(ctx, l, site, noted)
	}
	if ctx.Err() != nil {
		return nil
	}
	return err
}

var _ connector.Tester = (*collector)(nil)
