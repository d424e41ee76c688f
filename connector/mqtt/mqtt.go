// Package mqtt collects messages of an MQTT broker, 3.1.1 or 5.
//
// A message is acknowledged once the bus has it, and the broker keeps the session while nobody is there, so that with
// QoS 1 none is lost and with QoS 2 each comes exactly once. For the latter the packet ids that were
// appended and not yet released are committed with the records, and a release is answered only after it is
// committed, too. The client libraries answer releases by themselves, before anything could be committed, which is at
// least once at most; so the few packets that a subscriber needs are read and written here.
package mqtt

import (
	"crypto/tls"
	"net/url"
	"slices"
	"strings"
	"time"

	"millrace/connector"
	"millrace/fault"
	"millrace/option"
)

const (
	// patience is how long a broker may take to answer.
	patience = 10 * time.Second
	// heldBytes bounds the messages that wait for the bus.
	heldBytes = 16 << 20
	// maxBatch is how many messages are appended at once.
	maxBatch = 2000
)

// Spec returns the connector.
func Spec() connector.Spec {
	return connector.Spec{
		Name:    "mqtt",
		Doc:     "Subscribes to topics of an MQTT broker: QoS 1 loses nothing, QoS 2 comes exactly once.",
		Options: options(),
		Collect: func(v option.Values) (connector.Collector, error) { return newCollector(v) },
	}
}

func options() []option.Option {
	return slices.Concat([]option.Option{
		connector.ServersOption("mqtt://127.0.0.1:1883", "The broker, HOST:PORT, mqtts://HOST:PORT for TLS, ws://HOST:PORT/PATH or wss:// for WebSocket; of several, separated by commas, the first that answers."),
		{Name: "user", Doc: "The user."},
		{Name: "password", Secret: true, Doc: "The user's password."},
		{Name: "topics", Required: true, Doc: "The topics to subscribe to, separated by commas, with the wildcards + and #; $share/GROUP/TOPIC shares a topic with others."},
		{Name: "topic", Default: "mqtt.raw", Doc: "The topic of the bus to fill."},
		{Name: "protocol", Default: "5", OneOf: []string{"5", "3.1.1"}, Doc: "The version of MQTT."},
		{Name: "qos", Kind: option.Int, Default: "1", OneOf: []string{"0", "1", "2"}, Doc: "The quality of service to ask for: 0 at most once, 1 at least once, 2 exactly once. A message has that of its publisher if it is lower."},
		{Name: "client_id", Doc: "By what the broker knows the session; millrace- and the name of the source by default. No two clients may have the same."},
		{Name: "session_expiry", Kind: option.Duration, Default: "7 d", Doc: "How long the broker keeps the session, and messages for it, while nobody is connected. With 3.1.1 the broker's settings say that."},
		{Name: "keep_alive", Kind: option.Duration, Default: "30 s", Doc: "After how long without packets the other side is asked whether it is there."},
		{Name: "in_flight", Kind: option.Int, Default: "1000", Doc: "How many messages the broker may send ahead of acknowledgements. With 3.1.1 the broker's settings say that."},
		{Name: "retained", Kind: option.Bool, Default: "true", Doc: "Take the retained messages of the topics, once, when they are first subscribed to."},
	}, connector.TLSOptions())
}

// collector subscribes to topics.
type collector struct {
	servers        []*url.URL
	tls            *tls.Config
	always         bool // TLS, whatever the address says
	user, password string
	filters        []string
	to             string
	v5             bool
	qos            byte
	client         string
	expiry         time.Duration
	keepAlive      time.Duration
	inFlight       int
	retained       bool
}

func newCollector(v option.Values) (*collector, error) {
	c := &collector{
		user: v.String("user"), password: v.String("password"), to: v.String("topic"), v5: v.String("protocol") == "5", qos: byte(v.Int("qos")),
		client: v.String("client_id"), expiry: v.Duration("session_expiry"), keepAlive: v.Duration("keep_alive"),
		inFlight: int(v.Int("in_flight")), retained: v.Bool("retained"),
	}
	var err error
	if c.servers, err = connector.Servers(v, "mqtt", map[string]string{
		"mqtt": "1883", "tcp": "1883", "mqtts": "8883", "ssl": "8883", "tls": "8883", "ws": "80", "wss": "443",
	}); err != nil {
		return nil, err
	}
	if c.tls, c.always, err = connector.TLSConfig(v); err != nil {
		return nil, err
	}
	for _, f := range strings.Split(v.String("topics"), ",") {
		if f = strings.TrimSpace(f); f == "" || slices.Contains(c.filters, f) {
			continue
		}
		if why := badFilter(f); why != "" {
			return nil, fault.New(fault.Invalid, "option %q: %q: %s", "topics", f, why)
		}
		c.filters = append(c.filters, f)
	}
	switch {
	case len(c.filters) == 0 || len(c.filters) > 200:
		return nil, fault.New(fault.Invalid, "option %q names %d topics: 1 to 200 are possible", "topics", len(c.filters))
	case c.inFlight < 1 || c.inFlight > 10_000:
		return nil, fault.New(fault.Invalid, "option %q is %d: 1 to 10000 are possible", "in_flight", c.inFlight)
	case c.keepAlive < time.Second || c.keepAlive > time.Hour:
		return nil, fault.New(fault.Invalid, "option %q is %s: 1 s to 1 h are possible", "keep_alive", c.keepAlive)
	case c.password != "" && c.user == "" && !c.v5:
		return nil, fault.New(fault.Invalid, "option %q needs the option %q", "password", "user")
	}
	return c, nil
}

// badFilter says what is wrong with a topic filter, or "".
func badFilter(f string) string {
	f, ok := unshared(f)
	if !ok {
		return "write $share/GROUP/TOPIC"
	}
	levels := strings.Split(f, "/")
	for i, level := range levels {
		switch {
		case strings.Contains(level, "#") && (level != "#" || i < len(levels)-1):
			return "# stands alone in the last level"
		case strings.Contains(level, "+") && level != "+":
			return "+ stands alone in its level"
		}
	}
	if len(f) > 65_535 || strings.Contains(f, "\x00") {
		return "it is no topic"
	}
	return ""
}

// unshared is the topic filter of a shared subscription, or the filter itself.
func unshared(f string) (string, bool) {
	rest, shared := strings.CutPrefix(f, "$share/")
	if !shared {
		return f, f != ""
	}
	group, topic, ok := strings.Cut(rest, "/")
	return topic, ok && group != "" && topic != "" && !strings.ContainsAny(group, "+#")
}
