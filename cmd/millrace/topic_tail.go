package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"millrace/bus"
	"millrace/fault"
)

type topicTailCommand struct {
	onBus
	Topic      string  `arg:"" help:"The topic."`
	Last       int     `short:"n" default:"10" help:"How many records of each partition, the newest, if no place is given."`
	Follow     bool    `short:"f" help:"Go on with what arrives, until Ctrl-C."`
	Offset     string  `help:"Begin here, in every partition: an offset, earliest or latest." placeholder:"N" xor:"place"`
	From       string  `help:"Begin at this time: 2026-11-20T10:00:00Z, or 10m ago." placeholder:"TIME" xor:"place"`
	To         string  `help:"End before this time, as --from." placeholder:"TIME"`
	Partition  []int32 `short:"p" help:"Only this partition; may be given several times." placeholder:"N"`
	Filter     string  `help:"Only records with this text in key, value or the value of a header; its case does not matter." placeholder:"TEXT"`
	FilterKey  string  `help:"Only records with this text in the key." placeholder:"TEXT"`
	Regex      bool    `help:"The filters are regular expressions (RE2), in which case matters."`
	Limit      int64   `help:"End after so many records." placeholder:"N"`
	Keys       bool    `help:"Print keys, too."`
	Headers    bool    `help:"Print headers, too."`
	Timestamps bool    `help:"Print times, partitions and offsets, too."`
	Output     string  `enum:"text,json" default:"text" help:"How records are printed: text, or json, a line each, which produce --json reads."`
}

// errLimit ends a tail that has printed as much as it should.
var errLimit = errors.New("limit")

// Run prints records, a line each.
func (c *topicTailCommand) Run(w *world) error {
	match, err := bus.Pattern{Text: c.Filter, Key: c.FilterKey, Regex: c.Regex}.Match()
	if err != nil {
		return err
	}
	cfg, err := c.span()
	if err != nil {
		return err
	}
	b, err := c.open(w)
	if err != nil {
		return err
	}
	defer b.Close(w.ctx)
	span, err := b.SpanOf(w.ctx, cfg)
	if err != nil {
		return err
	}
	p := tailPrinter{c: c, out: bufio.NewWriter(w.out)}
	err = c.print(w, b, span, match, &p)
	if err == nil && c.Follow {
		err = c.follow(w, b, span, match, &p)
	}
	if errors.Is(err, errLimit) {
		err = nil
	}
	return errors.Join(err, p.out.Flush())
}

// span says which part of the topic there is to print.
func (c *topicTailCommand) span() (bus.SpanConfig, error) {
	cfg := bus.SpanConfig{Topic: c.Topic, Partitions: c.Partition, From: bus.FromStart()}
	if c.Follow && c.To != "" {
		return cfg, fault.New(fault.Invalid, "--follow has no end, and --to is one").WithHint("leave one of them out")
	}
	now := time.Now()
	if c.From != "" {
		at, err := bus.ParseTime(c.From, now)
		if err != nil {
			return cfg, err
		}
		cfg.From = bus.FromTime(at)
	}
	if c.To != "" {
		at, err := bus.ParseTime(c.To, now)
		if err != nil {
			return cfg, err
		}
		cfg.Upto = at
	}
	n, err := strconv.ParseInt(c.Offset, 10, 64)
	switch {
	case c.Offset == "" || c.Offset == "earliest":
	case c.Offset == "latest":
		cfg.From = bus.FromEnd()
	case err == nil && n >= 0:
		cfg.From = bus.FromOffset(n)
	default:
		return cfg, fault.New(fault.Invalid, "--offset %q is no offset", c.Offset).WithHint("a number from 0 on, earliest or latest; --from is for times")
	}
	return cfg, nil
}

// print prints what is there: from a place on as it is read, or else the last matches of each partition.
func (c *topicTailCommand) print(w *world, b *bus.Bus, span bus.Span, match func(*bus.Raw) bool, p *tailPrinter) error {
	if c.Offset == "" && c.From == "" {
		if c.Last <= 0 {
			return nil
		}
		found, err := b.Find(w.ctx, span, bus.Search{Newest: true, Match: match, Limit: c.Last})
		if err != nil {
			return err
		}
		for i := range found.Records {
			if err := p.record(&found.Records[i]); err != nil {
				return err
			}
		}
		return p.out.Flush()
	}
	return b.Scan(w.ctx, span, func(f *bus.Fetch) (bool, error) {
		for f.Next() && span.Within(f) {
			if err := p.raw(f, match); err != nil {
				return false, err
			}
		}
		return true, p.out.Flush()
	})
}

// follow goes on where span ends.
func (c *topicTailCommand) follow(w *world, b *bus.Bus, span bus.Span, match func(*bus.Raw) bool, p *tailPrinter) error {
	if err := p.out.Flush(); err != nil {
		return err
	}
	return b.Tail(w.ctx, bus.TailConfig{Topics: []string{c.Topic}, From: bus.FromOffsets(span.Upto), Committed: true}, func(f *bus.Fetch) error {
		if len(c.Partition) > 0 && !slices.Contains(c.Partition, f.Partition) {
			return nil
		}
		for f.Next() {
			if err := p.raw(f, match); err != nil {
				return err
			}
		}
		return errors.Join(f.Err(), p.out.Flush())
	})
}

// tailPrinter prints records as the command says.
type tailPrinter struct {
	c       *topicTailCommand
	out     *bufio.Writer
	printed int64
}

// raw prints the record that f stands at, if it is looked for.
func (p *tailPrinter) raw(f *bus.Fetch, match func(*bus.Raw) bool) error {
	if match != nil && !match(&f.Raw) {
		return nil
	}
	r := bus.Record{
		Topic: f.Topic, Partition: f.Partition, Offset: f.Raw.Offset, Timestamp: time.UnixMilli(f.Raw.Time), Key: f.Raw.Key, Value: f.Raw.Value,
	}
	for name, value := range f.Raw.Headers() {
		r.Headers = append(r.Headers, bus.Header{Key: name, Value: value})
	}
	return p.record(&r)
}

// record prints a record; it ends with errLimit where that was the last.
func (p *tailPrinter) record(r *bus.Record) error {
	var err error
	if p.c.Output == "json" {
		err = p.json(r)
	} else {
		err = p.text(r)
	}
	p.printed++
	if err == nil && p.c.Limit > 0 && p.printed >= p.c.Limit {
		return errLimit
	}
	return err
}

func (p *tailPrinter) json(r *bus.Record) error {
	text, err := json.Marshal(lineOf(r))
	if err != nil {
		return fmt.Errorf("print record %d of %s-%d: %w", r.Offset, r.Topic, r.Partition, err)
	}
	p.out.Write(text)
	return p.out.WriteByte('\n')
}

// text prints [time partition:offset] [key] [headers] value, separated by tabs.
func (p *tailPrinter) text(r *bus.Record) error {
	if p.c.Timestamps {
		fmt.Fprintf(p.out, "%s\t%d:%d\t", r.Timestamp.UTC().Format("2006-01-02T15:04:05.000Z"), r.Partition, r.Offset)
	}
	if p.c.Keys {
		fmt.Fprintf(p.out, "%s\t", r.Key)
	}
	if p.c.Headers {
		for i, h := range r.Headers {
			if i > 0 {
				p.out.WriteByte(',')
			}
			fmt.Fprintf(p.out, "%s=%s", h.Key, h.Value)
		}
		p.out.WriteByte('\t')
	}
	_, err := fmt.Fprintf(p.out, "%s\n", r.Value)
	return err
}
