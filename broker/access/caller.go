package access

import (
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// Anonymous is the user of a connection that nobody asked for a name.
const Anonymous = "ANONYMOUS"

// Cluster is the name of the only resource of type cluster.
const Cluster = "kafka-cluster"

// Caller is who asks: one connection, after it has said who it is. A nil Caller may do everything: it
// is the broker itself. It does not change after the connection's first requests; any goroutine may use it.
type Caller struct {
	// User is the name proven by SASL or a certificate; "ANONYMOUS" where nobody asked.
	User string
	// Host is the IP address of the other end.
	Host string
	// Client is the client id of the connection's first request, for quotas on changes of topics.
	Client string
	// rules decides; nil: everything is allowed.
	rules *Rules
	of    *Access
}

// May says whether the caller may do an operation on a resource of a name, by the ACLs as they are now.
func (c *Caller) May(op kmsg.ACLOperation, kind kmsg.ACLResourceType, name string) bool {
	if c == nil || c.rules == nil {
		return true
	}
	return c.rules.allows(c, op, kind, name)
}

// MayAny says whether there is a resource of a kind on which the caller may do an operation (KIP-679:
// who may write to any topic may have a producer id).
func (c *Caller) MayAny(op kmsg.ACLOperation, kind kmsg.ACLResourceType) bool {
	if c == nil || c.rules == nil {
		return true
	}
	return c.rules.allowsAny(c, op, kind)
}

// Operations returns what the caller may do on a resource as the bits of KIP-430: bit n stands for operation n.
func (c *Caller) Operations(kind kmsg.ACLResourceType, name string) (bits int32) {
	for _, op := range operationsOn(kind) {
		if c.May(op, kind, name) {
			bits |= 1 << op
		}
	}
	return bits
}

// Mutate asks for leave to make or delete partitions (KIP-599). More than 0 says that the quota is used up, for how
// long, and that nothing was charged: the request is to be refused with THROTTLING_QUOTA_EXCEEDED.
func (c *Caller) Mutate(partitions int) time.Duration {
	if c == nil || c.of == nil {
		return 0
	}
	return c.of.Charge(c, c.Client, Mutations, float64(partitions))
}

// operationsOn lists what can be done with a kind of resource (AclEntry.supportedOperations).
func operationsOn(kind kmsg.ACLResourceType) []kmsg.ACLOperation {
	switch kind {
	case kmsg.ACLResourceTypeTopic:
		return []kmsg.ACLOperation{
			kmsg.ACLOperationRead, kmsg.ACLOperationWrite, kmsg.ACLOperationCreate, kmsg.ACLOperationDescribe, kmsg.ACLOperationDelete,
			kmsg.ACLOperationAlter, kmsg.ACLOperationDescribeConfigs, kmsg.ACLOperationAlterConfigs,
		}
	case kmsg.ACLResourceTypeGroup:
		return []kmsg.ACLOperation{
			kmsg.ACLOperationRead, kmsg.ACLOperationDescribe, kmsg.ACLOperationDelete, kmsg.ACLOperationDescribeConfigs, kmsg.ACLOperationAlterConfigs,
		}
	case kmsg.ACLResourceTypeCluster:
		return []kmsg.ACLOperation{
			kmsg.ACLOperationCreate, kmsg.ACLOperationClusterAction, kmsg.ACLOperationDescribeConfigs, kmsg.ACLOperationAlterConfigs,
			kmsg.ACLOperationIdempotentWrite, kmsg.ACLOperationAlter, kmsg.ACLOperationDescribe,
		}
	case kmsg.ACLResourceTypeTransactionalId:
		return []kmsg.ACLOperation{kmsg.ACLOperationDescribe, kmsg.ACLOperationWrite, kmsg.ACLOperation(15)} // 15: TWO_PHASE_COMMIT
	case kmsg.ACLResourceTypeDelegationToken:
		return []kmsg.ACLOperation{kmsg.ACLOperationDescribe}
	case kmsg.ACLResourceTypeUser:
		return []kmsg.ACLOperation{kmsg.ACLOperationCreateTokens, kmsg.ACLOperationDescribeTokens}
	}
	return nil
}
