package function

import "time"

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
