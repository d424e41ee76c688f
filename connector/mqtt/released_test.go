package mqtt

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestReleased knows a message again that a broker publishes after its release, if that broker counts ids upwards.
func TestReleased(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &released{}
		id := uint16(65_533) // goes around the end
		for range enoughSteps + 2 {
			r.begin()
			if id++; id == 0 {
				id = 1
			}
			r.given(id)
			r.add(id, 7)
			time.Sleep(freeAfter + 1)
		}
		f := func(id uint16, print uint32, want bool) {
			t.Helper()
			if got := r.has(id, print); got != want {
				t.Errorf("has(%d, %d) = %v after %d steps, %v", id, print, got, r.steps, r.list)
			}
		}
		f(id, 7, true)
		f(id, 8, false)
		f(id+1, 7, false)
		f(65_535, 7, true)
		back := parseReleased(r.last, r.steps, r.bytes())
		if !back.has(id, 7) {
			t.Errorf("not known after a restart: %+v", back)
		}
		for range pingsOwn {
			r.ponged()
			back.ponged()
		}
		f(id, 7, false)
		if !back.has(id, 7) {
			t.Error("what is of an earlier connection is forgotten by a ping")
		}
		back.given(id) // the broker gives an id again: it does not count
		if back.has(id-1, 7) || back.steps > 0 {
			t.Errorf("still believed: %+v", back)
		}
	})
}

// TestReleasedLowestFree never believes a broker that gives the lowest free id, however alike its messages are.
func TestReleasedLowestFree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &released{}
		for range 100 {
			for id := uint16(1); id <= 20; id++ {
				r.begin()
				r.given(id)
			}
			for id := uint16(1); id <= 20; id++ {
				r.add(id, 7)
				if r.has(id, 7) {
					t.Fatalf("believed: %+v", r)
				}
			}
			time.Sleep(time.Second)
		}
	})
}
