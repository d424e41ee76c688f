package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"millrace/bus"
	"millrace/fault"
)

type topicCommands struct {
	List     topicListCommand     `cmd:"" help:"List topics."`
	Describe topicDescribeCommand `cmd:"" help:"Print a topic: its partitions, settings and readers."`
	Create   topicCreateCommand   `cmd:"" help:"Make a topic."`
	Alter    topicAlterCommand    `cmd:"" help:"Change settings of a topic, or add partitions."`
	Delete   topicDeleteCommand   `cmd:"" help:"Delete a topic, or its oldest records."`
	Tail     topicTailCommand     `cmd:"" help:"Print records of a topic: the last, or from a place on; and look for some."`
	Produce  topicProduceCommand  `cmd:"" help:"Write the lines of standard input to a topic, a record each."`
}

// onBus is a command that talks to the bus itself.
type onBus struct {
	remote
	Kafka string `help:"Address of the bus, HOST:PORT; the platform is asked for it by default." placeholder:"HOST:PORT"`
}

func (c *onBus) open(w *world) (*bus.Bus, error) { return c.remote.bus(w.ctx, c.Kafka) }

// onBusShown is one that prints an answer.
type onBusShown struct {
	onBus
	Output string `enum:"table,json" default:"table" help:"How the answer is printed: table or json."`
}

// show prints an answer: as JSON, or as the table that is written.
func (c *onBusShown) show(w *world, answer any, table func(t *tabwriter.Writer)) error {
	if c.Output == "json" {
		text, err := json.Marshal(answer)
		if err != nil {
			return fmt.Errorf("print the answer: %w", err)
		}
		return printJSON(w, text)
	}
	t := tabwriter.NewWriter(w.out, 0, 8, 2, ' ', 0)
	table(t)
	return t.Flush()
}

type topicListCommand struct{ onBusShown }

// topicSummary is a topic in a list.
type topicSummary struct {
	Name       string `json:"name"`
	Partitions int    `json:"partitions"`
	Records    int64  `json:"records"`
	Bytes      int64  `json:"bytes"` // -1: not told
}

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
	sizes, err := b.Sizes(w.ctx)
	if err != nil && fault.KindOf(err) == fault.Unavailable {
		return err // else this cluster does not tell them
	}
	list := make([]topicSummary, len(topics))
	for i, t := range topics {
		list[i] = topicSummary{t.Name, len(t.Partitions), t.Records(), bus.TotalBytes(sizes[t.Name])}
	}
	return c.show(w, map[string]any{"topics": list}, func(t *tabwriter.Writer) {
		line(t, "TOPIC", "PARTITIONS", "RECORDS", "BYTES")
		for _, one := range list {
			line(t, one.Name, one.Partitions, one.Records, orUnknown(one.Bytes))
		}
	})
}

// orUnknown is a number that is -1 where it is not known.
func orUnknown(n int64) string {
	if n < 0 {
		return "-"
	}
	return strconv.FormatInt(n, 10)
}

type topicDescribeCommand struct {
	onBusShown
	Topic string `arg:"" help:"The topic."`
	All   bool   `help:"Also the settings that hold for all topics."`
}

// Run prints what the bus tells of the topic.
func (c *topicDescribeCommand) Run(w *world) error {
	b, err := c.open(w)
	if err != nil {
		return err
	}
	defer b.Close(w.ctx)
	d, err := b.Describe(w.ctx, c.Topic)
	if err != nil {
		return err
	}
	groups, err := b.Groups(w.ctx)
	if err != nil {
		return err
	}
	groups = slices.DeleteFunc(groups, func(g bus.Group) bool {
		return !slices.ContainsFunc(g.Partitions, func(p bus.PartitionLag) bool { return p.Topic == c.Topic })
	})
	if c.Output == "json" {
		return c.show(w, map[string]any{"topic": d, "groups": groups}, nil)
	}
	fmt.Fprintf(w.out, "%s: %d partitions, %d records, %s bytes\n\n", plain(d.Name), len(d.Partitions), d.Records, orUnknown(d.Bytes))
	if err := c.show(w, nil, func(t *tabwriter.Writer) { c.partitions(t, &d) }); err != nil {
		return err
	}
	configs := slices.DeleteFunc(slices.Clone(d.Configs), func(one bus.TopicConfig) bool { return !c.All && one.Source != "topic" })
	if len(configs) > 0 {
		fmt.Fprintln(w.out)
		if err := c.show(w, nil, func(t *tabwriter.Writer) { c.configs(t, configs) }); err != nil {
			return err
		}
	}
	if len(groups) == 0 {
		return nil
	}
	fmt.Fprintln(w.out)
	return c.show(w, nil, func(t *tabwriter.Writer) {
		line(t, "GROUP", "STATE", "LAG")
		for _, g := range groups {
			lag := int64(0)
			for _, p := range g.Partitions {
				if p.Topic == c.Topic {
					lag += max(0, p.Lag)
				}
			}
			line(t, g.Name, g.State, lag)
		}
	})
}

func (c *topicDescribeCommand) partitions(t *tabwriter.Writer, d *bus.TopicDetail) {
	line(t, "PARTITION", "START", "END", "STABLE", "BYTES", "LEADER", "REPLICAS", "IN SYNC")
	for _, p := range d.Partitions {
		line(t, p.ID, p.Start, p.End, p.Stable, orUnknown(p.Bytes), orUnknown(int64(p.Leader)), numbers(p.Replicas), numbers(p.InSync))
	}
}

