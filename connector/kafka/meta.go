package kafka

import (
	"millrace/bus"
	"millrace/connector"
)

// metaColumns are the positions of metadata columns; -1: the table has no such column.
type metaColumns struct {
	topic, partition, offset, timestamp, timestampType, leaderEpoch int

	any  bool
	name string // of the topic
	id   int32  // of the partition
}

func metaOf(at map[string]int, split connector.Split) metaColumns {
	column := func(key string) int {
		if c, ok := at[key]; ok {
			return c
		}
		return -1
	}
	m := metaColumns{
		topic: column(metaTopic), partition: column(metaPartition), offset: column(metaOffset),
		timestamp: column(metaTimestamp), timestampType: column(metaTimestampType), leaderEpoch: column(metaLeaderEpoch),
		any: len(at) > 0,
	}
	m.name, m.id, _ = parseSplit(split) // it was opened by that name
	return m
}

// set fills the metadata columns of the row that comes next.
func (m *metaColumns) set(dst *connector.Rows, r *bus.Raw) {
	if !m.any {
		return
	}
	if m.topic >= 0 {
		dst.SetString(m.topic, m.name)
	}
	if m.partition >= 0 {
		dst.SetInt(m.partition, int64(m.id))
	}
	if m.offset >= 0 {
		dst.SetInt(m.offset, r.Offset)
	}
	if m.timestamp >= 0 {
		dst.SetInt(m.timestamp, r.Time)
	}
	if m.timestampType >= 0 {
		kind := "CreateTime"
		if r.Appended {
			kind = "LogAppendTime"
		}
		dst.SetString(m.timestampType, kind)
	}
	if m.leaderEpoch >= 0 && r.LeaderEpoch >= 0 {
		dst.SetInt(m.leaderEpoch, int64(r.LeaderEpoch))
	}
}
