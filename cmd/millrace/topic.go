package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"millrace/bus"
)

type topicCommands struct {
	List    topicListCommand    `cmd:"" help:"List topics."`
	Tail    topicTailCommand    `cmd:"" help:"Print the last records of a topic."`
	Produce topicProduceCommand `cmd:"" help:"Write the lines of standard input to a topic, a record each."`
}

// onBus is a command that talks to the bus itself.
type onBus struct {
	remote
	Kafka string `help:"Address of the bus, HOST:PORT; the platform is asked for it by default." placeholder:"HOST:PORT"`
}

func (c *onBus) open(w *world) (*bus.Bus, error) { return c.remote.bus(w.ctx, c.Kafka) }

type topicListCommand struct{ onBus }

// Run prints a line for each topic.
func (c *topicListCommand) Run(w *world) error {
	b, err := c.open(w)
	if err != nil {
		return err
	}
	defer b.Close(w.ctx)
	topics, err := b.Topics(w.ctx)
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(w.out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "TOPIC\tPARTITIONS\tRECORDS")
	for _, topic := range topics {
		fmt.Fprintf(t, "%s\t%d\t%d\n", topic.Name, len(topic.Partitions), topic.Records())
	}
	return t.Flush()
}

type topicTailCommand struct {
	onBus
	Topic  string `arg:"" help:"The topic."`
	Last   int    `short:"n" default:"10" help:"How many records of each partition."`
	Follow bool   `short:"f" help:"Go on with what arrives, until Ctrl-C."`
	Keys   bool   `help:"Print keys, too."`
}

// Run prints records, a line each.
func (c *topicTailCommand) Run(w *world) error {
	b, err := c.open(w)
	if err != nil {
		return err
	}
	defer b.Close(w.ctx)
	recs, err := b.Last(w.ctx, c.Topic, c.Last)
	if err != nil {
		return err
	}
	next := map[int32]int64{}
	for i := range recs {
		c.print(w, recs[i].Key, recs[i].Value)
		next[recs[i].Partition] = recs[i].Offset + 1
	}
	if !c.Follow {
		return nil
	}
	return b.Tail(w.ctx, bus.TailConfig{Topics: []string{c.Topic}, From: bus.FromLast(int64(c.Last)), Committed: true}, func(f *bus.Fetch) error {
		for f.Next() {
			if f.Raw.Offset >= next[f.Partition] {
				c.print(w, f.Raw.Key, f.Raw.Value)
			}
		}
		return f.Err()
	})
}

func (c *topicTailCommand) print(w *world, key, value []byte) {
	if c.Keys {
		fmt.Fprintf(w.out, "%s\t", key)
	}
	fmt.Fprintf(w.out, "%s\n", value)
}

type topicProduceCommand struct {
	onBus
	Topic string `arg:"" help:"The topic; it is made if it does not exist."`
	Key   string `help:"Separator: what stands before it in a line is the record's key." placeholder:"SEP"`
}

// produceBatch is how many lines are sent at a time, and maxLine how long one may be.
const (
	produceBatch = 1000
	maxLine      = 1 << 20
)

// Run returns once the bus has every line.
func (c *topicProduceCommand) Run(w *world) error {
	b, err := c.open(w)
	if err != nil {
		return err
	}
	defer b.Close(w.ctx)
	lines := bufio.NewReaderSize(w.in, 64<<10)
	var recs []bus.Record
	total := 0
	for last := false; !last; {
		line, err := lines.ReadString('\n')
		if last = errors.Is(err, io.EOF); err != nil && !last {
			return fmt.Errorf("read standard input: %w", err)
		}
		if len(line) > maxLine {
			return fmt.Errorf("line %d is longer than %d bytes", total+len(recs)+1, maxLine)
		}
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			recs = append(recs, c.record(line))
		}
		if len(recs) == produceBatch || last && len(recs) > 0 {
			if err := b.Append(w.ctx, recs); err != nil {
				return err
			}
			total += len(recs)
			recs = recs[:0]
		}
	}
	_, err = fmt.Fprintf(w.errs, "%d records written to %s\n", total, c.Topic)
	return err
}

func (c *topicProduceCommand) record(line string) bus.Record {
	rec := bus.Record{Topic: c.Topic, Value: []byte(line)}
	if c.Key != "" {
		if key, value, ok := strings.Cut(line, c.Key); ok {
			rec.Key, rec.Value = []byte(key), []byte(value)
		}
	}
	return rec
}
