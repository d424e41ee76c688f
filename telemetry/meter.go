package telemetry

import (
	"sync/atomic"
	"time"
)

// A Meter counts in slots of meterSlot; a rate is taken over the last meterWindow of whole slots.
// Five seconds are short enough to follow what one does by hand, and long enough to read.
const (
	meterSlot   = 200 * time.Millisecond
	meterWindow = 25 // slots
	meterSlots  = 32 // a power of two above meterWindow: the slot being filled is never read
	slotBits    = 40 // of a slot are its count: 5·10¹² a second; the rest are its number
	countMask   = 1<<slotBits - 1
)

// Meter counts events and says how many there are a second. The zero Meter is not ready: see NewMeter.
type Meter struct {
	start time.Time
	total atomic.Int64
	// A slot is its number in the high bits and its count in the low ones, so that starting it anew
	// and adding to it are one compare-and-swap. The number wraps after 38 days.
	slots [meterSlots]atomic.Uint64
}

// NewMeter returns a Meter that has counted nothing.
func NewMeter() *Meter { return &Meter{start: time.Now()} }

// Add counts n events that happened now.
func (m *Meter) Add(n int) { m.addAt(time.Since(m.start), n) }

func (m *Meter) addAt(at time.Duration, n int) {
	if n <= 0 {
		return
	}
	m.total.Add(int64(n))
	tick := uint64(at/meterSlot) + 1 // from 1, so that an empty slot belongs to no tick
	number := tick & (1<<(64-slotBits) - 1)
	slot := &m.slots[tick%meterSlots]
	for {
		old := slot.Load()
		count := uint64(n)
		if old>>slotBits == number {
			count += old & countMask
		}
		if slot.CompareAndSwap(old, number<<slotBits|min(count, countMask)) {
			return
		}
	}
}

// Total returns how many events were counted since the Meter was made.
func (m *Meter) Total() int64 { return m.total.Load() }

// Rate returns events per second over the last five seconds, or since the Meter was made if that
// is shorter.
func (m *Meter) Rate() float64 { return m.rateAt(time.Since(m.start)) }

func (m *Meter) rateAt(at time.Duration) float64 {
	now := int64(at/meterSlot) + 1
	var sum uint64
	for tick := max(now-meterWindow, 1); tick < now; tick++ {
		v := m.slots[uint64(tick)%meterSlots].Load()
		if v>>slotBits == uint64(tick)&(1<<(64-slotBits)-1) {
			sum += v & countMask
		}
	}
	span := min(now-1, meterWindow)
	if span == 0 {
		return 0
	}
	return float64(sum) / (float64(span) * meterSlot.Seconds())
}
