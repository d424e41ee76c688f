package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"millrace/fault"
	"millrace/telemetry"
)

// Roles are what a token may be for.
func Roles() []string { return []string{"viewer", "editor", "admin", "ingest"} }

// Check says what is wrong with the settings: all of it, in one error.
func (c *Config) Check() error {
	errs := slices.Concat(c.checkAddresses(), c.checkTokens(), c.checkNames(), c.checkBounds())
	if err := errors.Join(errs...); err != nil {
		return fault.New(fault.Invalid, "check configuration: %w", err)
	}
	return nil
}

// Loopback reports whether an address can be reached from this machine only.
func Loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

func (c *Config) checkAddresses() (errs []error) {
	if c.Data == "" {
		errs = append(errs, errors.New("data: name a folder"))
	}
	errs = append(errs, checkAddress("listen", c.Listen))
	if c.Kafka.Embedded() {
		errs = append(errs, checkAddress("kafka.listen", c.Kafka.Listen))
		errs = append(errs, c.Broker.check(c.Kafka.Listen, c.Insecure)...)
	}
	for _, b := range c.Kafka.Bootstrap {
		errs = append(errs, checkAddress("kafka.bootstrap", b))
	}
	if checkAddress("", c.Listen) == nil && !Loopback(c.Listen) && len(c.Tokens) == 0 && !c.Insecure {
		errs = append(errs, fmt.Errorf("listen: %s can be reached from other machines, and without a token anyone could read and "+
			"write: configure tokens, listen on 127.0.0.1, or say insecure: true", c.Listen))
	}
	if (c.TLS.CertFile == "") != (c.TLS.KeyFile == "") {
		errs = append(errs, errors.New("tls: cert_file and key_file belong together"))
	}
	if c.Bucket.URL != "" {
		if u, err := url.Parse(c.Bucket.URL); err != nil || !slices.Contains([]string{"file", "s3", "mem"}, u.Scheme) || u.User != nil {
			errs = append(errs, errors.New("bucket.url: it is not file:///dir or s3://bucket/prefix; keys go into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"))
		}
	}
	if c.InfluxDB.URL != "" {
		if u, err := url.Parse(c.InfluxDB.URL.Reveal()); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			errs = append(errs, errors.New("influxdb.url: it is no URL like http://influxdb:8086"))
		}
	}
	errs = append(errs, checkServer("flink.gateway", c.Flink.Gateway), checkServer("flink.job_manager", c.Flink.JobManager))
	for _, b := range c.Flink.BootstrapServers {
		errs = append(errs, checkAddress("flink.bootstrap_servers", b))
	}
	for _, o := range c.CORS.Origins {
		errs = append(errs, checkOrigin(o))
	}
	return errs
}

func checkAddress(key, address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%s: %q is no HOST:PORT", key, address)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("%s: %q has no port from 0 to 65535, but %q", key, address, port)
	} else if n == 0 && key == "kafka.bootstrap" {
		return fmt.Errorf("%s: %q: name the port", key, address)
	}
	if strings.ContainsAny(host, " /") {
		return fmt.Errorf("%s: %q is no name of a host", key, host)
	}
	return nil
}

// checkServer wants the URL of a server or nothing. It may have a password, so that it is not shown.
func checkServer(key string, text telemetry.Secret) error {
	if text == "" {
		return nil
	}
	if u, err := url.Parse(text.Reveal()); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" {
		return fmt.Errorf("%s: it is no URL like http://flink:8083", key)
	}
	return nil
}

