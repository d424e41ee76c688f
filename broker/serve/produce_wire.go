package serve

import (
	"time"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kerr"
)

// produceRequest is a Produce request of version 3 to 13. Its strings and bytes are parts of the frame.
type produceRequest struct {
	version         int16
	transactionalID string
	acks            int16
	timeout         time.Duration // how long the client waits for records to be durable
	topics          []produceTopic
	parts           []producePart
	transactional   bool // some of its records belong to a transaction
}

type produceTopic struct {
	name         string
	id           [16]byte // from version 13 on
	first, count int      // in parts
}

type producePart struct {
	topic   string
	id      int32
	records []byte
}

// decode reads a request; it keeps what the request before it had allocated.
func (q *produceRequest) decode(version int16, body []byte) error {
	flexible := version >= 9
	r := reader{kbin.Reader{Src: body}}
	q.version = version
	q.topics, q.parts, q.transactional = q.topics[:0], q.parts[:0], false
	q.transactionalID = borrow(r.text(flexible))
	q.acks = r.Int16()
	q.timeout = time.Duration(r.Int32()) * time.Millisecond
	for topics := r.count(flexible, 2); topics > 0 && r.Ok(); topics-- {
		t := produceTopic{first: len(q.parts)}
		if version >= 13 {
			t.id = r.Uuid()
		} else {
			t.name = borrow(r.text(flexible))
		}
		t.count = r.count(flexible, 5)
		for range t.count {
			p := producePart{topic: t.name, id: r.Int32(), records: r.bytes(flexible)}
			if flexible {
				r.skipTags()
			}
			if !r.Ok() {
				return errTruncated
			}
			q.transactional = q.transactional || transactional(p.records)
			q.parts = append(q.parts, p)
		}
		if flexible {
			r.skipTags()
		}
		q.topics = append(q.topics, t)
	}
	if flexible {
		r.skipTags()
	}
	return r.Complete()
}

// forget drops what belongs to the frame.
func (q *produceRequest) forget() {
	clear(q.topics)
	clear(q.parts)
	q.transactionalID = ""
	if cap(q.parts) > 4096 {
		q.topics, q.parts = nil, nil
	}
}

// encode appends the body of the answer.
func (a *produced) encode(dst []byte, n node) []byte {
	flexible := a.version >= 9
	moved := false
	dst = appendCount(dst, flexible, len(a.topics))
	for i := range a.topics {
		t := &a.topics[i]
		if a.version >= 13 {
			dst = append(dst, t.id[:]...)
		} else {
			dst = appendText(dst, flexible, a.names[t.name.from:t.name.to])
		}
		dst = appendCount(dst, flexible, t.count)
		for j := t.first; j < t.first+t.count; j++ {
			dst = a.parts[j].encode(dst, a.version)
			moved = moved || a.parts[j].code == kerr.NotLeaderForPartition.Code
		}
		if flexible {
			dst = append(dst, 0)
		}
	}
	dst = kbin.AppendInt32(dst, int32(a.throttle.Milliseconds()))
	if flexible {
		dst = n.endpoints(dst, moved && a.version >= 10)
	}
	return dst
}

func (p *producedPart) encode(dst []byte, version int16) []byte {
	flexible := version >= 9
	dst = kbin.AppendInt32(dst, p.id)
	dst = kbin.AppendInt16(dst, p.code)
	dst = kbin.AppendInt64(dst, p.base)
	dst = kbin.AppendInt64(dst, p.time)
	if version >= 5 {
		dst = kbin.AppendInt64(dst, p.start)
	}
	if version >= 8 {
		dst = appendCount(dst, flexible, 0) // which records: the log refuses whole batches
		dst = appendMessage(dst, flexible, p.message)
	}
	if !flexible {
		return dst
	}
	if version < 10 || p.code != kerr.NotLeaderForPartition.Code || p.log == nil {
		return append(dst, 0)
	}
	return leader(append(dst, 1), 0, p.log.Epoch())
}

// leader appends the tagged field that names the current leader: this broker.
func leader(dst []byte, tag uint32, epoch int32) []byte {
	dst = kbin.AppendUvarint(dst, tag)
	dst = kbin.AppendUvarint(dst, 4+4+1)
	dst = kbin.AppendInt32(dst, nodeID)
	dst = kbin.AppendInt32(dst, epoch)
	return append(dst, 0)
}

// node is this broker as clients are told.
type node struct {
	host string
	port int32
}

// nodeID is the only broker's.
const nodeID = 0

func (s *Server) node() node { return node{s.cfg.Host, s.cfg.Port} }

// endpoints ends an answer with its tagged fields: the brokers that it names as leaders, if any.
func (n node) endpoints(dst []byte, any bool) []byte {
	if !any {
		return append(dst, 0)
	}
	var one []byte
	one = kbin.AppendCompactArrayLen(one, 1)
	one = kbin.AppendInt32(one, nodeID)
	one = kbin.AppendCompactString(one, n.host)
	one = kbin.AppendInt32(one, n.port)
	one = kbin.AppendCompactNullableString(one, nil)
	one = append(one, 0)
	dst = append(dst, 1, 0)
	dst = kbin.AppendUvarint(dst, uint32(len(one)))
	return append(dst, one...)
}

func appendCount(dst []byte, flexible bool, n int) []byte {
	if flexible {
		return kbin.AppendCompactArrayLen(dst, n)
	}
	return kbin.AppendArrayLen(dst, n)
}

func appendText(dst []byte, flexible bool, s []byte) []byte {
	if flexible {
		return append(kbin.AppendUvarint(dst, uint32(len(s))+1), s...)
	}
	return append(kbin.AppendInt16(dst, int16(len(s))), s...)
}

// appendMessage appends a string that is null if it is empty.
func appendMessage(dst []byte, flexible bool, s string) []byte {
	switch {
	case s == "" && flexible:
		return append(dst, 0)
	case s == "":
		return kbin.AppendInt16(dst, -1)
	case flexible:
		return kbin.AppendCompactString(dst, s)
	}
	return kbin.AppendString(dst, s)
}
