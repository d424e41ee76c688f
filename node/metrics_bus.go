package node

import (
	"strconv"

	"millrace/bus"
	"millrace/telemetry"
)

// maxBusSeries bounds the series of one metric about partitions: a cluster may have more than a scrape should carry.
const maxBusSeries = 10_000

// bounded keeps at most maxBusSeries samples and counts those left out.
type bounded struct {
	samples []telemetry.Sample
	left    int
}

func (b *bounded) add(value int64, labels ...string) {
	if len(b.samples) == maxBusSeries {
		b.left++
		return
	}
	b.samples = append(b.samples, telemetry.Sample{Labels: labels, Value: float64(value)})
}

// busMetrics are the figures of topics and groups: in our names, and in those of kafka_exporter, so that dashboards and
// autoscalers made for it go on working.
func (n *Node) busMetrics(m *telemetry.Metrics) {
	sample := func(read func(*bounded)) func() []telemetry.Sample {
		return func() []telemetry.Sample {
			var b bounded
			read(&b)
			return b.samples
		}
	}
	own := func(name, help string, labels []string, read func(*bounded)) {
		m.SampleFunc("bus", name, help, labels, sample(read))
	}
	exporter := func(name, help string, labels []string, read func(*bounded)) {
		m.ForeignFunc(name, help, labels, sample(read))
	}
	partition, lag := []string{"topic", "partition"}, []string{"group", "topic", "partition"}
	own("topic_bytes", "Size of a topic's log.", []string{"topic"}, n.topicSizes)
	own("partition_bytes", "Size of a partition's log.", partition, n.partitionSizes)
	own("partition_start_offset", "First offset of a partition.", partition, n.partitionOffsets(func(p bus.PartitionOffsets) int64 { return p.Start }))
	own("partition_end_offset", "Offset of a partition's next record.", partition, n.partitionOffsets(func(p bus.PartitionOffsets) int64 { return p.End }))
	own("group_lag_records", "Records that wait for a group in a partition.", lag, n.groupOffsets(lagOf))
	own("group_topic_lag_records", "Records that wait for a group in a topic.", []string{"group", "topic"}, n.groupLags)
	own("group_members", "Members of a group.", []string{"group"}, n.groupMembers)
	m.GaugeFunc("bus", "series_left_out", "Lags of partitions that are left out, as there are too many.", func() float64 {
		var b bounded
		n.groupOffsets(lagOf)(&b)
		return float64(b.left)
	})

	lag = []string{"consumergroup", "topic", "partition"}
	exporter("kafka_topic_partitions", "Number of partitions for this Topic", []string{"topic"}, n.topicPartitions)
	exporter("kafka_topic_partition_current_offset", "Current Offset of a Broker at Topic/Partition", partition, n.partitionOffsets(func(p bus.PartitionOffsets) int64 { return p.End }))
	exporter("kafka_topic_partition_oldest_offset", "Oldest Offset of a Broker at Topic/Partition", partition, n.partitionOffsets(func(p bus.PartitionOffsets) int64 { return p.Start }))
	exporter("kafka_consumergroup_current_offset", "Current Offset of a ConsumerGroup at Topic/Partition", lag, n.groupOffsets(func(p bus.PartitionLag) int64 { return p.Offset }))
	exporter("kafka_consumergroup_lag", "Current Approximate Lag of a ConsumerGroup at Topic/Partition", lag, n.groupOffsets(lagOf))
	exporter("kafka_consumergroup_lag_sum", "Current Approximate Lag of a ConsumerGroup at Topic for all partitions", []string{"consumergroup", "topic"}, n.groupLags)
	exporter("kafka_consumergroup_members", "Amount of members in a consumer group", []string{"consumergroup"}, n.groupMembers)
}

func lagOf(p bus.PartitionLag) int64 { return p.Lag }

func label(partition int32) string { return strconv.Itoa(int(partition)) }

func (n *Node) topicSizes(b *bounded) {
	list, _, sizes := n.figures.now()
	for _, t := range list {
		if size, ok := sizes[t.Name]; ok {
			b.add(bus.TotalBytes(size), t.Name)
		}
	}
}

func (n *Node) topicPartitions(b *bounded) {
	list, _, _ := n.figures.now()
	for _, t := range list {
		b.add(int64(len(t.Partitions)), t.Name)
	}
}

func (n *Node) partitionSizes(b *bounded) {
	list, _, sizes := n.figures.now()
	for _, t := range list {
		for _, p := range t.Partitions {
			if size, ok := sizes[t.Name][p.ID]; ok {
				b.add(size, t.Name, label(p.ID))
			}
		}
	}
}

func (n *Node) partitionOffsets(read func(bus.PartitionOffsets) int64) func(*bounded) {
	return func(b *bounded) {
		list, _, _ := n.figures.now()
		for _, t := range list {
			for _, p := range t.Partitions {
				b.add(read(p), t.Name, label(p.ID))
			}
		}
	}
}

// groupOffsets gives a figure of every partition that a group has committed in.
func (n *Node) groupOffsets(read func(bus.PartitionLag) int64) func(*bounded) {
	return func(b *bounded) {
		_, groups, _ := n.figures.now()
		for i := range groups {
			for _, p := range groups[i].Partitions {
				if p.Offset >= 0 {
					b.add(read(p), groups[i].Name, p.Topic, label(p.Partition))
				}
			}
		}
	}
}

func (n *Node) groupLags(b *bounded) {
	_, groups, _ := n.figures.now()
	for i := range groups {
		g := &groups[i]
		for k, p := range g.Partitions { // sorted by topic
			if k == 0 || g.Partitions[k-1].Topic != p.Topic {
				lag, _ := lagIn(g, p.Topic)
				b.add(lag, g.Name, p.Topic)
			}
		}
	}
}

func (n *Node) groupMembers(b *bounded) {
	_, groups, _ := n.figures.now()
	for i := range groups {
		b.add(int64(len(groups[i].Members)), groups[i].Name)
	}
}
