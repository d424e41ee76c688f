package topic

import (
	"hash/fnv"
	"math"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/partition"
)

// value is what a setting is, and who says so.
type value struct {
	name   string // of the setting where it is said
	text   string
	source kmsg.ConfigSource
}

// values returns who says what a setting of a topic is, the one that counts first (KIP-226). set are the
// topic's own, nil for the broker. The caller holds mu.
func (t *Topics) values(s *setting, set map[string]string) []value {
	var all []value
	add := func(m map[string]string, key, name string, source kmsg.ConfigSource) {
		if v, ok := m[key]; ok {
			all = append(all, value{name, v, source})
		}
	}
	name := s.broker
	if name == "" {
		name = s.name
	}
	add(set, s.name, s.name, kmsg.ConfigSourceDynamicTopicConfig)
	add(t.broker[nodeName()], name, name, kmsg.ConfigSourceDynamicBrokerConfig)
	add(t.broker[""], name, name, kmsg.ConfigSourceDynamicDefaultBrokerConfig)
	add(t.cfg.Defaults, s.name, name, kmsg.ConfigSourceStaticBrokerConfig)
	return append(all, value{name, s.std, kmsg.ConfigSourceDefaultConfig})
}

func nodeName() string { return strconv.Itoa(Node) }

// effective returns what a setting is for a topic. The caller holds mu.
func (t *Topics) effective(set map[string]string, name string) string {
	return t.values(t.table.topic[name], set)[0].text
}

// meaning is what a topic's settings mean for the log of one of its partitions. The caller holds mu.
func (t *Topics) meaning(topic string, index int, set map[string]string) partition.Config {
	// What was checked when it was set needs no check here.
	whole := func(name string) int64 {
		n, _ := strconv.ParseInt(t.effective(set, name), 10, 64)
		return n
	}
	span := func(name string) time.Duration { return milliseconds(whole(name)) }
	ratio, _ := strconv.ParseFloat(t.effective(set, "min.cleanable.dirty.ratio"), 64)
	cfg := partition.Config{
		SegmentBytes:    whole("segment.bytes"),
		SegmentAge:      milliseconds(whole("segment.ms") - jitter(topic, index, min(whole("segment.jitter.ms"), whole("segment.ms")-1))),
		IndexInterval:   max(1, whole("index.interval.bytes")),
		RetentionBytes:  whole("retention.bytes"),
		RetentionAge:    span("retention.ms"),
		MinCompactLag:   span("min.compaction.lag.ms"),
		MaxCompactLag:   span("max.compaction.lag.ms"),
		DeleteRetention: span("delete.retention.ms"),
		DirtyRatio:      ratio,
		MaxBatchBytes:   int(whole("max.message.bytes")),
		LogAppendTime:   t.effective(set, "message.timestamp.type") == "LogAppendTime",
		BeforeMax:       span("message.timestamp.before.max.ms"),
		AfterMax:        span("message.timestamp.after.max.ms"),
	}
	for _, policy := range splitList(t.effective(set, "cleanup.policy")) {
		cfg.Delete = cfg.Delete || policy == "delete"
		cfg.Compact = cfg.Compact || policy == "compact"
	}
	// An entry of the index has 8 bytes; a segment whose index would be full is closed.
	if most := whole("segment.index.bytes") / 8; most < cfg.SegmentBytes/cfg.IndexInterval {
		cfg.SegmentBytes = max(1, most) * cfg.IndexInterval
	}
	return cfg
}

// milliseconds is a time.Duration that does not overflow: 292 years are enough.
func milliseconds(n int64) time.Duration {
	if n > math.MaxInt64/int64(time.Millisecond) {
		return math.MaxInt64
	}
	return time.Duration(n) * time.Millisecond
}

// jitter returns the part of at most max that falls to a partition, the same each time.
func jitter(topic string, index int, max int64) int64 {
	if max <= 0 {
		return 0
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(topic + "-" + strconv.Itoa(index))) // a hash does not fail
	return int64(h.Sum64()%uint64(max)) + 1
}

// checkSet checks the settings of a topic and returns them as they are kept. The first that is wrong is told.
func (t *Topics) checkSet(set map[string]string) (map[string]string, error) {
	kept := make(map[string]string, len(set))
	for _, name := range sortedKeys(set) {
		s := t.table.topic[name]
		if s == nil {
			return nil, refuse(kerr.InvalidConfig, "Unknown topic config name: "+cut(name))
		}
		v, err := s.parse(set[name])
		if err != nil {
			return nil, err
		}
		kept[name] = v
	}
	return kept, t.checkTogether(kept)
}

// checkTogether checks what settings must be of each other (LogConfig.validate).
func (t *Topics) checkTogether(set map[string]string) error {
	t.mu.RLock()
	defer t.mu.RUnlock()
	whole := func(name string) int64 {
		n, _ := strconv.ParseInt(t.effective(set, name), 10, 64)
		return n
	}
	if low, high := whole("min.compaction.lag.ms"), whole("max.compaction.lag.ms"); low > high {
		return refuse(kerr.InvalidConfig, "conflict topic config setting min.compaction.lag.ms ("+num(low)+") > max.compaction.lag.ms ("+num(high)+")")
	}
	return nil
}
