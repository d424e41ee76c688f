package kafka

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"millrace/bus"
	"millrace/connector"
	"millrace/fault"
	"millrace/option"
)

// CollectSpec returns the collector, which brings topics of another cluster to the bus. No group is made there: the
// offsets are committed with the records, so each record comes exactly once.
func CollectSpec() connector.Spec {
	return connector.Spec{
		Name:    "kafka",
		Doc:     "Copies topics of another Kafka cluster to a topic of the bus, each record exactly once.",
		Options: collectOptions(),
		Collect: func(v option.Values) (connector.Collector, error) { return newCollector(v) },
	}
}

// optCollectPattern chooses topics by name.
const optCollectPattern = "topic_pattern"

func collectOptions() []option.Option {
	return slices.Concat([]option.Option{
		connector.ServersOption("", "Brokers of the cluster, HOST:PORT, separated by commas."),
		{Name: "topics", Doc: "The topics to read, separated by commas."},
		{Name: optCollectPattern, Doc: "A regular expression that the whole names of the topics match, instead of a list; new ones are found."},
		{Name: "topic", Default: "kafka.raw", Doc: "The topic to fill."},
		{Name: "start", Default: "earliest", OneOf: []string{"earliest", "latest"}, Doc: "Where the first start begins. Later ones go on where the source was; partitions that are added are read from their beginning."},
		{Name: "sasl_mechanism", OneOf: []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}, Doc: "How the user is proven; PLAIN if only a user is set."},
		{Name: "user", Doc: "The user of the cluster."},
		{Name: "password", Secret: true, Doc: "The user's password."},
	}, connector.TLSOptions())
}

// collector reads topics of another cluster.
type collector struct {
	to      string
	topics  []string
	pattern *regexp.Regexp // instead of topics
	latest  bool
	cfg     bus.Config
}

func newCollector(v option.Values) (*collector, error) {
	c := &collector{to: v.String("topic"), latest: v.String("start") == "latest"}
	servers, err := connector.Servers(v, "kafka", map[string]string{"kafka": "9092"})
	if err != nil {
		return nil, err
	}
	for _, s := range servers {
		c.cfg.Seeds = append(c.cfg.Seeds, s.Host)
	}
	if err := c.choose(v); err != nil {
		return nil, err
	}
	tls, wanted, err := connector.TLSConfig(v)
	if err != nil {
		return nil, err
	}
	if wanted {
		c.cfg.TLS = tls
	}
	if user := v.String("user"); user != "" {
		c.cfg.SASL = &bus.SASL{Mechanism: v.String("sasl_mechanism"), User: user, Password: v.String("password")}
		if c.cfg.SASL.Mechanism == "" {
			c.cfg.SASL.Mechanism = "PLAIN"
		}
	} else if v.String("sasl_mechanism") != "" {
		return nil, fault.New(fault.Invalid, "option %q needs the option %q", "sasl_mechanism", "user")
	}
	return c, nil
}

// choose reads which topics are meant.
func (c *collector) choose(v option.Values) error {
	for _, name := range strings.FieldsFunc(v.String("topics"), func(r rune) bool { return r == ',' || r == ';' || r == ' ' }) {
		if !slices.Contains(c.topics, name) {
			c.topics = append(c.topics, name)
		}
	}
	pattern := v.String(optCollectPattern)
	if (len(c.topics) == 0) == (pattern == "") {
		return fault.New(fault.Invalid, "one of the options %q and %q is needed", "topics", optCollectPattern)
	}
	if pattern == "" {
		return nil
	}
	var err error
	if c.pattern, err = regexp.Compile("^(?:" + pattern + ")$"); err != nil {
		return fault.New(fault.Invalid, "option %q: %w", optCollectPattern, err)
	}
	return nil
}

// open connects to the cluster.
func (c *collector) open(ctx context.Context) (*bus.Bus, error) {
	b, err := bus.Open(ctx, c.cfg)
	switch {
	case err == nil:
		return b, nil
	case errors.Is(err, kerr.SaslAuthenticationFailed):
		return nil, fault.New(fault.Denied, "log in to Kafka at %v: %w", c.cfg.Seeds, err).
			WithHint("check 'user', 'password' and 'sasl_mechanism'")
	case errors.Is(err, fault.Unavailable) && c.cfg.SASL == nil:
		return nil, fault.New(fault.Unavailable, "%w", err).
			WithHint("check that a broker listens there, that its advertised address can be reached from here, and whether it asks for TLS or a user")
	case errors.Is(err, fault.Unavailable):
		return nil, fault.New(fault.Unavailable, "%w", err).
			WithHint("check that a broker listens there, that its advertised address can be reached from here, whether it asks for TLS, and 'user' and 'password': some hang up on wrong ones")
	}
	return nil, err
}

func shut(b *bus.Bus) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = b.Close(ctx) // nothing was produced
}

// Test implements connector.Tester.
func (c *collector) Test(ctx context.Context) error {
	b, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer shut(b)
	found, missing, err := c.find(ctx, b)
	switch {
	case err != nil:
		return err
	case len(missing) > 0:
		return fault.New(fault.NotFound, "the cluster has no topic %s", strings.Join(missing, ", ")).
			WithHint("a source waits for topics that are not there yet")
	case len(found) == 0:
		return fault.New(fault.NotFound, "the cluster has no topic that matches %s", c.pattern)
	}
	return nil
}

// find lists the topics that are meant, and those of the list that are not there.
func (c *collector) find(ctx context.Context, b *bus.Bus) (found []bus.Topic, missing []string, err error) {
	if c.pattern != nil {
		names, err := b.TopicNames(ctx)
		if err != nil {
			return nil, nil, err
		}
		names = slices.DeleteFunc(names, func(name string) bool { return !c.pattern.MatchString(name) })
		if len(names) == 0 {
			return nil, nil, nil
		}
		found, err = b.Topics(ctx, names...)
		return found, nil, err
	}
	if found, err = b.Topics(ctx, c.topics...); !errors.Is(err, fault.NotFound) {
		return found, nil, err
	}
	found = nil
	for _, name := range c.topics {
		one, err := b.Topics(ctx, name)
		switch {
		case errors.Is(err, fault.NotFound):
			missing = append(missing, name)
		case err != nil:
			return nil, nil, err
		}
		found = append(found, one...)
	}
	return found, missing, nil
}

// Collect reads until ctx ends or the bus fails. A broker that is away is waited for by the reader, which keeps its
// offsets; asking for the topics fails after a while, and Collect with it.
func (c *collector) Collect(ctx context.Context, site connector.Site) error {
	noted, err := site.Position(ctx)
	if err != nil {
		return err
	}
	at, err := parseOffsetsNoted(noted)
	if err != nil {
		return err
	}
	b, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer shut(b)
	r, err := b.NewReader(bus.ReaderConfig{Committed: true})
	if err != nil {
		return err
	}
	defer r.Close()
	var running sync.WaitGroup
	defer running.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	running.Go(func() { _ = r.Run(ctx) }) // returns nil, when ctx ends

	copying := &copying{collector: c, site: site, bus: b, reader: r, at: at, first: noted == nil, warned: map[string]bool{}}
	err = copying.run(ctx)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

var _ connector.Tester = (*collector)(nil)
