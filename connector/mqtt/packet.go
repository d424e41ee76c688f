package mqtt

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"

	"millrace/connector"
)

// The kinds of packets, as in the first four bits of one.
const (
	kindConnect     = 1
	kindConnack     = 2
	kindPublish     = 3
	kindPuback      = 4
	kindPubrec      = 5
	kindPubrel      = 6
	kindPubcomp     = 7
	kindSubscribe   = 8
	kindSuback      = 9
	kindUnsubscribe = 10
	kindUnsuback    = 11
	kindPingreq     = 12
	kindPingresp    = 13
	kindDisconnect  = 14
)

// Properties of MQTT 5 that are used.
const (
	propContentType     = 0x03
	propResponseTopic   = 0x08
	propCorrelation     = 0x09
	propSessionExpiry   = 0x11
	propServerKeepAlive = 0x13
	propReason          = 0x1f
	propReceiveMaximum  = 0x21
	propUser            = 0x26
)

// packet is one as it is read.
type packet struct {
	kind  byte
	flags byte
	body  []byte
}

// keptBytes is how much of a packet is kept. A longer one is a message that is too large for the bus.
const keptBytes = connector.MaxRecord + 256<<10

var errDamaged = errors.New("the packet is damaged")

// readPacket reads the next packet. Its body has memory of its own.
func readPacket(r *bufio.Reader) (packet, error) {
	head, err := r.ReadByte()
	if err != nil {
		return packet{}, err
	}
	size, shift := 0, 0
	for {
		b, err := r.ReadByte()
		if err != nil {
			return packet{}, unexpected(err)
		}
		size |= int(b&0x7f) << shift
		if b < 0x80 {
			break
		}
		if shift += 7; shift > 21 {
			return packet{}, errDamaged
		}
	}
	p := packet{kind: head >> 4, flags: head & 0x0f, body: make([]byte, min(size, keptBytes))}
	if _, err := io.ReadFull(r, p.body); err != nil {
		return packet{}, unexpected(err)
	}
	if _, err := r.Discard(size - len(p.body)); err != nil {
		return packet{}, unexpected(err)
	}
	return p, nil
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// cursor reads the fields of a packet. After the first that does not fit it is bad, and what it returns is empty.
type cursor struct {
	p   []byte
	bad bool
}

func (c *cursor) take(n int) []byte {
	if n > len(c.p) {
		c.p, c.bad = nil, true
		return nil
	}
	p := c.p[:n:n]
	c.p = c.p[n:]
	return p
}

func (c *cursor) uint8() byte {
	if p := c.take(1); p != nil {
		return p[0]
	}
	return 0
}

func (c *cursor) uint16() uint16 {
	if p := c.take(2); p != nil {
		return binary.BigEndian.Uint16(p)
	}
	return 0
}

func (c *cursor) text() []byte { return c.take(int(c.uint16())) }

func (c *cursor) varint() int {
	n, shift := 0, 0
	for range 4 {
		b := c.uint8()
		n |= int(b&0x7f) << shift
		if b < 0x80 {
			return n
		}
		shift += 7
	}
	c.p, c.bad = nil, true
	return 0
}

// properties calls use for each property: value is its bytes, for a user property those of the value.
func (c *cursor) properties(use func(id byte, name, value []byte)) {
	in := cursor{p: c.take(c.varint())}
	for len(in.p) > 0 && !in.bad {
		id := in.uint8()
		var name, value []byte
		switch id {
		case 0x01, 0x17, 0x19, 0x24, 0x25, 0x28, 0x29, 0x2a:
			value = in.take(1)
		case 0x13, 0x21, 0x22, 0x23:
			value = in.take(2)
		case 0x02, 0x11, 0x18, 0x27:
			value = in.take(4)
		case 0x0b:
			in.varint()
		case 0x03, 0x08, 0x09, 0x12, 0x15, 0x16, 0x1a, 0x1c, 0x1f:
			value = in.text()
		case propUser:
			name, value = in.text(), in.text()
		default:
			in.bad = true
		}
		if !in.bad {
			use(id, name, value)
		}
	}
	c.bad = c.bad || in.bad
}

// message is a packet PUBLISH.
type message struct {
	topic, payload []byte
	id             uint16
	qos            byte
	again, kept    bool // DUP, RETAIN
	headers        []connector.Header
}

func parseMessage(p packet, v5 bool) (message, error) {
	c := cursor{p: p.body}
	m := message{qos: p.flags >> 1 & 3, again: p.flags&8 != 0, kept: p.flags&1 != 0, topic: c.text()}
	if m.qos > 0 {
		m.id = c.uint16()
	}
	if v5 {
		c.properties(func(id byte, name, value []byte) {
			switch id {
			case propContentType:
				m.headers = connector.AddHeader(m.headers, "mqtt.content_type", value)
			case propResponseTopic:
				m.headers = connector.AddHeader(m.headers, "mqtt.response_topic", value)
			case propCorrelation:
				m.headers = connector.AddHeader(m.headers, "mqtt.correlation_data", value)
			case propUser:
				m.headers = connector.AddHeader(m.headers, string(name), value)
			}
		})
	}
	m.payload = c.p
	if c.bad || m.qos == 3 || m.qos > 0 && m.id == 0 {
		return m, errDamaged
	}
	return m, nil
}

// welcome is a packet CONNACK.
type welcome struct {
	present   bool // the broker has the session
	code      byte
	reason    string
	keepAlive uint16 // seconds that the broker wants instead; 0: none
}

func parseWelcome(p packet, v5 bool) (welcome, error) {
	c := cursor{p: p.body}
	w := welcome{present: c.uint8()&1 != 0, code: c.uint8()}
	// A broker that does not know version 5 may answer as of an older one.
	if v5 && len(c.p) > 0 {
		c.properties(func(id byte, _, value []byte) {
			switch id {
			case propReason:
				w.reason = string(value)
			case propServerKeepAlive:
				w.keepAlive = binary.BigEndian.Uint16(value)
			}
		})
	}
	if c.bad {
		return w, errDamaged
	}
	return w, nil
}

// parseCodes reads SUBACK and UNSUBACK.
func parseCodes(p packet, v5 bool) (codes []byte, err error) {
	c := cursor{p: p.body}
	c.uint16()
	if v5 {
		c.properties(func(byte, []byte, []byte) {})
	}
	if c.bad {
		return nil, errDamaged
	}
	return c.p, nil
}

// frame begins a packet, whose rest body writes.
func frame(dst []byte, kind, flags byte, body []byte) []byte {
	dst = append(dst, kind<<4|flags)
	return append(appendVarint(dst, len(body)), body...)
}

func appendVarint(dst []byte, n int) []byte {
	for n >= 0x80 {
		dst = append(dst, byte(n)|0x80)
		n >>= 7
	}
	return append(dst, byte(n))
}

func appendText(dst []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint16(dst, uint16(len(s))), s...)
}

// appendAck adds an answer to a message. Flags are those that the standard asks for.
func appendAck(dst []byte, kind byte, id uint16) []byte {
	return append(dst, kind<<4, 2, byte(id>>8), byte(id))
}
