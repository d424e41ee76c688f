// Package syslog is a server for syslog: it takes records of RFC 5424 and RFC 3164 over UDP, TCP and TLS and makes
// JSON objects of them.
//
// A record has timestamp, host, app, procid, msgid, facility, severity, severity_code, message and structured, as far
// as the sender says; the host is the sender's address otherwise, and the timestamp is when it came. Its key
// is the sender's address. Colours of terminals are taken out. What cannot be read goes to the dead letters.
//
// Syslog has no acknowledgements, so what the kernels of both sides hold is lost if either of them dies. While the bus is away
// or slow, connections are not read, so that their senders wait, or keep what they have, and an append is repeated until
// the bus has it: a record may then come twice. Datagrams cannot wait: up to 8192 are kept, or 32 MiB, and what comes
// then is dropped, counted and warned about. What was read when the platform stops is still appended.
//
// What surprises people: the kernel limits the buffer of datagrams (net.core.rmem_max); what it drops itself nobody
// counts here. With certificates all TCP is TLS. Anyone who reaches the address may send: keep it on
// localhost or in a network you trust, or ask for client certificates.
package syslog

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"millrace/connector"
	"millrace/fault"
	"millrace/logline"
	"millrace/option"
)

// Names of options.
const (
	optListen    = "listen"
	optProtocols = "protocols"
	optTopic     = "topic"
	optZone      = "time_zone"
	optMaxSize   = "max_message"
	optMaxConns  = "max_connections"
	optIdle      = "idle_timeout"
	optBuffer    = "receive_buffer"
	optCert      = "cert_file"
	optCertKey   = "key_file"
	optClientCA  = "client_ca_file"
)

const (
	smallestMessage = 480 // what RFC 5424 wants everyone to take
	largestMessage  = 1 << 20
	mostConnections = 10_000
)

// Spec returns the connector.
func Spec() connector.Spec {
	return connector.Spec{
		Name:    "syslog",
		Doc:     "Takes syslog records (RFC 5424 and RFC 3164) that others send over UDP, TCP or TLS.",
		Local:   true,
		Options: options(),
		Collect: func(v option.Values) (connector.Collector, error) { return newCollector(v) },
	}
}

func options() []option.Option {
	return []option.Option{
		{Name: optListen, Default: "127.0.0.1:5514", Doc: "The address and port to listen on; 0.0.0.0:5514 is all addresses of this machine."},
		{Name: optProtocols, Default: "udp,tcp", OneOf: []string{"udp,tcp", "udp", "tcp"}, Doc: "What to listen with. TCP takes both framings, by octet counts and by line ends."},
		{Name: optTopic, Default: "logs.syslog", Doc: "The topic to fill."},
		{Name: optZone, Default: "Local", Doc: "The time zone of RFC 3164, which names none, such as Europe/Berlin; Local is the one of this machine. The year is guessed."},
		{Name: optMaxSize, Kind: option.Size, Default: "64 kb", Doc: "The most bytes of a message; of a longer one so many go to the dead letters."},
		{Name: optMaxConns, Kind: option.Int, Default: "256", Doc: "The most connections at a time; more are closed at once."},
		{Name: optIdle, Kind: option.Duration, Default: "10 min", Doc: "A connection over which nothing came for so long is closed."},
		{Name: optBuffer, Kind: option.Size, Default: "4 mb", Doc: "The buffer to ask the kernel for datagrams; it may give less."},
		{Name: optCert, Doc: "A file with the server's certificate (PEM); TCP is TLS then."},
		{Name: optCertKey, Doc: "The file with its key (PEM)."},
		{Name: optClientCA, Doc: "A file of certificates (PEM) one of which must have signed the client's."},
	}
}

// collector listens once at a time.
type collector struct {
	listen     string
	udp, tcp   bool
	topic      string
	zone       string
	maxMessage int
	maxConns   int
	idle       time.Duration
	buffer     int
	tls        *tls.Config // nil: none

	now func() time.Time
}

func newCollector(v option.Values) (*collector, error) {
	protocols := v.String(optProtocols)
	c := &collector{
		listen: v.String(optListen), udp: strings.Contains(protocols, "udp"), tcp: strings.Contains(protocols, "tcp"),
		topic: v.String(optTopic), zone: v.String(optZone), maxMessage: int(v.Size(optMaxSize)), maxConns: int(v.Int(optMaxConns)),
		idle: v.Duration(optIdle), buffer: int(v.Size(optBuffer)), now: time.Now,
	}
	_, port, err := net.SplitHostPort(c.listen)
	if n, bad := strconv.Atoi(port); err != nil || bad != nil || n < 1 || n > 65535 {
		return nil, fault.New(fault.Invalid, "option %q of connector %q: %q is no address and port", optListen, "syslog", c.listen).WithHint("write it like 127.0.0.1:5514")
	}
	switch {
	case c.maxMessage < smallestMessage || c.maxMessage > largestMessage:
		return nil, fault.New(fault.Invalid, "option %q of connector %q: %d bytes are not between %d and %d", optMaxSize, "syslog", c.maxMessage, smallestMessage, largestMessage)
	case c.maxConns < 1 || c.maxConns > mostConnections:
		return nil, fault.New(fault.Invalid, "option %q of connector %q: %d is not between 1 and %d", optMaxConns, "syslog", c.maxConns, mostConnections)
	case c.idle < time.Second:
		return nil, fault.New(fault.Invalid, "option %q of connector %q: %s is shorter than a second", optIdle, "syslog", c.idle)
	case c.buffer < 0 || c.buffer > 1<<30:
		return nil, fault.New(fault.Invalid, "option %q of connector %q: %d bytes are not between 0 and 1 GiB", optBuffer, "syslog", c.buffer)
	}
	if _, err := c.parser(); err != nil {
		return nil, err
	}
	c.tls, err = newTLS(v.String(optCert), v.String(optCertKey), v.String(optClientCA))
	if err == nil && c.tls != nil && !c.tcp {
		err = fault.New(fault.Invalid, "connector %q has a certificate, but no TCP", "syslog").WithHint("set %s to tcp", optProtocols)
	}
	return c, err
}

func (c *collector) parser() (logline.Parser, error) {
	return logline.New("syslog", option.Values{"time_zone": c.zone})
}

func newTLS(cert, key, clients string) (*tls.Config, error) {
	if cert == "" && key == "" && clients == "" {
		return nil, nil
	}
	if cert == "" || key == "" {
		return nil, fault.New(fault.Invalid, "connector %q needs %q and %q together", "syslog", optCert, optCertKey)
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, fault.New(fault.Invalid, "option %q of connector %q: %w", optCert, "syslog", err)
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}
	if clients != "" {
		pem, err := os.ReadFile(clients)
		if err != nil {
			return nil, fault.New(fault.Invalid, "option %q of connector %q: %w", optClientCA, "syslog", err)
		}
		if config.ClientCAs = x509.NewCertPool(); !config.ClientCAs.AppendCertsFromPEM(pem) {
			return nil, fault.New(fault.Invalid, "option %q of connector %q: there is no certificate in %s", optClientCA, "syslog", clients)
		}
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return config, nil
}
