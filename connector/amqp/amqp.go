// Package amqp collects messages of a RabbitMQ queue (AMQP 0-9-1).
//
// A message is acknowledged once the bus has it, so none is lost. One that RabbitMQ delivers again, as the
// acknowledgement did not reach it, is known by its message_id: hashes of the last ones are committed with the
// records, as many as can be without an acknowledgement and as many again. Messages without an id may come twice.
package amqp

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	rabbit "github.com/rabbitmq/amqp091-go"

	"millrace/connector"
	"millrace/fault"
	"millrace/option"
)

const (
	// maxPrefetch keeps the hashes of twice as many within a position.
	maxPrefetch = 3000
	// previewed is how many messages are borrowed for a preview.
	previewed = 10
	// lookEvery is how often the length of the queue is asked for.
	lookEvery = 5 * time.Second
	// patience is how long the server may take to answer.
	patience = 10 * time.Second
)

// Spec returns the connector.
func Spec() connector.Spec {
	return connector.Spec{
		Name:    "amqp",
		Doc:     "Takes messages from a RabbitMQ queue; those with a message_id come exactly once.",
		Options: options(),
		Collect: func(v option.Values) (connector.Collector, error) { return newCollector(v) },
	}
}

func options() []option.Option {
	return slices.Concat([]option.Option{
		connector.ServersOption("amqp://127.0.0.1:5672", "The server, HOST:PORT, or amqps://HOST:PORT for TLS; of several, separated by commas, the first that answers."),
		{Name: "vhost", Default: "/", Doc: "The virtual host."},
		{Name: "user", Default: "guest", Doc: "The user."},
		{Name: "password", Default: "guest", Secret: true, Doc: "The user's password."},
		{Name: "queue", Required: true, Doc: "The queue to take messages from."},
		{Name: "topic", Default: "amqp.raw", Doc: "The topic to fill."},
		{Name: "declare", Kind: option.Bool, Default: "false", Doc: "Make the queue, durable, if it is not there."},
		{Name: "queue_type", Default: "classic", OneOf: []string{"classic", "quorum"}, Doc: "The type of a queue that is made."},
		{Name: "exchange", Doc: "Bind the queue to this exchange, which must be there."},
		{Name: "binding_keys", Default: "#", Doc: "The keys to bind it with, separated by commas."},
		{Name: "prefetch", Kind: option.Int, Default: "500", Doc: "How many messages RabbitMQ sends ahead of acknowledgements; that many are held in memory."},
	}, connector.TLSOptions())
}

// collector takes messages from a queue.
type collector struct {
	servers                   []*url.URL
	tls                       *tls.Config
	always                    bool // TLS, whatever the address says
	vhost, user, password     string
	queue, kind, exchange, to string
	keys                      []string
	declare                   bool
	prefetch                  int
}

func newCollector(v option.Values) (*collector, error) {
	c := &collector{
		vhost: v.String("vhost"), user: v.String("user"), password: v.String("password"), queue: v.String("queue"), kind: v.String("queue_type"),
		exchange: v.String("exchange"), to: v.String("topic"), declare: v.Bool("declare"), prefetch: int(v.Int("prefetch")),
	}
	var err error
	if c.servers, err = connector.Servers(v, "amqp", map[string]string{"amqp": "5672", "amqps": "5671"}); err != nil {
		return nil, err
	}
	if c.tls, c.always, err = connector.TLSConfig(v); err != nil {
		return nil, err
	}
	for _, key := range strings.Split(v.String("binding_keys"), ",") {
		c.keys = append(c.keys, strings.TrimSpace(key))
	}
	if c.prefetch < 1 || c.prefetch > maxPrefetch {
		return nil, fault.New(fault.Invalid, "option %q is %d: 1 to %d are possible", "prefetch", c.prefetch, maxPrefetch)
	}
	return c, nil
}

// connect returns a connection to the first server that answers.
func (c *collector) connect(ctx context.Context) (*rabbit.Connection, error) {
	var last error
	for _, server := range c.servers {
		scheme := server.Scheme
		if c.always {
			scheme = "amqps"
		}
		conn, err := rabbit.DialConfig(scheme+"://"+server.Host, rabbit.Config{
			SASL: []rabbit.Authentication{&rabbit.PlainAuth{Username: c.user, Password: c.password}}, Vhost: c.vhost,
			Heartbeat: patience, TLSClientConfig: c.tls.Clone(), Properties: rabbit.Table{"product": "millrace", "connection_name": "millrace"},
			Dial: func(network, addr string) (net.Conn, error) { return dial(ctx, network, addr) },
		})
		if err == nil {
			return conn, nil
		}
		last = explain(err, "reach RabbitMQ at "+server.Host)
	}
	return nil, last
}

// dial connects with a deadline that the library lifts once it is signed in.
func dial(ctx context.Context, network, addr string) (net.Conn, error) {
	d := net.Dialer{Timeout: patience / 2}
	conn, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return conn, conn.SetDeadline(time.Now().Add(patience))
}

