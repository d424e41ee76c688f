// Package access says who may connect to the broker and what they may do there: SASL (PLAIN, SCRAM), certificates,
// ACLs, and quotas.
package access

import (
	"crypto/tls"
	"net"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/keyed"
)

// Config says how callers prove who they are. The zero Config lets everybody do everything.
type Config struct {
	Now func() time.Time
	// SASL requires a name and a password of each connection.
	SASL bool
	// Users are names and passwords that always hold, beside those that AlterUserScramCredentials makes.
	Users map[string]string
	// Superusers may do everything.
	Superusers []string
	// Authorize decides by ACLs; else everybody who may connect may do everything.
	Authorize bool
	// AllowUnruled lets everybody use a resource that no ACL names (Kafka's allow.everyone.if.no.acl.found).
	AllowUnruled bool
}

// Access knows users, rules and quotas. The methods may be called from any goroutine. It answers, by methods that take (context.Context, *Caller, *kmsg.XRequest) and return *kmsg.XResponse:
// DescribeACLs, CreateACLs, DeleteACLs, DescribeClientQuotas, AlterClientQuotas, DescribeUserSCRAMCredentials, AlterUserSCRAMCredentials.
type Access struct{}

// Open reads users, rules and quotas.
func Open(store *keyed.Space, cfg Config) (*Access, error) { panic("not yet") }

// Session is a connection that says who it is. One goroutine uses it.
type Session struct{}

// Accept begins a session. state is nil where the connection is not encrypted; a client's certificate that was verified names the user (its
// subject, as Kafka's default principal builder has it: "CN=…,OU=…").
func (a *Access) Accept(remote net.Addr, state *tls.ConnectionState) *Session { panic("not yet") }

// Caller returns who it is, nil and false as long as it has still to say so: then only ApiVersions, SaslHandshake and SaslAuthenticate are answered. After a failed SaslAuthenticate
// the connection is to be closed (failed).
func (s *Session) Caller() (c *Caller, ok, failed bool) { panic("not yet") }

// Handshake answers SaslHandshake, and Authenticate SaslAuthenticate.
func (s *Session) Handshake(req *kmsg.SASLHandshakeRequest) *kmsg.SASLHandshakeResponse {
	panic("not yet")
}

// Authenticate answers SaslAuthenticate.
func (s *Session) Authenticate(req *kmsg.SASLAuthenticateRequest) *kmsg.SASLAuthenticateResponse {
	panic("not yet")
}

// Use is what a quota bounds.
type Use int

// The uses: bytes in, bytes out, milliseconds of this broker's time, topics or partitions made or deleted.
const (
	Produced Use = iota
	Fetched
	RequestTime
	Mutations
)

// Charge notes a use and returns for how long the client is to be held back: the answer says so (throttle_time_ms) and the connection is not
// read for that time.
func (a *Access) Charge(c *Caller, clientID string, use Use, amount float64) time.Duration {
	panic("not yet")
}

// Rules are the ACLs of the broker.
type Rules struct{}

func (r *Rules) allows(c *Caller, op kmsg.ACLOperation, kind kmsg.ACLResourceType, name string) bool {
	panic("not yet")
}
