package amqp

import (
	"encoding/binary"
	"hash/fnv"

	rabbit "github.com/rabbitmq/amqp091-go"
)

// seen are hashes of the messages that were appended last.
type seen struct {
	most   int
	order  []uint64 // oldest first
	counts map[uint64]int
}

// The form of a position: a version and eight bytes a hash.
const seenVersion = 1

// parseSeen reads a position. One of another version has nothing that is known.
func parseSeen(text []byte, most int) *seen {
	s := &seen{most: most, counts: map[uint64]int{}}
	if len(text) == 0 || text[0] != seenVersion {
		return s
	}
	for text = text[1:]; len(text) >= 8; text = text[8:] {
		s.push(binary.BigEndian.Uint64(text))
	}
	return s
}

func (s *seen) bytes() []byte {
	dst := append(make([]byte, 0, 1+8*len(s.order)), seenVersion)
	for _, h := range s.order {
		dst = binary.BigEndian.AppendUint64(dst, h)
	}
	return dst
}

// add notes a message and says whether it is to be appended: one that is delivered again and is known is not. Only what
// RabbitMQ says it delivers again is looked for, as an id may be used twice on purpose.
func (s *seen) add(h uint64, again bool) bool {
	if again && s.counts[h] > 0 {
		return false
	}
	s.push(h)
	return true
}

func (s *seen) push(h uint64) {
	s.order = append(s.order, h)
	s.counts[h]++
	for len(s.order) > s.most {
		old := s.order[0]
		s.order = s.order[1:]
		if s.counts[old]--; s.counts[old] == 0 {
			delete(s.counts, old)
		}
	}
}

// hash is of the id and the content, so that one id on different messages loses none of them.
func hash(d *rabbit.Delivery) uint64 {
	h := fnv.New64a()
	for _, text := range []string{d.MessageId, d.Exchange, d.RoutingKey} {
		_, _ = h.Write(binary.AppendUvarint(nil, uint64(len(text))))
		_, _ = h.Write([]byte(text))
	}
	_, _ = h.Write(d.Body)
	return h.Sum64()
}
