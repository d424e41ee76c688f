package kafka

import (
	"context"
	"math"
	"strconv"
	"strings"
	"time"

	"millrace/bus"
	"millrace/connector"
	"millrace/fault"
	"millrace/option"
)

// place is a place in the partitions of a topic, as options name it: where a source starts or ends.
type place struct {
	mode  string
	at    map[int32]int64 // of specific-offsets
	since time.Time       // of timestamp
	group string          // of group-offsets
	reset string          // without a group offset: earliest, latest, or "" for an error
}

// never is the end of a partition that has none.
const never = math.MaxInt64

// newPlace reads the options of a start or an end.
func newPlace(vals option.Values, table, mode, offsets, millis string) (place, error) {
	p := place{mode: vals.String(mode)}
	props := vals.Under(optProperties)
	switch p.mode {
	case modeSpecific:
		if !vals.Has(offsets) {
			return p, fault.New(fault.Invalid, "option %q is missing: %q is %s", offsets, mode, p.mode)
		}
		var err error
		if p.at, err = parseOffsets(vals.String(offsets)); err != nil {
			return p, fault.New(fault.Invalid, "option %q: %w", offsets, err)
		}
	case modeTimestamp:
		if !vals.Has(millis) {
			return p, fault.New(fault.Invalid, "option %q is missing: %q is %s", millis, mode, p.mode)
		}
		p.since = time.UnixMilli(vals.Int(millis))
	case modeGroup:
		p.group = props.String("group.id")
		if p.group == "" {
			p.group = "KafkaSource-" + table
		}
		switch p.reset = props.String("auto.offset.reset"); p.reset {
		case "earliest", "latest", "":
		case "none":
			p.reset = ""
		default:
			return p, invalid("auto.offset.reset", p.reset, "one of earliest, latest, none")
		}
	}
	return p, nil
}

// parseOffsets reads partition:0,offset:42;partition:1,offset:300.
func parseOffsets(text string) (map[int32]int64, error) {
	at := map[int32]int64{}
	for _, item := range strings.Split(strings.TrimSuffix(strings.TrimSpace(text), ";"), ";") {
		left, right, ok := strings.Cut(strings.TrimSpace(item), ",")
		p, isPartition := strings.CutPrefix(strings.TrimSpace(left), "partition:")
		o, isOffset := strings.CutPrefix(strings.TrimSpace(right), "offset:")
		id, err1 := strconv.ParseInt(strings.TrimSpace(p), 10, 32)
		offset, err2 := strconv.ParseInt(strings.TrimSpace(o), 10, 64)
		if !ok || !isPartition || !isOffset || err1 != nil || err2 != nil || id < 0 || offset < 0 {
			return nil, fault.New(fault.Invalid, "%q is not partition:P,offset:O", item)
		}
		at[int32(id)] = offset
	}
	return at, nil
}

// start returns the offset at which a partition is read first. Partitions that a list of
// specific offsets leaves out are read from the earliest, as in Flink.
func (p place) start(ctx context.Context, b *bus.Bus, topic string, id int32, committed bool) (int64, error) {
	switch p.mode {
	case modeEarliest:
		return offsetOf(id)(b.StartOffsets(ctx, topic))
	case modeLatest:
		return offsetOf(id)(ends(ctx, b, topic, committed))
	case modeTimestamp:
		return offsetOf(id)(b.OffsetsAt(ctx, topic, p.since))
	case modeSpecific:
		if at, ok := p.at[id]; ok {
			return at, nil
		}
		return offsetOf(id)(b.StartOffsets(ctx, topic))
	}
	at, ok, err := groupOffset(ctx, b, p.group, topic, id)
	if err != nil || ok {
		return at, err
	}
	switch p.reset {
	case "earliest":
		return offsetOf(id)(b.StartOffsets(ctx, topic))
	case "latest":
		return offsetOf(id)(ends(ctx, b, topic, committed))
	}
	return 0, fault.New(fault.NotFound, "start reading %s-%d: group %s has committed no offset", topic, id, p.group).
		WithHint("set 'scan.startup.mode' to 'earliest-offset' or 'latest-offset', or 'properties.auto.offset.reset'")
}

// end returns the offset at which the reading of a partition ends: that record is not read any more.
func (p place) end(ctx context.Context, b *bus.Bus, topic string, id int32, committed bool) (int64, error) {
	switch p.mode {
	case modeLatest:
		return offsetOf(id)(ends(ctx, b, topic, committed))
	case modeTimestamp:
		return offsetOf(id)(b.OffsetsAt(ctx, topic, p.since))
	case modeSpecific:
		if at, ok := p.at[id]; ok {
			return at, nil
		}
	case modeGroup:
		at, ok, err := groupOffset(ctx, b, p.group, topic, id)
		if err != nil || ok {
			return at, err
		}
		return 0, fault.New(fault.NotFound, "end reading %s-%d: group %s has committed no offset", topic, id, p.group)
	}
	return never, nil
}

// ends returns where a reader of a topic is caught up.
func ends(ctx context.Context, b *bus.Bus, topic string, committed bool) (map[int32]int64, error) {
	if committed {
		return b.StableOffsets(ctx, topic)
	}
	return b.EndOffsets(ctx, topic)
}

func offsetOf(id int32) func(map[int32]int64, error) (int64, error) {
	return func(at map[int32]int64, err error) (int64, error) {
		if err != nil {
			return 0, err
		}
		offset, ok := at[id]
		if !ok {
			return 0, fault.New(fault.NotFound, "partition %d is not there", id)
		}
		return offset, nil
	}
}

func groupOffset(ctx context.Context, b *bus.Bus, group, topic string, id int32) (int64, bool, error) {
	all, err := b.GroupOffsets(ctx, group)
	if err != nil {
		return 0, false, err
	}
	for _, p := range all {
		if p.Topic == topic && p.Partition == id {
			return p.Offset, true, nil
		}
	}
	return 0, false, nil
}

// position is what an Offset says: where to read on, and where to end. The end is part of it so that
// a bounded job ends at the same record after a restart.
type position struct{ next, end int64 }

func (p position) offset() connector.Offset {
	s := strconv.FormatInt(p.next, 10)
	if p.end != never {
		s += ".." + strconv.FormatInt(p.end, 10)
	}
	return connector.Offset(s)
}

func parsePosition(o connector.Offset) (position, error) {
	next, end, bounded := strings.Cut(string(o), "..")
	p := position{end: never}
	var err error
	p.next, err = strconv.ParseInt(next, 10, 64)
	if err == nil && bounded {
		p.end, err = strconv.ParseInt(end, 10, 64)
	}
	if err != nil || p.next < 0 {
		return p, fault.New(fault.Invalid, "%q is no offset of a kafka table", string(o))
	}
	return p, nil
}

// splitOf names a partition as a split.
func splitOf(topic string, id int32) connector.Split {
	return connector.Split(topic + "/" + strconv.Itoa(int(id)))
}

func parseSplit(s connector.Split) (topic string, id int32, err error) {
	at := strings.LastIndexByte(string(s), '/')
	n, perr := strconv.ParseInt(string(s[at+1:]), 10, 32)
	if at < 1 || perr != nil {
		return "", 0, fault.New(fault.Invalid, "%q is no split of a kafka table", string(s))
	}
	return string(s[:at]), int32(n), nil
}
