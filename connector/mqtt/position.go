package mqtt

import (
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
	// Held are the ids of messages of QoS 2 that were appended, and may come again until they are released.
	Held []uint16 `json:"held,omitempty"`
	// Bits are the same, where they are many.
	Bits []byte `json:"bits,omitempty"`
}

// manyHeld is from how many ids on a bit for each is shorter.
const manyHeld = 1500

// state is a position as it is worked with.
type state struct {
	of      string
	filters map[string]byte
	held    map[uint16]bool
}

func parseState(text []byte) (state, error) {
	var p position
	if len(text) > 0 {
		if err := json.Unmarshal(text, &p); err != nil {
			return state{}, fault.New(fault.Corrupt, "read the position of an mqtt source: %w", err)
		}
	}
	s := state{of: p.Of, filters: p.Filters, held: map[uint16]bool{}}
	for _, id := range p.Held {
		s.held[id] = true
	}
	for i, bits := range p.Bits[:min(len(p.Bits), 1<<13)] {
		for j := range 8 {
			if bits>>j&1 != 0 {
				s.held[uint16(i<<3|j)] = true
			}
		}
	}
	return s, nil
}

func (s state) bytes() []byte {
	p := position{Of: s.of, Filters: s.filters}
	if len(s.held) < manyHeld {
		p.Held = slices.Sorted(maps.Keys(s.held))
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