// explain makes a fault of what RabbitMQ or the connection says.
func explain(err error, doing string) error {
	var said *rabbit.Error
	switch {
	case errors.Is(err, rabbit.ErrCredentials):
		return fault.New(fault.Denied, "%s: %w", doing, err).WithHint("check 'user' and 'password'; the user guest may only come from the machine of the server")
	case errors.Is(err, rabbit.ErrVhost), errors.As(err, &said) && said.Code == rabbit.NotAllowed:
		return fault.New(fault.Denied, "%s: %w", doing, err).WithHint("check 'vhost', and whether the user may use it")
	case errors.As(err, &said):
		switch said.Code {
		case rabbit.NotFound:
			return fault.New(fault.NotFound, "%s: %w", doing, err).WithHint("set 'declare' to have the queue made; an exchange must be there")
		case rabbit.AccessRefused:
			return fault.New(fault.Denied, "%s: %w", doing, err).WithHint("the user needs read permission on the queue, and configure and write for 'declare' and 'exchange'")
		case rabbit.PreconditionFailed:
			return fault.New(fault.Conflict, "%s: %w", doing, err).WithHint("the queue is there with other settings: leave 'declare' out, or set 'queue_type' as it is")
		case rabbit.ResourceLocked:
			return fault.New(fault.Conflict, "%s: %w", doing, err).WithHint("another connection has the queue for itself")
		}
	}
	return fault.New(fault.Unavailable, "%s: %w", doing, err).WithHint("check that RabbitMQ listens there, and whether it asks for TLS")
}

// shut ends a connection, and with it what was delivered and not acknowledged goes back to the queue.
func shut(conn *rabbit.Connection) {
	_ = conn.CloseDeadline(time.Now().Add(patience / 2)) // it may be gone already
}

// Test implements connector.Tester.
func (c *collector) Test(ctx context.Context) error {
	conn, err := c.connect(ctx)
	if err != nil {
		return err
	}
	defer shut(conn)
	if c.exchange != "" {
		ch, err := conn.Channel()
		if err == nil {
			// The type is not looked at.
			err = ch.ExchangeDeclarePassive(c.exchange, "topic", true, false, false, false, nil)
		}
		if err != nil {
			return explain(err, "look at exchange "+c.exchange)
		}
	}
	ch, err := conn.Channel()
	if err == nil {
		_, err = ch.QueueDeclarePassive(c.queue, true, false, false, false, nil)
	}
	if err == nil {
		return nil
	}
	err = explain(err, "look at queue "+c.queue)
	if c.declare && errors.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// Collect takes messages until ctx ends, the bus fails or RabbitMQ is away.
func (c *collector) Collect(ctx context.Context, site connector.Site) error {
	noted, err := site.Position(ctx)
	if err != nil {
		return err
	}
	conn, err := c.connect(ctx)
	if err != nil {
		return err
	}
	defer shut(conn)
	ch, err := conn.Channel()
	if err != nil {
		return explain(err, "open a channel")
	}
	gone := ch.NotifyClose(make(chan *rabbit.Error, 1))
	deliveries, err := c.consume(ch, site)
	if err != nil {
		return err
	}
	var looking sync.WaitGroup
	defer looking.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if !site.Preview() {
		looking.Go(func() { c.look(ctx, conn, site) })
	}
	t := &taking{collector: c, site: site, channel: ch, seen: parseSeen(noted, 2*c.prefetch)}
	err = t.run(ctx, deliveries)
	switch {
	case ctx.Err() != nil:
		return nil
	case err != nil:
		return err
	}
	select {
	case said := <-gone:
		if said != nil {
			return explain(said, "take messages from queue "+c.queue)
		}
	default:
	}
	return fault.New(fault.Unavailable, "take messages from queue %s: RabbitMQ has ended it", c.queue).
		WithHint("the queue was deleted or has moved to another node")
}

// consume prepares the queue and asks for messages. A preview neither makes nor binds anything.
func (c *collector) consume(ch *rabbit.Channel, site connector.Site) (<-chan rabbit.Delivery, error) {
	prefetch := c.prefetch
	if site.Preview() {
		prefetch = previewed
	} else if err := c.prepare(ch); err != nil {
		return nil, err
	}
	if err := ch.Qos(prefetch, 0, false); err != nil {
		return nil, explain(err, "set prefetch")
	}
	deliveries, err := ch.Consume(c.queue, "", false, false, false, false, nil)
	if err != nil {
		return nil, explain(err, "take messages from queue "+c.queue)
	}
	return deliveries, nil
}

// prepare makes and binds the queue as the settings want it.
func (c *collector) prepare(ch *rabbit.Channel) error {
	if c.declare {
		if _, err := ch.QueueDeclare(c.queue, true, false, false, false, rabbit.Table{"x-queue-type": c.kind}); err != nil {
			return explain(err, "declare queue "+c.queue)
		}
	}
	if c.exchange == "" {
		return nil
	}
	for _, key := range c.keys {
		if err := ch.QueueBind(c.queue, key, c.exchange, false, nil); err != nil {
			return explain(err, "bind queue "+c.queue+" to exchange "+c.exchange)
		}
	}
	return nil
}

// look tells how many messages wait, until it may not ask.
func (c *collector) look(ctx context.Context, conn *rabbit.Connection, site connector.Site) {
	ch, err := conn.Channel()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for err == nil {
		var q rabbit.Queue
		if q, err = ch.QueueDeclarePassive(c.queue, true, false, false, false, nil); err != nil {
			break
		}
		site.SetLag(int64(q.Messages))
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
	site.SetLag(-1)
}

var _ connector.Tester = (*collector)(nil)
