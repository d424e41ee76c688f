package kafka

import (
	"slices"

	"millrace/bus"
	"millrace/connector"
)

// metaColumns are the positions of metadata columns; -1: the table has no such column.
type metaColumns struct {
	topic, partition, offset, timestamp, timestampType, leaderEpoch, headers int

	any  bool
	name string // of the topic
	id   int32  // of the partition

	pairs []bus.Header // of the record at hand
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
		headers: column(metaHeaders),
		any:     len(at) > 0,
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
	if m.headers >= 0 {
		m.setHeaders(dst, r)
	}
	if m.leaderEpoch >= 0 && r.LeaderEpoch >= 0 {
		dst.SetInt(m.leaderEpoch, int64(r.LeaderEpoch))
	}
}

// setHeaders fills the map of headers. Of several of one name the last stands, as in Flink.
func (m *metaColumns) setHeaders(dst *connector.Rows, r *bus.Raw) {
	m.pairs = m.pairs[:0]
	for key, value := range r.Headers() {
		same := func(h bus.Header) bool { return h.Key == key }
		if i := slices.IndexFunc(m.pairs, same); i >= 0 {
			m.pairs[i].Value = value
			continue
		}
		m.pairs = append(m.pairs, bus.Header{Key: key, Value: value})
	}
	col, row := dst.Nested(m.headers)
	at := int(col.Off[row])
	for _, h := range m.pairs {
		col.Kids[0].GrowString(at, h.Key)
		col.Kids[1].GrowBytes(at, h.Value)
		at++
	}
	col.GrowList(row, at)
	dst.NestedDone(m.headers)
}
