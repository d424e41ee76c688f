package broker

import "millrace/broker/partition"

// Log is the log of a partition, so that tests can clean it when they want to.
func (b *Broker) Log(topic string, index int32) *partition.Log { return b.topics.Log(topic, index) }