func (c *topicDescribeCommand) configs(t *tabwriter.Writer, configs []bus.TopicConfig) {
	line(t, "SETTING", "VALUE", "FROM")
	for _, one := range configs {
		value := "-"
		if one.Value != nil {
			value = *one.Value
		}
		line(t, one.Name, value, one.Source)
	}
}

// numbers is 0,1,2.
func numbers(list []int32) string {
	parts := make([]string, len(list))
	for i, n := range list {
		parts[i] = strconv.Itoa(int(n))
	}
	return orDash(strings.Join(parts, ","))
}

type topicCreateCommand struct {
	onBus
	Topic      string            `arg:"" help:"The topic."`
	Partitions int               `help:"How many; as the bus likes by default."`
	Replicas   int               `help:"How many copies of each; as the bus likes by default."`
	Set        map[string]string `help:"A setting, as retention.ms=86400000; may be given several times." placeholder:"NAME=VALUE"`
}

// Run makes the topic.
func (c *topicCreateCommand) Run(w *world) error {
	if err := foreign("create topic", c.Topic); err != nil {
		return err
	}
	b, err := c.open(w)
	if err != nil {
		return err
	}
	defer b.Close(w.ctx)
	if err := b.Create(w.ctx, bus.TopicSpec{Name: c.Topic, Partitions: c.Partitions, Replication: c.Replicas, Configs: c.Set}); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w.out, "topic %s is made\n", c.Topic)
	return err
}

// foreign refuses what is the platform's own: it would not survive a change by hand.
func foreign(what, name string) error {
	if bus.Own(name) {
		return fault.New(fault.Denied, "%s %s: the platform keeps its own state in it", what, name).
			WithHint("to begin anew, stop the platform and remove its data folder")
	}
	return nil
}

type topicAlterCommand struct {
	onBus
	Topic      string            `arg:"" help:"The topic."`
	Partitions int               `help:"How many it is to have in all: more than now. Keys go to other partitions from then on."`
	Set        map[string]string `help:"A setting, as retention.ms=86400000; may be given several times." placeholder:"NAME=VALUE"`
	Unset      []string          `help:"A setting that is to be as for all topics again; may be given several times." placeholder:"NAME"`
}

// Run changes the topic, settings first: partitions cannot be taken back.
func (c *topicAlterCommand) Run(w *world) error {
	if err := foreign("change topic", c.Topic); err != nil {
		return err
	}
	set := map[string]*string{}
	for name, value := range c.Set {
		set[name] = &value
	}
	for _, name := range c.Unset {
		if set[name] != nil {
			return fault.New(fault.Invalid, "%s is both set and unset", name)
		}
		set[name] = nil
	}
	if len(set) == 0 && c.Partitions == 0 {
		return fault.New(fault.Invalid, "change topic %s: nothing is to be changed", c.Topic).WithHint("--set NAME=VALUE, --unset NAME or --partitions N")
	}
	b, err := c.open(w)
	if err != nil {
		return err
	}
	defer b.Close(w.ctx)
	if len(set) > 0 {
		if err := b.Configure(w.ctx, c.Topic, set); err != nil {
			return err
		}
		fmt.Fprintf(w.out, "topic %s: %s changed\n", c.Topic, strings.Join(slices.Sorted(maps.Keys(set)), ", "))
	}
	if c.Partitions > 0 {
		if err := b.AddPartitions(w.ctx, c.Topic, c.Partitions); err != nil {
			return err
		}
		fmt.Fprintf(w.out, "topic %s has %d partitions\n", c.Topic, c.Partitions)
	}
	return nil
}

type topicDeleteCommand struct {
	onBus
	Topic     string `arg:"" help:"The topic."`
	Yes       bool   `short:"y" help:"Do not ask."`
	Records   bool   `help:"Keep the topic and delete its records only."`
	Before    int64  `default:"-1" help:"With --records: those before this offset; all that are there by default." placeholder:"OFFSET"`
	Partition int32  `default:"-1" help:"With --records: only of this one; all by default." placeholder:"N"`
}

// Run deletes, after the name of the topic was typed.
func (c *topicDeleteCommand) Run(w *world) error {
	if err := foreign("delete topic", c.Topic); err != nil {
		return err
	}
	if !c.Records && (c.Before >= 0 || c.Partition >= 0) {
		return fault.New(fault.Invalid, "--before and --partition say which records go").WithHint("add --records; without it the whole topic goes")
	}
	b, err := c.open(w)
	if err != nil {
		return err
	}
	defer b.Close(w.ctx)
	if err := c.ask(w); err != nil {
		return err
	}
	if c.Records {
		if err := b.Truncate(w.ctx, c.Topic, c.Partition, c.Before); err != nil {
			return err
		}
		_, err = fmt.Fprintf(w.out, "records of topic %s are deleted\n", c.Topic)
		return err
	}
	if err := b.Delete(w.ctx, c.Topic); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w.out, "topic %s is deleted\n", c.Topic)
	return err
}

// ask wants the name of the topic from who sits there.
func (c *topicDeleteCommand) ask(w *world) error {
	if c.Yes {
		return nil
	}
	fmt.Fprintf(w.errs, "What is in topic %s will be gone. Type its name to delete it: ", c.Topic)
	said, _ := bufio.NewReader(w.in).ReadString('\n') // an end of input says no
	if strings.TrimSpace(said) != c.Topic {
		fmt.Fprintln(w.errs)
		return fault.New(fault.Invalid, "delete topic %s: its name was not typed; nothing was deleted", c.Topic).WithHint("--yes does not ask")
	}
	return nil
}
