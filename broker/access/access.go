// Package access says who may connect to the broker and what they may do there: SASL (PLAIN, SCRAM), certificates,
// ACLs, and quotas.
//
// A connection is a Session until it has said who it is, and a Caller afterwards. Users, rules and quotas that
// requests make are in one keyed.Space and are durable before the answer; how they decide is Kafka's StandardAuthorizer, ScramControlManager and
// ClientQuotaManager. Semantics: KIP-11, 43, 84, 152, 257, 290, 546, 554, 599; RFC 4616, 5802, 7677.
package access

import (
	"log/slog"
	"sync"
	"time"

	"millrace/broker/keyed"
)

// Config says how callers prove who they are. The zero Config lets everybody do everything.
type Config struct {
	Now func() time.Time
	// Log hears of failed logins; nil: nobody does.
	Log *slog.Logger
	// SASL requires a name and a password of each connection.
	SASL bool
	// Users are names and passwords that always hold, beside those that AlterUserScramCredentials makes. They may use
	// PLAIN and SCRAM, the others only SCRAM: the broker does not know their passwords.
	Users map[string]string
	// Superusers may do everything: names, without "User:".
	Superusers []string
	// Authorize decides by ACLs; else everybody who may connect may do everything.
	Authorize bool
	// AllowUnruled lets everybody use a resource that no ACL names (Kafka's allow.everyone.if.no.acl.found).
	AllowUnruled bool
}

// Limits of what clients can make grow.
const (
	maxRules  = 20_000 // ACLs
	maxUsers  = 10_000 // names with SCRAM credentials, a mechanism each
	maxQuotas = 10_000 // entities with quotas
	maxName   = 1024   // bytes of a name of a user, client or resource, or of a host
)

// FailureDelay is for how long the answer to a failed login is to be held back (connection.failed.authentication.delay.ms).
const FailureDelay = 100 * time.Millisecond

// Access knows users, rules and quotas. The methods may be called from any goroutine. It answers, by methods that take (context.Context, *Caller, *kmsg.XRequest) and return *kmsg.XResponse:
// DescribeACLs, CreateACLs, DeleteACLs, DescribeClientQuotas, AlterClientQuotas, DescribeUserSCRAMCredentials, AlterUserSCRAMCredentials.
type Access struct {
	cfg    Config
	store  *keyed.Space
	change sync.Mutex // one request at a time changes what is stored
	rules  *Rules
	users  *users
	quotas *quotas
}

// Open reads users, rules and quotas.
func Open(store *keyed.Space, cfg Config) (*Access, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	users, err := newUsers(cfg.Users)
	if err != nil {
		return nil, err
	}
	a := &Access{cfg: cfg, store: store, rules: newRules(cfg), users: users, quotas: newQuotas(cfg.Now)}
	if err := a.load(); err != nil {
		return nil, err
	}
	return a, nil
}

// caller makes the Caller of a connection whose user is known.
func (a *Access) caller(user, host string) *Caller {
	c := &Caller{User: user, Host: host, of: a}
	if a.cfg.Authorize {
		c.rules = a.rules
	}
	return c
}
