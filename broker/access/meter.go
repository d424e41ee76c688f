package access

import "time"

// Kafka's quota.window.num and quota.window.size.seconds.
const (
	windows = 11
	window  = time.Second
	// span is the time over which a rate is taken at least: that of all windows but the one that is still filling.
	span = (windows - 1) * window
)

// rate is Kafka's Rate over a ring of windows: what was used in the last 11 seconds by the time that they took.
type rate struct {
	used   [windows]float64
	begins [windows]int64 // unix seconds
}

func (r *rate) charge(now time.Time, limit, amount float64) time.Duration {
	sec := now.Unix()
	i := int(((sec % windows) + windows) % windows)
	if r.begins[i] != sec {
		r.begins[i], r.used[i] = sec, 0
	}
	r.used[i] += amount
	total, oldest := 0.0, sec
	for j, begin := range r.begins {
		if begin > sec-windows && begin <= sec { // a clock that was set back leaves windows of the future: they do not count
			total += r.used[j]
			oldest = min(oldest, begin)
		}
	}
	elapsed := max(span, now.Sub(time.Unix(oldest, 0)))
	have := total / elapsed.Seconds()
	if have <= limit {
		return 0
	}
	// So long that the rate over it and the time that went by is the quota.
	wait := (have - limit) / limit * elapsed.Seconds()
	return time.Duration(min(wait, maxWait.Seconds()) * float64(time.Second))
}

// maxWait bounds for how long one answer may hold back a client, whatever it has used: an hour.
const maxWait = time.Hour

func (r *rate) idle(now time.Time) bool {
	for _, begin := range r.begins {
		if begin > now.Unix()-windows {
			return false
		}
	}
	return true
}

// bucket is Kafka's TokenBucket (KIP-599): it fills at the rate of the quota up to what 11 windows give; a request may
// take more than is in it, if it is not empty.
type bucket struct {
	tokens float64
	last   time.Time
	full   bool // not used yet
}

func (b *bucket) charge(now time.Time, limit, amount float64) time.Duration {
	room := limit * windows * window.Seconds()
	if b.full {
		b.full, b.tokens, b.last = false, room, now
	}
	if d := now.Sub(b.last); d > 0 {
		b.tokens = min(room, b.tokens+limit*d.Seconds())
	}
	b.last = now
	if b.tokens < 0 {
		return time.Duration(min(-b.tokens/limit, maxWait.Seconds()) * float64(time.Second))
	}
	b.tokens -= amount
	return 0
}

// idle: a bucket that was not used for an hour is full again unless its quota is tiny; then the client gains a little.
func (b *bucket) idle(now time.Time) bool { return now.Sub(b.last) > time.Hour }