func checkOrigin(origin string) error {
	if origin == "*" {
		return nil
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.Scheme+"://"+u.Host != origin {
		return fmt.Errorf("cors.origins: %q is no origin like https://example.org", origin)
	}
	return nil
}

// minTokenBytes keeps out what can be guessed; "openssl rand -hex 16" makes 32.
const minTokenBytes = 16

func (c *Config) checkTokens() (errs []error) {
	names := map[string]bool{}
	for i, t := range c.Tokens {
		at := fmt.Sprintf("tokens[%d]", i)
		if t.Name == "" {
			errs = append(errs, fmt.Errorf("%s: give it a name", at))
		} else if names[t.Name] {
			errs = append(errs, fmt.Errorf("%s: the name %q is taken", at, t.Name))
		}
		names[t.Name] = true
		errs = append(errs, oneOf(at+".role", t.Role, Roles()))
		if len(t.Token.Reveal()) < minTokenBytes {
			errs = append(errs, fmt.Errorf("%s: token %q has fewer than %d characters: make one with openssl rand -hex 32", at, t.Name, minTokenBytes))
		}
	}
	return errs
}

// readTokens replaces token files by what is in them.
func (c *Config) readTokens() error {
	for i, t := range c.Tokens {
		if err := readSecret(fmt.Sprintf("tokens[%d]", i), &c.Tokens[i].Token, &c.Tokens[i].TokenFile); err != nil {
			return fmt.Errorf("token %q: %w", t.Name, err)
		}
	}
	for i, u := range c.Broker.Users {
		if err := readSecret(fmt.Sprintf("broker.users[%d]", i), &c.Broker.Users[i].Password, &c.Broker.Users[i].PasswordFile); err != nil {
			return fmt.Errorf("user %q: %w", u.Name, err)
		}
	}
	return readSecret("influxdb", &c.InfluxDB.Token, &c.InfluxDB.TokenFile)
}

// readSecret replaces the name of a file by what is in it.
func readSecret(key string, secret *telemetry.Secret, file *string) error {
	if *file == "" {
		return nil
	}
	if *secret != "" {
		return fault.New(fault.Invalid, "%s: a secret and the file of one are both given: keep one", key)
	}
	text, err := os.ReadFile(*file)
	if err != nil {
		return fault.New(fault.Invalid, "%s: read secret: %w", key, err)
	}
	*secret, *file = telemetry.Secret(strings.TrimSpace(string(text))), ""
	return nil
}

func (c *Config) checkNames() (errs []error) {
	if _, ok := telemetry.ParseLevel(c.Log.Level); !ok {
		errs = append(errs, oneOf("log.level", c.Log.Level, []string{"debug", "info", "warn", "error"}))
	}
	errs = append(errs,
		oneOf("log.format", string(c.Log.Format), []string{"auto", "json", "console"}),
		oneOf("demo", string(c.Demo), []string{"on", "off"}))
	if c.Sources.Host.Enabled {
		errs = append(errs, checkTopic("sources.host.topic", c.Sources.Host.Topic))
	}
	sources := map[string]bool{"host": c.Sources.Host.Enabled, "demo": c.Demo == On, "platform": true}
	for i, s := range c.Sources.Connect {
		at := fmt.Sprintf("sources.connect[%d]", i)
		if s.Name == "" || s.Connector == "" {
			errs = append(errs, fmt.Errorf("%s: give it a name and a connector", at))
		}
		if sources[s.Name] {
			errs = append(errs, fmt.Errorf("%s: the name %q is taken", at, s.Name))
		}
		sources[s.Name] = true
	}
	names := map[string]bool{}
	for i, p := range c.Pipelines {
		at := fmt.Sprintf("pipelines[%d]", i)
		if p.Name == "" || p.File == "" {
			errs = append(errs, fmt.Errorf("%s: give it a name and a file", at))
		}
		if names[p.Name] {
			errs = append(errs, fmt.Errorf("%s: the name %q is taken", at, p.Name))
		}
		names[p.Name] = true
		if p.Engine != "" {
			errs = append(errs, oneOf(at+".engine", p.Engine, []string{EngineMillrace, EngineFlink}))
		}
		if p.Engine == EngineFlink && p.Gateway == "" && c.Flink.Gateway == "" {
			errs = append(errs, fmt.Errorf("%s: engine flink needs a gateway: name it here or as flink.gateway", at))
		}
		errs = append(errs, checkServer(at+".gateway", p.Gateway))
		if p.DeadLetters != "" && p.DeadLetters != "off" {
			errs = append(errs, checkTopic(at+".dead_letters", strings.ReplaceAll(p.DeadLetters, "{topic}", "t")))
		}
	}
	topics := map[string]bool{}
	for i, s := range c.Store.Topics {
		at := fmt.Sprintf("store.topics[%d]", i)
		errs = append(errs, checkTopic(at+".topic", s.Topic), oneOf(at+".layout", string(s.Layout), []string{"points", "row"}))
		if topics[s.Topic] {
			errs = append(errs, fmt.Errorf("%s: topic %q is listed twice", at, s.Topic))
		}
		topics[s.Topic] = true
	}
	return errs
}

func (c *Config) checkBounds() (errs []error) {
	within := func(key string, n, low, high int) {
		if n < low || n > high {
			errs = append(errs, fmt.Errorf("%s: %d is not between %d and %d", key, n, low, high))
		}
	}
	lasting := func(key string, d Duration, low, high time.Duration) {
		if d.Std() < low || d.Std() > high {
			errs = append(errs, fmt.Errorf("%s: %s is not between %s and %s", key, d, Duration(low), Duration(high)))
		}
	}
	within("kafka.partitions", c.Kafka.Partitions, 1, 1024)
	within("limits.requests_per_second", c.Limits.RequestsPerSecond, 0, 1_000_000)
	within("limits.live_clients", c.Limits.LiveClients, 1, 1_000_000)
	lasting("bucket.after", c.Bucket.After, 0, 100*365*24*time.Hour)
	within("sql.threads", c.SQL.Threads, 0, 1024)
	within("sql.rows", c.SQL.Rows, 1, 10_000_000)
	lasting("sources.host.interval", c.Sources.Host.Interval, 100*time.Millisecond, time.Hour)
	lasting("store.flush_interval", c.Store.FlushInterval, 100*time.Millisecond, 10*time.Minute)
	lasting("sql.timeout", c.SQL.Timeout, 100*time.Millisecond, time.Hour)
	lasting("functions.timeout", c.Functions.Timeout, 10*time.Millisecond, time.Minute)
	if c.Functions.Memory < 1<<20 || c.Functions.Memory > 4<<30 {
		errs = append(errs, fmt.Errorf("functions.memory: %s is not between 1 mb and 4 gb", c.Functions.Memory))
	}
	if c.Jobs.Memory < 0 || c.Jobs.Memory > 0 && c.Jobs.Memory < 16<<20 {
		errs = append(errs, fmt.Errorf("jobs.memory: %s is less than 16 mb", c.Jobs.Memory))
	}
	if c.SQL.Memory < 64<<20 {
		errs = append(errs, fmt.Errorf("sql.memory: %s is less than 64 mb", c.SQL.Memory))
	}
	for name, d := range c.Store.Retention {
		if d < 0 {
			errs = append(errs, fmt.Errorf("store.retention of %q: %s is negative", name, d))
		}
	}
	return errs
}

func oneOf(key, value string, allowed []string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	text := fmt.Sprintf("%s: %q is not one of %s", key, value, strings.Join(allowed, ", "))
	if near := fault.Near(value, allowed); near != "" {
		text += fmt.Sprintf("; did you mean %s?", near)
	}
	return errors.New(text)
}

// checkTopic holds Kafka's rule for names.
func checkTopic(key, topic string) error {
	if topic == "" || len(topic) > 249 || topic == "." || topic == ".." {
		return fmt.Errorf("%s: %q is no name of a topic", key, topic)
	}
	for _, r := range topic {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r)) {
			return fmt.Errorf("%s: %q has a character that topics may not have: %q", key, topic, r)
		}
	}
	return nil
}
