package kafka

import "millrace/connector"

// Part is the offset of a reader of a partition that begins at one offset and ends before another.
func Part(from, upto int64) connector.Offset { return position{next: from, end: upto}.offset() }

// At is the offset of a reader of a partition that begins at an offset and does not end.
func At(from int64) connector.Offset { return position{next: from, end: never}.offset() }

// Next is where in a partition an offset says that reading goes on, and whether it never ends.
func Next(o connector.Offset) (next int64, endless bool, err error) {
	p, err := parsePosition(o)
	return p.next, p.end == never, err
}

// PartitionOf is the topic and the partition that a split of a kafka table is.
func PartitionOf(s connector.Split) (topic string, id int32, err error) { return parseSplit(s) }

// SplitOf is the split that a partition is.
func SplitOf(topic string, id int32) connector.Split { return splitOf(topic, id) }
