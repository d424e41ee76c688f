package syslog

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"millrace/connector"
	"millrace/fault"
)

// Bounds of the datagrams that wait for the bus.
const (
	maxQueued      = 8192
	maxQueuedBytes = 32 << 20
	largestPacket  = 64 << 10
)

// packet is a datagram and its sender.
type packet struct {
	message []byte
	peer    string
}

// queue keeps datagrams while the bus is slow. One goroutine receives, one drains.
type queue struct {
	packets chan packet
	bytes   atomic.Int64 // of those that wait
	dropped atomic.Int64
}

func newQueue() *queue { return &queue{packets: make(chan packet, maxQueued)} }

// receive fills the queue until the socket is closed. It never waits: the kernel would drop instead.
func (q *queue) receive(conn *net.UDPConn) error {
	buf := make([]byte, largestPacket)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return fault.New(fault.Unavailable, "receive datagrams: %w", err)
		}
		if q.bytes.Load()+int64(n) > maxQueuedBytes {
			q.dropped.Add(1)
			continue
		}
		select {
		case q.packets <- packet{append([]byte(nil), buf[:n]...), from.Addr().Unmap().String()}:
			q.bytes.Add(int64(n))
		default:
			q.dropped.Add(1)
		}
	}
}

// drain appends what is in the queue until that is closed and empty.
func (c *collector) drain(ctx context.Context, q *queue, site connector.Site) error {
	r, err := newRecords(c, site)
	if err != nil {
		return err
	}
	var told int64
	var toldAt time.Time
	for p := range q.packets {
		c.takePacket(q, r, p)
		for more := true; more && !r.full(); {
			select {
			case p, open := <-q.packets:
				if more = open; open {
					c.takePacket(q, r, p)
				}
			default:
				more = false
			}
		}
		if err := r.send(ctx); err != nil {
			return err
		}
		if dropped, now := q.dropped.Load(), c.now(); dropped > told && now.Sub(toldAt) >= warnEvery {
			site.Warn(fmt.Errorf("%d datagrams were dropped because the bus was slow, %d since the start", dropped-told, dropped))
			told, toldAt = dropped, now
		}
	}
	return nil
}

func (c *collector) takePacket(q *queue, r *records, p packet) {
	q.bytes.Add(-int64(len(p.message)))
	reason := ""
	if len(p.message) > c.maxMessage {
		p.message, reason = p.message[:c.maxMessage], fmt.Sprintf("it is longer than %d bytes; these are its first", c.maxMessage)
	}
	r.take(p.message, p.peer, reason)
}
