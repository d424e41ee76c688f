package mqtt

import (
	"encoding/binary"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"millrace/fault"
)

// position is what is committed with records: what the broker's session holds of us.
type position struct {
	// Of names the session: those of another client or broker are not ours.
	Of string `json:"of,omitempty"`
	// Filters are what the session is subscribed to, with the quality of service.
	Filters map[string]byte `json:"filters,omitempty"`
	// Held are the messages of QoS 2 that were appended, and may come again until they are released: id and content.
	Held []byte `json:"held,omitempty"`
	// Bits are the ids alone, where they are many.
	Bits []byte `json:"bits,omitempty"`
	// What is released, and how the broker gives ids.
	Last     uint16 `json:"last,omitempty"`
	Steps    int    `json:"steps,omitempty"`
	Released []byte `json:"released,omitempty"`
}

// manyHeld is from how many on there is no room for their content.
const manyHeld = 4000

// state is a position as it is worked with.
type state struct {
	of       string
	filters  map[string]byte
	held     map[uint16]uint32 // id to content; 0: not known
	released released
}

// newState is that of a session that has nothing yet.
func newState(of string) state { return state{of: of, held: map[uint16]uint32{}} }

func parseState(text []byte) (state, error) {
	var p position
	if len(text) > 0 {
		if err := json.Unmarshal(text, &p); err != nil {
			return state{}, fault.New(fault.Corrupt, "read the position of an mqtt source: %w", err)
		}
	}
	s := newState(p.Of)
	s.filters = p.Filters
	s.released = parseReleased(p.Last, p.Steps, p.Released)
	for text := p.Held; len(text) >= 6; text = text[6:] {
		s.held[binary.BigEndian.Uint16(text)] = binary.BigEndian.Uint32(text[2:])
	}
	for i, bits := range p.Bits[:min(len(p.Bits), 1<<13)] {
		for j := range 8 {
			if bits>>j&1 != 0 {
				s.held[uint16(i<<3|j)] = 0
			}
		}
	}
	return s, nil
}

func (s state) bytes() []byte {
	p := position{Of: s.of, Filters: s.filters, Last: s.released.last, Steps: s.released.steps, Released: s.released.bytes()}
	if len(s.held) < manyHeld {
		for _, id := range slices.Sorted(maps.Keys(s.held)) {
			p.Held = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(p.Held, id), s.held[id])
		}
	} else {
		p.Bits = make([]byte, 1<<13)
		for id := range s.held {
			p.Bits[id>>3] |= 1 << (id & 7)
		}
	}
	text, err := json.Marshal(p)
	if err != nil {
		panic(err) // texts and numbers
	}
	return text
}

// sessionName names the session of a client at the brokers.
func (c *collector) sessionName(client string) string {
	hosts := make([]string, len(c.servers))
	for i, s := range c.servers {
		hosts[i] = s.Host
	}
	return client + "@" + strings.Join(hosts, ",")
}
