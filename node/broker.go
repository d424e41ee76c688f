package node

import (
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"millrace/api"
	"millrace/broker"
	"millrace/broker/access"
	"millrace/config"
	"millrace/fault"
	"millrace/telemetry"
)

// openBroker opens the embedded broker as it is configured.
func (n *Node) openBroker(log *slog.Logger) error {
	c := n.cfg.Broker
	encrypt, err := brokerTLS(c.TLS, log)
	if err != nil {
		return err
	}
	retain := int64(c.Retain)
	if retain == 0 {
		retain = -1
	}
	b, err := broker.Open(broker.Config{
		Dir: filepath.Join(n.cfg.Data, "bus"), Listen: n.cfg.Kafka.Listen, Advertise: c.Advertise, Partitions: n.cfg.Kafka.Partitions,
		Flush: broker.Flush(c.Flush), FlushEvery: time.Duration(c.FlushInterval), RetainBytes: retain, SegmentBytes: int64(c.Segment),
		MinFree: int64(c.MinFree), AcceptLoss: c.AcceptLoss, TLS: encrypt, Access: brokerAccess(c), Connections: c.Connections,
		Logger: log.With("logger", "broker"),
	})
	if err != nil {
		return err
	}
	n.broker = b
	return nil
}

// brokerAccess says who may connect to the broker. The platform itself does so without a socket and may do everything.
func brokerAccess(c config.Broker) access.Config {
	users := map[string]string{}
	for _, u := range c.Users {
		users[u.Name] = u.Password.Reveal()
	}
	return access.Config{SASL: len(users) > 0, Users: users, Superusers: c.Superusers, Authorize: c.ACLs == config.On}
}

// brokerTLS is the certificate of the broker, nil if it has none.
func brokerTLS(c config.BrokerTLS, log *slog.Logger) (*tls.Config, error) {
	if c.CertFile == "" {
		return nil, nil
	}
	t, err := api.LoadTLS(c.CertFile, c.KeyFile, log)
	if err != nil {
		return nil, fault.New(fault.Invalid, "broker.tls: %w", err)
	}
	if c.ClientCAFile == "" {
		return t, nil
	}
	pem, err := os.ReadFile(c.ClientCAFile)
	if err != nil {
		return nil, fault.New(fault.Invalid, "read broker.tls.client_ca_file: %w", err)
	}
	if t.ClientCAs = x509.NewCertPool(); !t.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, fault.New(fault.Invalid, "read broker.tls.client_ca_file %s: it has no certificate", c.ClientCAFile)
	}
	t.ClientAuth = tls.RequireAndVerifyClientCert
	return t, nil
}

// brokerMetrics are the figures of the embedded broker, if there is one.
func (n *Node) brokerMetrics(m *telemetry.Metrics) {
	b := n.broker
	if b == nil {
		return
	}
	m.GaugeFunc("broker", "connections", "Clients that are connected.", func() float64 { return float64(b.Stats().Conns) })
	counters := map[string]struct {
		help string
		read func() int64
	}{
		"connections_total":         {"Connections accepted.", func() int64 { return b.Stats().Total }},
		"connections_refused_total": {"Connections refused because there were too many.", func() int64 { return b.Stats().Refused }},
		"connections_overdue_total": {"Connections closed because their peer stalled or said nothing.", func() int64 { return b.Stats().Overdue }},
		"requests_malformed_total":  {"Connections closed because of a request that is none.", func() int64 { return b.Stats().Malformed }},
		"requests_throttled_total":  {"Answers that told a client to slow down.", func() int64 { return b.Stats().Throttled }},
		"panics_total":              {"Requests that ended in a panic, and with them their connection.", func() int64 { return b.Stats().Panics }},
		"in_bytes_total":            {"Bytes of requests.", func() int64 { return b.Stats().In }},
		"out_bytes_total":           {"Bytes of answers.", func() int64 { return b.Stats().Out }},
	}
	for _, name := range slices.Sorted(maps.Keys(counters)) {
		c := counters[name]
		m.CounterFunc("broker", name, c.help, func() float64 { return float64(c.read()) })
	}
	kinds := func(read func(broker.Requests) float64) func() []telemetry.Sample {
		return func() (out []telemetry.Sample) {
			for _, r := range b.Stats().Requests {
				out = append(out, telemetry.Sample{Labels: []string{r.Name}, Value: read(r)})
			}
			return out
		}
	}
	by := []string{"request"}
	m.SampleFunc("broker", "requests", "Requests since the start, by kind.", by, kinds(func(r broker.Requests) float64 { return float64(r.Count) }))
	m.SampleFunc("broker", "request_errors", "Requests answered with an error, by kind.", by, kinds(func(r broker.Requests) float64 { return float64(r.Errors) }))
	m.SampleFunc("broker", "request_seconds", "Time spent on requests, waits for records and members included, by kind.", by,
		kinds(func(r broker.Requests) float64 { return r.Time.Seconds() }))
}
