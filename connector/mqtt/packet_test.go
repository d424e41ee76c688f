package mqtt

import (
	"bufio"
	"bytes"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestMessage reads a PUBLISH of version 5 with all properties that are of use.
func TestMessage(t *testing.T) {
	props := []byte{0x01, 1, propContentType, 0, 1, 'j', 0x0b, 0x80, 0x01, propUser, 0, 1, 'k', 0, 1, 'v', propCorrelation, 0, 1, 'c'}
	body := append(appendText(nil, "a/b"), 0, 7)
	body = append(append(appendVarint(body, len(props)), props...), "hello"...)
	p, err := readPacket(bufio.NewReader(bytes.NewReader(frame(nil, kindPublish, 0b1101, body))))
	if err != nil {
		t.Fatal(err)
	}
	m, err := parseMessage(p, true)
	if err != nil {
		t.Fatal(err)
	}
	got := []string{string(m.topic), string(m.payload)}
	for _, h := range m.headers {
		got = append(got, h.Name+"="+string(h.Value))
	}
	if diff := cmp.Diff([]string{"a/b", "hello", "mqtt.content_type=j", "k=v", "mqtt.correlation_data=c"}, got); diff != "" {
		t.Error(diff)
	}
	if m.id != 7 || m.qos != 2 || !m.again || !m.kept {
		t.Errorf("%+v", m)
	}
}

// TestLargePacket keeps the beginning of what is too large, and goes on behind it.
func TestLargePacket(t *testing.T) {
	in := frame(nil, kindPublish, 0, append(appendText(nil, "a"), make([]byte, 3<<20)...))
	in = frame(in, kindPublish, 0, append(appendText(nil, "a"), "next"...))
	r := bufio.NewReader(bytes.NewReader(in))
	for i, want := range []int{keptBytes, 7} {
		if p, err := readPacket(r); err != nil || len(p.body) != want {
			t.Errorf("packet %d: %d bytes, %v", i, len(p.body), err)
		}
	}
}

func TestState(t *testing.T) {
	for _, n := range []int{0, 5, 3999, 65535} {
		s := newState("a")
		s.filters = map[string]byte{"b": 1}
		for i := range n {
			s.held[uint16(i+1)] = 0
		}
		text := s.bytes()
		back, err := parseState(text)
		if err != nil || !maps.Equal(back.held, s.held) || !maps.Equal(back.filters, s.filters) || len(text) > 48<<10 {
			t.Errorf("%d ids: %d back from %d bytes, %v", n, len(back.held), len(text), err)
		}
	}
}

// FuzzPackets holds that whatever a broker sends is read or refused, without taking more memory than it sends.
func FuzzPackets(f *testing.F) {
	f.Add(frame(nil, kindPublish, 2, append(appendText(nil, "a"), 0, 1, 0, 'x')), true)
	f.Add(frame(nil, kindConnack, 0, []byte{1, 0, 3, propServerKeepAlive, 0, 9}), true)
	f.Add(frame(nil, kindSuback, 0, []byte{0, 1, 0, 0x80}), true)
	f.Add([]byte{0x30, 0xff, 0xff, 0xff, 0xff, 0xff}, false)
	f.Fuzz(func(t *testing.T, in []byte, v5 bool) {
		r := bufio.NewReader(bytes.NewReader(in))
		for {
			p, err := readPacket(r)
			if err != nil {
				return
			}
			if m, err := parseMessage(p, v5); err == nil && len(m.topic)+len(m.payload) > len(in) {
				t.Errorf("%d bytes of %d", len(m.topic)+len(m.payload), len(in))
			}
			_, _ = parseWelcome(p, v5)
			_, _ = parseCodes(p, v5)
			_ = parted(p)
		}
	})
}

// FuzzState holds that a position is read or refused, and written back the same.
func FuzzState(f *testing.F) {
	f.Add([]byte(`{"of":"a","filters":{"b":1},"held":"AAEAAAAB","bits":"AQ=="}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := parseState(text)
		if err != nil {
			return
		}
		if back, err := parseState(s.bytes()); err != nil || !maps.Equal(back.held, s.held) {
			t.Errorf("%v, %v", back, err)
		}
	})
}
