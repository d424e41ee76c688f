package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"millrace/bus"
	"millrace/fault"
	"millrace/option"
)

// cluster is the bus that a table is on: the platform's, or one that is opened for the table.
type cluster struct {
	props    option.Values
	platform bool

	mu  sync.Mutex // guards the fields below
	bus *bus.Bus
}

// newCluster decides by properties.bootstrap.servers. The platform's own address, however it is
// written, is the platform's bus.
func newCluster(b *bus.Bus, vals option.Values) (*cluster, error) {
	c := &cluster{props: vals.Under(optProperties)}
	servers := c.props.String("bootstrap.servers")
	if servers == "" || b != nil && SameServers(strings.Split(servers, ","), b.Seeds()) {
		if b == nil {
			return nil, fault.New(fault.Invalid, "option %q is missing", optProperties+"bootstrap.servers").
				WithHint("there is no bus here, so the table must name a cluster")
		}
		c.platform, c.bus = true, b
		return c, nil
	}
	if _, err := busConfig(c.props); err != nil {
		return nil, err
	}
	return c, nil
}

// SameServers says whether one address stands in both lists: then they name one cluster.
func SameServers(a, b []string) bool {
	norm := func(s string) string {
		return strings.Replace(strings.ToLower(strings.TrimSpace(s)), "localhost:", "127.0.0.1:", 1)
	}
	return slices.ContainsFunc(a, func(s string) bool {
		return slices.ContainsFunc(b, func(t string) bool { return norm(s) == norm(t) })
	})
}

// open returns the bus, and connects to it if it is not the platform's.
func (c *cluster) open(ctx context.Context) (*bus.Bus, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bus != nil {
		return c.bus, nil
	}
	cfg, err := busConfig(c.props)
	if err != nil {
		return nil, err
	}
	c.bus, err = bus.Open(ctx, cfg)
	return c.bus, err
}

// close ends a connection of our own.
func (c *cluster) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.platform || c.bus == nil {
		return nil
	}
	b := c.bus
	c.bus = nil
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return b.Close(ctx)
}

// committed says whether open and aborted transactions are hidden.
func (c *cluster) committed() bool { return c.props.String("isolation.level") != "read_uncommitted" }

// busConfig turns the properties of Kafka's clients into settings of a bus. Those that have no
// counterpart are passed over, as Kafka's clients do it with properties they do not know.
func busConfig(p option.Values) (bus.Config, error) {
	cfg := bus.Config{ClientID: p.String("client.id"), Compression: bus.Codec(p.String("compression.type"))}
	for _, s := range strings.Split(p.String("bootstrap.servers"), ",") {
		cfg.Seeds = append(cfg.Seeds, strings.TrimSpace(s))
	}
	for name, to := range map[string]*int{"batch.size": &cfg.BatchBytes, "buffer.memory": &cfg.BufferBytes} {
		if v := p.String(name); v != "" {
			n, err := strconv.Atoi(v)
			if err != nil || n < 1 {
				return cfg, invalid(name, v, "not a number of bytes")
			}
			*to = n
		}
	}
	if v := p.String("linger.ms"); v != "" {
		ms, err := strconv.ParseFloat(v, 64)
		if err != nil || ms < 0 {
			return cfg, invalid("linger.ms", v, "not a number of milliseconds")
		}
		cfg.Linger = max(time.Duration(ms*float64(time.Millisecond)), time.Microsecond)
	}
	protocol := strings.ToUpper(p.String("security.protocol"))
	switch protocol {
	case "", "PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL":
	default:
		return cfg, invalid("security.protocol", protocol, "one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL")
	}
	var err error
	if strings.HasSuffix(protocol, "SSL") {
		if cfg.TLS, err = tlsConfig(p); err != nil {
			return cfg, err
		}
	}
	if strings.HasPrefix(protocol, "SASL") {
		if cfg.SASL, err = saslConfig(p); err != nil {
			return cfg, err
		}
	}
	return cfg, nil
}

func invalid(name, value, why string) error {
	return fault.New(fault.Invalid, "option %q: %q: %s", optProperties+name, value, why)
}

// tlsConfig reads the trusted certificates from a PEM file or from the option itself; without either
// the machine's are used.
func tlsConfig(p option.Values) (*tls.Config, error) {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	pem := []byte(p.String("ssl.truststore.certificates"))
	if file := p.String("ssl.truststore.location"); file != "" {
		if kind := strings.ToUpper(p.String("ssl.truststore.type")); kind != "PEM" {
			return nil, invalid("ssl.truststore.type", kind, "only PEM is known; convert the store with keytool")
		}
		var err error
		if pem, err = os.ReadFile(file); err != nil {
			return nil, fault.New(fault.Invalid, "option %q: %w", optProperties+"ssl.truststore.location", err)
		}
	}
	if len(pem) > 0 {
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fault.New(fault.Invalid, "the trusted certificates of the kafka table are not PEM")
		}
	}
	return cfg, nil
}

// jaasField finds a setting in Kafka's JAAS line: … required username="ann" password="secret";
func jaasField(line, name string) string {
	m := regexp.MustCompile(`\b` + name + `\s*=\s*"((?:[^"\\]|\\.)*)"`).FindStringSubmatch(line)
	if m == nil {
		return ""
	}
	return strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(m[1])
}

func saslConfig(p option.Values) (*bus.SASL, error) {
	line := p.String("sasl.jaas.config")
	s := &bus.SASL{
		Mechanism: strings.ToUpper(p.String("sasl.mechanism")),
		User:      jaasField(line, "username"),
		Password:  jaasField(line, "password"),
	}
	if !slices.Contains([]string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}, s.Mechanism) {
		return nil, invalid("sasl.mechanism", s.Mechanism, "one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512")
	}
	if s.User == "" {
		return nil, fault.New(fault.Invalid, "option %q has no username", optProperties+"sasl.jaas.config")
	}
	return s, nil
}
