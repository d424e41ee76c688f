package amqp

import (
	"testing"

	rabbit "github.com/rabbitmq/amqp091-go"
)

func TestSeen(t *testing.T) {
	s := parseSeen(nil, 3)
	for h := range uint64(5) {
		if !s.add(h, true) {
			t.Errorf("%d is known", h)
		}
	}
	s = parseSeen(s.bytes(), 3)
	f := func(h uint64, again, want bool) {
		t.Helper()
		if got := s.add(h, again); got != want {
			t.Errorf("add(%d, %v) = %v", h, again, got)
		}
	}
	f(4, true, false)
	f(2, true, false)
	f(1, true, true) // pushed out, and now pushes 2 out
	f(2, true, true)
	f(2, false, true) // an id that is used again
}

func TestHash(t *testing.T) {
	a := rabbit.Delivery{MessageId: "1", RoutingKey: "23", Body: []byte("x")}
	for _, b := range []rabbit.Delivery{
		{MessageId: "12", RoutingKey: "3", Body: []byte("x")},
		{MessageId: "1", RoutingKey: "23", Body: []byte("y")},
		{MessageId: "1", Exchange: "e", RoutingKey: "23", Body: []byte("x")},
	} {
		if hash(&a) == hash(&b) {
			t.Errorf("%+v has the hash of %+v", b, a)
		}
	}
}

// FuzzSeen holds that any position is read, and written back the same within its bounds.
func FuzzSeen(f *testing.F) {
	f.Add([]byte{1, 0, 0, 0, 0, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, text []byte) {
		s := parseSeen(text, 4)
		if again := parseSeen(s.bytes(), 4); string(again.bytes()) != string(s.bytes()) || len(s.order) > 4 || len(s.counts) > 4 {
			t.Errorf("%v, %v", s.order, again.order)
		}
	})
}
