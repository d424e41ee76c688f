package access

import "github.com/twmb/franz-go/pkg/kmsg"

// Caller is who asks: one connection, after it has said who it is. A nil Caller may do everything: it
// is the broker itself. It does not change after the connection's first requests; any goroutine may use it.
type Caller struct {
	// User is the name proven by SASL or a certificate; "ANONYMOUS" where nobody asked.
	User string
	// Host is the IP address of the other end.
	Host string
	// rules decides; nil: everything is allowed.
	rules *Rules
}

// May says whether the caller may do an operation on a resource of a name, by the ACLs as they are now.
func (c *Caller) May(op kmsg.ACLOperation, kind kmsg.ACLResourceType, name string) bool {
	if c == nil || c.rules == nil {
		return true
	}
	return c.rules.allows(c, op, kind, name)
}
