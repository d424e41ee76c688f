package serve

import (
	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kerr"
)

// fetchRequest is a Fetch request of version 4 to 18.
type fetchRequest struct {
	version   int16
	wait      int32 // milliseconds
	minBytes  int32
	maxBytes  int32
	committed bool
	session   int32
	epoch     int32 // of the session
	asked     []fetchPart
	forgotten []partKey
	usesIDs   bool
}

// partKey names a partition: by the id of its topic from version 13 on, else by name.
type partKey struct {
	topic string
	id    [16]byte
	part  int32
}

// fetchPart is a partition of a request.
type fetchPart struct {
	partKey
	offset  int64
	epoch   int32 // of the leader, as the client knows it; -1: it does not say
	fetched int32 // epoch of the last record that the client has; -1: it does not say
	max     int32 // bytes
}

// decode reads a request. Names of topics are those of before where they are the same, else copies: nothing is part of the frame.
func (q *fetchRequest) decode(version int16, body []byte) error {
	flexible := version >= 12
	r := reader{kbin.Reader{Src: body}}
	before := q.asked[:cap(q.asked)]
	*q = fetchRequest{version: version, asked: q.asked[:0], forgotten: q.forgotten[:0], epoch: -1, usesIDs: version >= 13}
	if version <= 14 {
		r.Int32() // which replica asks: none but consumers do
	}
	q.wait, q.minBytes, q.maxBytes = r.Int32(), r.Int32(), r.Int32()
	q.committed = r.Int8() == 1
	if version >= 7 {
		q.session, q.epoch = r.Int32(), r.Int32()
	}
	for topics := r.count(flexible, 2); topics > 0 && r.Ok(); topics-- {
		var key partKey
		if q.usesIDs {
			key.id = r.Uuid()
		} else {
			key.topic = known(before, len(q.asked), r.text(flexible))
		}
		for parts := r.count(flexible, 16); parts > 0 && r.Ok(); parts-- {
			q.asked = append(q.asked, q.part(&r, key))
		}
		if flexible {
			r.skipTags()
		}
	}
	if version >= 7 {
		q.decodeForgotten(&r)
	}
	if version >= 11 {
		r.text(flexible) // the client's rack
	}
	if flexible {
		r.skipTags()
	}
	return r.Complete()
}

func (q *fetchRequest) part(r *reader, key partKey) fetchPart {
	p := fetchPart{partKey: key, epoch: -1, fetched: -1}
	p.part = r.Int32()
	if q.version >= 9 {
		p.epoch = r.Int32()
	}
	p.offset = r.Int64()
	if q.version >= 12 {
		p.fetched = r.Int32()
	}
	if q.version >= 5 {
		r.Int64() // where the log of a follower begins
	}
	p.max = r.Int32()
	if q.version >= 12 {
		r.skipTags()
	}
	return p
}

func (q *fetchRequest) decodeForgotten(r *reader) {
	flexible := q.version >= 12
	for topics := r.count(flexible, 2); topics > 0 && r.Ok(); topics-- {
		var key partKey
		if q.usesIDs {
			key.id = r.Uuid()
		} else {
			key.topic = string(r.text(flexible))
		}
		for parts := r.count(flexible, 4); parts > 0 && r.Ok(); parts-- {
			key.part = r.Int32()
			q.forgotten = append(q.forgotten, key)
		}
		if flexible {
			r.skipTags()
		}
	}
}

// known returns a name as a string: that of the same place in the request before, if it is the same.
func known(before []fetchPart, at int, name []byte) string {
	if at < len(before) && before[at].topic == string(name) {
		return before[at].topic
	}
	return string(name)
}

// encodeFetch appends an answer: its head, each partition that is to be told of, and its end. The records are spliced.
func (o *output) encodeFetch(q *fetchRequest, code int16, throttleMillis, session int32, told []*fetching, n node) {
	flexible := q.version >= 12
	dst := kbin.AppendInt32(o.buf, throttleMillis)
	if q.version >= 7 {
		dst = kbin.AppendInt16(dst, code)
		dst = kbin.AppendInt32(dst, session)
	}
	dst = appendCount(dst, flexible, runs(told))
	moved := false
	for len(told) > 0 {
		same := 1
		for same < len(told) && told[same].sameTopic(told[0]) {
			same++
		}
		if q.usesIDs {
			dst = append(dst, told[0].id[:]...)
		} else {
			dst = appendText(dst, flexible, []byte(told[0].topic))
		}
		dst = appendCount(dst, flexible, same)
		for _, p := range told[:same] {
			o.buf = dst
			o.encodePart(q, p)
			dst = o.buf
			moved = moved || p.code == kerr.FencedLeaderEpoch.Code
		}
		if flexible {
			dst = append(dst, 0)
		}
		told = told[same:]
	}
	if flexible {
		dst = n.endpoints(dst, moved && q.version >= 16)
	}
	o.buf = dst
}

// runs counts stretches of partitions of the same topic.
func runs(told []*fetching) int {
	n := 0
	for i := range told {
		if i == 0 || !told[i].sameTopic(told[i-1]) {
			n++
		}
	}
	return n
}

func (o *output) encodePart(q *fetchRequest, p *fetching) {
	flexible := q.version >= 12
	dst := kbin.AppendInt32(o.buf, p.part)
	dst = kbin.AppendInt16(dst, p.code)
	dst = kbin.AppendInt64(dst, p.high)
	dst = kbin.AppendInt64(dst, p.stable)
	if q.version >= 5 {
		dst = kbin.AppendInt64(dst, p.start)
	}
	dst = p.encodeAborted(dst, q, flexible)
	if q.version >= 11 {
		dst = kbin.AppendInt32(dst, -1) // read from here
	}
	size := 0
	if p.view != nil {
		size = p.view.Size
	}
	if flexible {
		dst = kbin.AppendUvarint(dst, uint32(size)+1)
	} else {
		dst = kbin.AppendInt32(dst, int32(size))
	}
	o.buf = dst
	if size > 0 {
		o.splice(p.view)
	}
	if !flexible {
		return
	}
	switch {
	case p.diverged:
		dst = append(o.buf, 1, 0)
		dst = kbin.AppendUvarint(dst, 4+8+1)
		dst = kbin.AppendInt32(dst, p.divergedEpoch)
		dst = kbin.AppendInt64(dst, p.divergedEnd)
		o.buf = append(dst, 0)
	case p.code == kerr.FencedLeaderEpoch.Code && q.version >= 16:
		o.buf = leader(append(o.buf, 1), 1, p.log.Epoch())
	default:
		o.buf = append(o.buf, 0)
	}
}

func (p *fetching) encodeAborted(dst []byte, q *fetchRequest, flexible bool) []byte {
	if !q.committed || p.view == nil {
		if flexible {
			return append(dst, 0)
		}
		return kbin.AppendInt32(dst, -1)
	}
	dst = appendCount(dst, flexible, len(p.view.Aborted))
	for _, a := range p.view.Aborted {
		dst = kbin.AppendInt64(dst, a.Producer)
		dst = kbin.AppendInt64(dst, a.First)
		if flexible {
			dst = append(dst, 0)
		}
	}
	return dst
}
