package mqtt

import (
	"encoding/binary"
	"hash/fnv"
	"slices"
	"time"
)

// released are the messages of QoS 2 that were released, whose last answer may not have reached the broker. A broker
// must not publish them again, but Mosquitto does so after a restart with many messages under way, and when a
// connection ends while it is being resumed.
//
// One is known again by its id and content, if it is marked as sent before. That would take a new message of the same
// content for the old one if the broker gave the id away again at once; so it is only done with brokers that
// were seen to count ids upwards though lower ones were free.
type released struct {
	last   uint16 // the newest id that was given
	steps  int    // batches in which ids went on upwards
	list   []done
	ripe   bool // when this batch began, some id was free for long
	walked bool // this batch was counted
}

// done is a message that was released.
type done struct {
	id      uint16
	print   uint32 // of the content
	carried bool   // from an earlier connection
	at      time.Time
	age     int // pings that the broker has answered since
}

const (
	// enoughSteps is from when on a broker is known to count upwards.
	enoughSteps = 5
	// freeAfter is how long an answer may be on its way.
	freeAfter = 500 * time.Millisecond
	// mostReleased bounds the list: far less than there are ids.
	mostReleased = 2000
	// An answer is known to have arrived when a ping behind it was answered, so after the second one that was; one of
	// an earlier connection is forgotten after some minutes.
	pingsOwn, pingsCarried = 2, 10
)

// begin is called before each batch.
func (r *released) begin() {
	r.ripe = len(r.list) > 0 && time.Since(r.list[0].at) > freeAfter
	r.walked = false
}

// given notes the id of a message that is sent for the first time.
func (r *released) given(id uint16) {
	ahead := id - r.last // around the end, too
	switch {
	case ahead == 0 || ahead > 1<<15:
		r.steps, r.list = 0, nil
	case ahead <= 2 && r.ripe && !r.walked: // 65535 is followed by 1
		r.walked = true
		r.steps = min(r.steps+1, enoughSteps)
	}
	r.last = id
	r.forget(id)
}

func (r *released) forget(id uint16) {
	r.list = slices.DeleteFunc(r.list, func(d done) bool { return d.id == id })
}

// add notes a message that is released.
func (r *released) add(id uint16, print uint32) {
	r.forget(id)
	if len(r.list) >= mostReleased {
		r.list = slices.Delete(r.list, 0, 1)
	}
	r.list = append(r.list, done{id: id, print: print, at: time.Now()})
}

// has says whether a message that is sent again was appended and released before.
func (r *released) has(id uint16, print uint32) bool {
	return r.steps >= enoughSteps && slices.ContainsFunc(r.list, func(d done) bool { return d.id == id && d.print == print })
}

// ponged notes the answer to a ping.
func (r *released) ponged() {
	r.list = slices.DeleteFunc(r.list, func(d done) bool { return d.age+1 >= pingsOwn && !d.carried || d.age+1 >= pingsCarried })
	for i := range r.list {
		r.list[i].age++
	}
}

// bytes is the list in a position: id and content of each.
func (r *released) bytes() []byte {
	var dst []byte
	for _, d := range r.list {
		dst = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(dst, d.id), d.print)
	}
	return dst
}

func parseReleased(last uint16, steps int, text []byte) released {
	r := released{last: last, steps: min(max(steps, 0), enoughSteps)}
	for ; len(text) >= 6 && len(r.list) < mostReleased; text = text[6:] {
		r.list = append(r.list, done{id: binary.BigEndian.Uint16(text), print: binary.BigEndian.Uint32(text[2:]), carried: true})
	}
	return r
}

// print is the content of a message as a number; never 0, which is one that is not known.
func (m *message) print() uint32 {
	h := fnv.New32a()
	_, _ = h.Write(m.topic)
	_, _ = h.Write([]byte{0})
	_, _ = h.Write(m.payload)
	return max(h.Sum32(), 1)
}
