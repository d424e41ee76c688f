package bus

import (
	"context"
	"net"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"millrace/fault"
)

// SASL is a user of a cluster that asks for one.
type SASL struct {
	// Mechanism is PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.
	Mechanism string
	User      string
	Password  string
}

// security returns the client options for encryption and authentication.
func (c Config) security() ([]kgo.Opt, error) {
	var opts []kgo.Opt
	if c.Dial != nil {
		opts = append(opts, kgo.Dialer(func(ctx context.Context, _, _ string) (net.Conn, error) { return c.Dial(ctx) }))
	}
	if c.TLS != nil {
		opts = append(opts, kgo.DialTLSConfig(c.TLS.Clone()))
	}
	if c.SASL == nil {
		return opts, nil
	}
	switch s := c.SASL; strings.ToUpper(s.Mechanism) {
	case "PLAIN":
		return append(opts, kgo.SASL(plain.Auth{User: s.User, Pass: s.Password}.AsMechanism())), nil
	case "SCRAM-SHA-256":
		return append(opts, kgo.SASL(scram.Auth{User: s.User, Pass: s.Password}.AsSha256Mechanism())), nil
	case "SCRAM-SHA-512":
		return append(opts, kgo.SASL(scram.Auth{User: s.User, Pass: s.Password}.AsSha512Mechanism())), nil
	default:
		return nil, fault.New(fault.Invalid, "SASL mechanism %q is not known", s.Mechanism).
			WithHint("one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512")
	}
}
