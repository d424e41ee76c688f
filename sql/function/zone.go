package function

import (
	"strings"
	"time"

	"millrace/fault"
)

// offsetAt returns the seconds that zone is ahead of UTC at an instant, in seconds.
func offsetAt(zone *time.Location, seconds int64) int64 {
	if zone == nil || zone == time.UTC {
		return 0
	}
	_, offset := time.Unix(seconds, 0).In(zone).Zone()
	return int64(offset)
}

// toLocal turns an instant, in units of which per make a second, into the time on the zone's wall.
func toLocal(v, per int64, zone *time.Location) int64 {
	if zone == nil || zone == time.UTC {
		return v
	}
	return v + offsetAt(zone, floorDiv(v, per))*per
}

// toInstant turns a time on the zone's wall into an instant. As in java.time a time that exists twice
// is the earlier one, and one that does not exist is moved by the length of the gap.
func toInstant(v, per int64, zone *time.Location) int64 {
	if zone == nil || zone == time.UTC {
		return v
	}
	local := floorDiv(v, per)
	before := offsetAt(zone, local-86400-offsetAt(zone, local))
	if offsetAt(zone, local-before) == before {
		return v - before*per
	}
	after := offsetAt(zone, local+86400-offsetAt(zone, local))
	if offsetAt(zone, local-after) == after {
		return v - after*per
	}
	return v - before*per
}

// Zone returns the time zone called name, as Flink's table.local-time-zone takes it: a name of the
// time zone database, UTC, or an offset such as GMT+05:30.
func Zone(name string) (*time.Location, error) {
	offset, isOffset := strings.CutPrefix(name, "GMT")
	if !isOffset {
		offset, isOffset = strings.CutPrefix(name, "UTC")
	}
	if !isOffset || offset == "" {
		zone, err := time.LoadLocation(name)
		if err != nil || name == "" || name == "Local" {
			return nil, fault.New(fault.Invalid, "there is no time zone %q", name).WithHint("write a name such as Europe/Berlin or an offset such as GMT+05:30")
		}
		return zone, nil
	}
	hours, rest, ok := leadingInt([]byte(offset[1:]))
	minutes := int64(0)
	if ok && len(rest) > 0 {
		minutes, rest, ok = afterMark(rest, ':')
	}
	if !ok || len(rest) > 0 || hours > 18 || minutes > 59 || offset[0] != '+' && offset[0] != '-' {
		return nil, fault.New(fault.Invalid, "there is no time zone %q", name).WithHint("write an offset as GMT+05:30")
	}
	seconds := int(hours*3600 + minutes*60)
	if offset[0] == '-' {
		seconds = -seconds
	}
	return time.FixedZone(name, seconds), nil
}
