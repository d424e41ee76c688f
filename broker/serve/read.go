package serve

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// readAll reads requests until the connection ends, which is an error, or drains.
func (c *conn) readAll() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = c.panicked(p)
		}
	}()
	for f := (*frame)(nil); ; {
		if err := c.hold(); err != nil {
			return err
		}
		if f == nil {
			f = new(frame)
		}
		if err := c.next(f); err != nil {
			if c.draining.Load() && errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, io.EOF) && c.in.Buffered() == 0 {
				return nil
			}
			return err
		}
		c.s.counts.in.Add(int64(f.size))
		c.inflight.Add(1)
		t := task{client: c.clientName(f), frame: f}
		if f.key == keyProduce {
			t.frame = nil
			if t.appended, err = c.appendProduce(f, t.client); err != nil {
				return err
			}
		} else {
			c.unhandled.Add(1)
			f = nil
		}
		c.queue <- t
	}
}

// hold waits for as long as the client is to be held back.
func (c *conn) hold() error {
	if d := c.throttle.Swap(0); d > 0 {
		c.muted = time.Now().Add(time.Duration(d))
	}
	if c.muted.IsZero() {
		return nil
	}
	wait := time.NewTimer(time.Until(c.muted))
	defer wait.Stop()
	c.muted = time.Time{}
	select {
	case <-wait.C:
		return nil
	case <-c.polls.Done():
		return c.polls.Err()
	}
}

// clientName returns the client's name for itself, which mostly is that of the request before.
func (c *conn) clientName(f *frame) string {
	if string(f.client) != c.client {
		c.client = string(f.client)
		if !c.introduced && c.unhandled.Load() == 0 {
			c.introduced = true
			c.introduce()
		}
	}
	return c.client
}

// introduce notes the client's name: before the first request that has one is handled.
func (c *conn) introduce() {
	if c.who != nil {
		c.who.Client(c.client)
	} else {
		c.caller.Client = c.client
	}
}

// next reads a request into f. It waits until there is memory for it.
func (c *conn) next(f *frame) error {
	c.reading.Store(0)
	if _, err := c.in.Peek(1); err != nil {
		return fmt.Errorf("read request: %w", err)
	}
	c.touch()
	c.reading.Store(c.clock())
	head, err := c.in.Peek(headLen)
	if err != nil {
		return fmt.Errorf("read request: %w", err)
	}
	size := int(int32(binary.BigEndian.Uint32(head)))
	*f = frame{key: int16(binary.BigEndian.Uint16(head[4:])), version: int16(binary.BigEndian.Uint16(head[6:])), size: size + 4}
	r := c.s.routes.find(f.key)
	if err := c.acceptable(r, f, size); err != nil {
		return err
	}
	c.reading.Store(0) // until there is room for it, it is not the peer that we wait for
	f.pooled = r.pooled
	f.flexible = r.flexible(f.version)
	if size > readBuffer || f.key == keyProduce {
		// Nothing large waits in memory for what may take long; and records come after what was asked before them.
		if err := c.settle(); err != nil {
			return err
		}
		if err := c.mayAsk(f.key); err != nil {
			return err
		}
	}
	budget := c.s.asked
	if f.weight = int64(size) * r.swell; f.key == keyProduce {
		budget = c.s.produced
	} else {
		f.weight = min(f.weight, c.s.cfg.RequestMemory)
	}
	if err := budget.Acquire(c.polls, f.weight); err != nil {
		return fmt.Errorf("wait for memory: %w", err)
	}
	c.reading.Store(c.clock())
	defer c.reading.Store(0)
	if f.pooled {
		f.buf = c.s.buffers.get(size)
	} else {
		made := make([]byte, size)
		f.buf = &made
	}
	if _, err = c.in.Discard(4); err == nil {
		err = c.fill(*f.buf)
	}
	if err == nil {
		if err = f.parseHead(*f.buf); err != nil {
			err = malformedf("request %d: %v", f.key, err)
		}
	}
	if err != nil {
		c.release(f)
		return err
	}
	return nil
}

// settle waits until all requests but Produce are answered.
func (c *conn) settle() error {
	for c.unhandled.Load() > 0 {
		select {
		case <-c.idle:
		case <-c.polls.Done():
			return c.polls.Err()
		}
	}
	return nil
}

// acceptable says what is wrong with a request by its first bytes.
func (c *conn) acceptable(r *route, f *frame, size int) error {
	limit := c.s.cfg.MaxRequest
	switch {
	case r == nil && size >= headLen-4 && size <= limit:
		return malformedf("request of unknown key %d", f.key)
	case r == nil:
		return malformedf("not a Kafka request (its size would be %d)", size)
	case f.key == keyProduce:
		limit = c.s.cfg.MaxProduce
	case !c.known.Load():
		limit = min(limit, 512<<10)
	}
	switch {
	case size < headLen-4:
		return malformedf("%s request of %d bytes is too short", r.name, size)
	case size > limit:
		return malformedf("%s request of %d bytes is larger than the %d that are allowed", r.name, size, limit)
	case (f.version < r.min || f.version > r.max) && f.key != keyApiVersions:
		return malformedf("%s request of version %d; known are %d to %d", r.name, f.version, r.min, r.max)
	}
	return nil
}

// release gives back the memory of a request. It may be called twice.
func (c *conn) release(f *frame) {
	if f.weight > 0 {
		if f.key == keyProduce {
			c.s.produced.Release(f.weight)
		} else {
			c.s.asked.Release(f.weight)
		}
		f.weight = 0
	}
	if f.pooled && f.buf != nil {
		c.s.buffers.put(f.buf)
	}
	f.buf, f.body, f.client = nil, nil, nil
}

// fill fills buf from the connection.
func (c *conn) fill(buf []byte) error {
	if _, err := io.ReadFull(c.in, buf); err != nil {
		return fmt.Errorf("read request: %w", err)
	}
	return nil
}
