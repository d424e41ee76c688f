package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"millrace/bus"
	"millrace/fault"
)

type topicProduceCommand struct {
	onBus
	Topic     string   `arg:"" help:"The topic; it is made if it does not exist."`
	Key       string   `help:"Separator: what stands before it in a line is the record's key." placeholder:"SEP"`
	Header    []string `short:"H" help:"A header of every record; may be given several times." placeholder:"NAME=VALUE" sep:"none"`
	Partition int32    `short:"p" default:"-1" help:"The partition of every record; by its key by default." placeholder:"N"`
	Null      bool     `help:"With --key: nothing behind the separator is no value at all, a tombstone, instead of an empty one."`
	JSON      bool     `name:"json" help:"Lines are records as tail --output json prints them: key, value, headers, partition and timestamp."`
}

// produceBatch is how many lines are sent at a time, and maxLine how long one may be.
const (
	produceBatch = 1000
	maxLine      = 1 << 20
)

// Run returns once the bus has every line.
func (c *topicProduceCommand) Run(w *world) error {
	if c.Null && c.Key == "" {
		return fault.New(fault.Invalid, "--null is about what follows a key").WithHint("give --key SEP, too; or --json, where a value may be null")
	}
	headers, err := c.headers()
	if err != nil {
		return err
	}
	b, err := c.open(w)
	if err != nil {
		return err
	}
	defer b.Close(w.ctx)
	lines := bufio.NewReaderSize(w.in, 64<<10)
	var recs []bus.Record
	total := 0
	for number, last := 1, false; !last; number++ {
		line, err := lines.ReadString('\n')
		if last = errors.Is(err, io.EOF); err != nil && !last {
			return fmt.Errorf("read standard input: %w", err)
		}
		if len(line) > maxLine {
			return c.after(total, fault.New(fault.Limit, "line %d is longer than %d bytes", number, maxLine))
		}
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			rec, err := c.record(line, headers)
			if err != nil {
				return c.after(total, fmt.Errorf("line %d: %w", number, err))
			}
			recs = append(recs, rec)
		}
		if len(recs) == produceBatch || last && len(recs) > 0 {
			if err := b.Append(w.ctx, recs); err != nil {
				return c.after(total, err)
			}
			total += len(recs)
			recs = recs[:0]
		}
	}
	_, err = fmt.Fprintf(w.errs, "%d records written to %s\n", total, c.Topic)
	return err
}

// after says how many records were written before a mistake, so that nobody writes them again.
func (c *topicProduceCommand) after(total int, err error) error {
	if total == 0 {
		return fmt.Errorf("nothing was written to %s: %w", c.Topic, err)
	}
	return fmt.Errorf("the first %d records are written to %s, the rest is not: %w", total, c.Topic, err)
}

func (c *topicProduceCommand) headers() (out []bus.Header, err error) {
	for _, h := range c.Header {
		name, value, ok := strings.Cut(h, "=")
		if !ok {
			return nil, fault.New(fault.Invalid, "--header %q is no NAME=VALUE", h)
		}
		out = append(out, bus.Header{Key: name, Value: []byte(value)})
	}
	return out, nil
}

func (c *topicProduceCommand) record(line string, headers []bus.Header) (rec bus.Record, err error) {
	if c.JSON {
		l, err := parseLine([]byte(line))
		if err != nil {
			return rec, fault.New(fault.Invalid, "%w", err).WithHint(`as {"key": "k", "value": "v", "headers": [{"key": "h", "value": "x"}]}`)
		}
		if rec, err = l.record(c.Topic, true); err != nil {
			return rec, err
		}
	} else {
		rec = bus.Record{Topic: c.Topic, Value: []byte(line)}
		if c.Key != "" {
			if key, value, ok := strings.Cut(line, c.Key); ok {
				rec.Key, rec.Value = []byte(key), []byte(value)
			}
		}
		if c.Null && len(rec.Value) == 0 {
			rec.Value = nil
		}
	}
	rec.Headers = append(rec.Headers, headers...)
	if c.Partition >= 0 {
		bus.ToPartition(&rec, c.Partition)
	}
	return rec, nil
}
