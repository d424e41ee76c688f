// Package redis collects entries of Redis Streams.
//
// Without a group the id behind which to read on is committed with the records, so that each entry comes exactly
// once; nothing is written to Redis. With a group Redis keeps what is pending, entries are acknowledged
// once the bus has them, and the ids of the batch that is being acknowledged are committed with its records, so
// that a restart does not repeat it.
package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"millrace/connector"
	"millrace/fault"
	"millrace/option"
)

const (
	// maxStreams bounds the position.
	maxStreams = 200
	// blockFor is how long a read waits for entries, and thus how long the end of Collect may take.
	blockFor = 250 * time.Millisecond
	// lookEvery is how often it is asked how many entries wait, and whether some are gone.
	lookEvery = 5 * time.Second
	// previewed is how many entries before the end a preview begins.
	previewed = 10
	// maxBatch keeps the ids of a batch within a position.
	maxBatch = 2000
)

// Spec returns the connector.
func Spec() connector.Spec {
	return connector.Spec{
		Name:    "redis",
		Doc:     "Reads Redis Streams, each entry exactly once, or as a member of a consumer group.",
		Options: options(),
		Collect: func(v option.Values) (connector.Collector, error) { return newCollector(v) },
	}
}

func options() []option.Option {
	return slices.Concat([]option.Option{
		connector.ServersOption("redis://127.0.0.1:6379", "The server, HOST:PORT, or rediss://HOST:PORT for TLS; of several, separated by commas, the first that answers."),
		{Name: "user", Doc: "The user, where the server knows more than the default one."},
		{Name: "password", Secret: true, Doc: "The user's password."},
		{Name: "db", Kind: option.Int, Default: "0", Doc: "The number of the database."},
		{Name: "streams", Required: true, Doc: "The streams to read, separated by commas."},
		{Name: "topic", Default: "redis.raw", Doc: "The topic to fill."},
		{Name: "start", Default: "0", OneOf: []string{"0", "$"}, Doc: "Where the first start begins: 0, the oldest entry, or $, with what comes from then on."},
		{Name: "group", Doc: "A consumer group to be a member of; it is created if it is not there. Without one, nothing is written to Redis."},
		{Name: "consumer", Doc: "The name in the group; that of the source by default."},
		{Name: "claim_after", Kind: option.Duration, Default: "5 min", Doc: "Entries that another member of the group has held for longer are taken over."},
		{Name: "batch", Kind: option.Int, Default: "1000", Doc: "How many entries to read at a time."},
		{Name: "field", Doc: "The field that becomes the record's value; by default all fields become a JSON object of strings."},
		{Name: "key", Doc: "The field that becomes the record's key; by default the key is the name of the stream."},
		{Name: "numbers", Kind: option.Bool, Default: "false", Doc: "Write what looks like a number as a number in the JSON object."},
	}, connector.TLSOptions())
}

// collector reads streams.
type collector struct {
	servers        []*url.URL
	tls            *tls.Config
	always         bool // TLS, whatever the address says
	user, password string
	db             int
	streams        []string
	to             string
	atEnd          bool
	group, member  string
	claimAfter     time.Duration
	batch          int
	shape          shape
}

func newCollector(v option.Values) (*collector, error) {
	c := &collector{
		user: v.String("user"), password: v.String("password"), db: int(v.Int("db")), to: v.String("topic"), atEnd: v.String("start") == "$",
		group: v.String("group"), member: v.String("consumer"), claimAfter: v.Duration("claim_after"), batch: int(v.Int("batch")),
		shape: shape{field: v.String("field"), key: v.String("key"), numbers: v.Bool("numbers")},
	}
	var err error
	if c.servers, err = connector.Servers(v, "redis", map[string]string{"redis": "6379", "rediss": "6379"}); err != nil {
		return nil, err
	}
	if c.tls, c.always, err = connector.TLSConfig(v); err != nil {
		return nil, err
	}
	for _, name := range strings.Split(v.String("streams"), ",") {
		if name = strings.TrimSpace(name); name != "" && !slices.Contains(c.streams, name) {
			c.streams = append(c.streams, name)
		}
	}
	switch {
	case len(c.streams) == 0 || len(c.streams) > maxStreams:
		return nil, fault.New(fault.Invalid, "option %q names %d streams: 1 to %d are possible", "streams", len(c.streams), maxStreams)
	case c.batch < 1 || c.batch > maxBatch:
		return nil, fault.New(fault.Invalid, "option %q is %d: 1 to %d are possible", "batch", c.batch, maxBatch)
	case c.db < 0:
		return nil, fault.New(fault.Invalid, "option %q is %d", "db", c.db)
	case c.member != "" && c.group == "":
		return nil, fault.New(fault.Invalid, "option %q is only of use with %q", "consumer", "group")
	}
	return c, nil
}

