package group

import "github.com/twmb/franz-go/pkg/kmsg"

// protocolConsumer is the protocol type of members that read topics; their metadata says which.
const protocolConsumer = "consumer"

// subscribed reads which topics the members read. Metadata that cannot be read means that it is not known.
func (c *classic) subscribed() (topics map[string]bool, known bool) {
	topics = map[string]bool{}
	for _, m := range c.members {
		var meta kmsg.ConsumerMemberMetadata
		if meta.ReadFrom(m.metadata(c.protocol)) != nil {
			return nil, false
		}
		for _, t := range meta.Topics {
			topics[t] = true
		}
	}
	return topics, true
}