// connect returns a connection to the first server that answers, and what ends it.
func (c *collector) connect(ctx context.Context) (rueidis.DedicatedClient, func(), error) {
	var last error
	for _, server := range c.servers {
		opt := rueidis.ClientOption{
			InitAddress: []string{server.Host}, Username: c.user, Password: c.password, SelectDB: c.db, ClientName: "millrace",
			ForceSingleClient: true, DisableRetry: true, DisableCache: true, DisableAutoPipelining: true,
			ConnWriteTimeout: 10 * time.Second,
		}
		opt.Dialer.Timeout = 5 * time.Second
		if c.always || server.Scheme == "rediss" {
			opt.TLSConfig = c.tls.Clone()
			opt.TLSConfig.ServerName = server.Hostname()
		}
		client, err := rueidis.NewClient(opt)
		if err == nil {
			conn, release := client.Dedicate()
			if err = conn.Do(ctx, conn.B().Ping().Build()).Error(); err == nil {
				return conn, func() { release(); client.Close() }, nil
			}
			release()
			client.Close()
		}
		last = explain(err, "reach Redis at "+server.Host)
	}
	return nil, nil, last
}

// explain makes a fault of what Redis or the connection says.
func explain(err error, doing string) error {
	said, ok := rueidis.IsRedisErr(err)
	if !ok {
		return fault.New(fault.Unavailable, "%s: %w", doing, err).WithHint("check that Redis listens there, and whether it asks for TLS")
	}
	code, _, _ := strings.Cut(said.Error(), " ")
	switch code {
	case "WRONGPASS", "NOAUTH":
		return fault.New(fault.Denied, "%s: %w", doing, err).WithHint("check 'user' and 'password'")
	case "NOPERM":
		return fault.New(fault.Denied, "%s: %w", doing, err).WithHint("the user needs the commands XREAD, XINFO and XREVRANGE on the streams, and XGROUP, XREADGROUP, XAUTOCLAIM and XACK for a group")
	case "WRONGTYPE":
		return fault.New(fault.Invalid, "%s: %w", doing, err).WithHint("one of the names in 'streams' is no stream")
	}
	return fault.New(fault.Unavailable, "%s: %w", doing, err)
}

// Test implements connector.Tester.
func (c *collector) Test(ctx context.Context) error {
	conn, release, err := c.connect(ctx)
	if err != nil {
		return err
	}
	defer release()
	for _, stream := range c.streams {
		_, err := infoOf(ctx, conn, stream)
		if errors.Is(err, errNoStream) {
			return fault.New(fault.NotFound, "there is no stream %s", stream).WithHint("a source waits for streams that are not there yet")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Collect reads until ctx ends, the bus fails or Redis is away.
func (c *collector) Collect(ctx context.Context, site connector.Site) error {
	noted, err := site.Position(ctx)
	if err != nil {
		return err
	}
	at, err := parsePosition(noted)
	if err != nil {
		return err
	}
	conn, release, err := c.connect(ctx)
	if err != nil {
		return err
	}
	defer release()
	r := &reading{collector: c, conn: conn, site: site, at: at}
	if c.group != "" && !site.Preview() {
		err = r.asMember(ctx)
	} else {
		err = r.run(ctx)
	}
	if ctx.Err() != nil {
		return nil
	}
	return err
}

var _ connector.Tester = (*collector)(nil)
