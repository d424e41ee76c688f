package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"millrace/bus"
)

type groupCommands struct {
	List     groupListCommand     `cmd:"" help:"List consumer groups."`
	Describe groupDescribeCommand `cmd:"" help:"Print a group: its members and what they read."`
	Lag      groupLagCommand      `cmd:"" help:"Print how far groups are behind, partition by partition."`
	Reset    groupResetCommand    `cmd:"" help:"Move a group without members to another place."`
	Delete   groupDeleteCommand   `cmd:"" help:"Delete a group without members, or its place in a topic."`
}

type groupListCommand struct{ onBusShown }

// Run prints a line for each group.
func (c *groupListCommand) Run(w *world) error {
	groups, err := c.groups(w)
	if err != nil {
		return err
	}
	return c.show(w, map[string]any{"groups": groups}, func(t *tabwriter.Writer) {
		line(t, "GROUP", "STATE", "KIND", "MEMBERS", "LAG")
		for _, g := range groups {
			line(t, g.Name, g.State, g.Kind, len(g.Members), g.Lag)
		}
	})
}

// groups describes groups; no names are all.
func (c *onBusShown) groups(w *world, names ...string) ([]bus.Group, error) {
	b, err := c.open(w)
	if err != nil {
		return nil, err
	}
	defer b.Close(w.ctx)
	return b.Groups(w.ctx, names...)
}

type groupDescribeCommand struct {
	onBusShown
	Group string `arg:"" help:"The group."`
}

// Run prints the group, its members, and where it is.
func (c *groupDescribeCommand) Run(w *world) error {
	groups, err := c.groups(w, c.Group)
	if err != nil {
		return err
	}
	if len(groups) == 0 {
		return bus.NoGroup(c.Group)
	}
	g := &groups[0]
	if c.Output == "json" {
		return c.show(w, g, nil)
	}
	fmt.Fprintf(w.out, "%s: %s, %s, assignor %s, coordinator %d, lag %d\n", plain(g.Name), g.State, g.Kind, orDash(plain(g.Assignor)), g.Coordinator, g.Lag)
	if len(g.Members) > 0 {
		fmt.Fprintln(w.out)
		err = c.show(w, nil, func(t *tabwriter.Writer) {
			line(t, "MEMBER", "CLIENT", "HOST", "READS")
			for _, m := range g.Members {
				var reads []string
				for _, a := range m.Assigned {
					reads = append(reads, a.Topic+":"+numbers(a.Partitions))
				}
				line(t, m.ID, m.Client, m.Host, orDash(strings.Join(reads, " ")))
			}
		})
	}
	if err != nil || len(g.Partitions) == 0 {
		return err
	}
	fmt.Fprintln(w.out)
	return c.show(w, nil, func(t *tabwriter.Writer) { lagTable(t, groups) })
}

// lagTable writes where groups are.
func lagTable(t *tabwriter.Writer, groups []bus.Group) {
	line(t, "GROUP", "TOPIC", "PARTITION", "OFFSET", "END", "LAG", "CLIENT", "HOST")
	for _, g := range groups {
		for _, p := range g.Partitions {
			line(t, g.Name, p.Topic, p.Partition, orUnknown(p.Offset), orUnknown(p.End), orUnknown(p.Lag), orDash(p.Member), orDash(p.Host))
		}
	}
}

type groupLagCommand struct {
	onBusShown
	Group []string `arg:"" optional:"" help:"The groups; all by default."`
}

// Run prints a line for each partition, and the total of each group.
func (c *groupLagCommand) Run(w *world) error {
	groups, err := c.groups(w, c.Group...)
	if err != nil {
		return err
	}
	return c.show(w, map[string]any{"groups": groups}, func(t *tabwriter.Writer) {
		lagTable(t, groups)
		for _, g := range groups {
			line(t, g.Name, "total", "", "", "", g.Lag, "", "")
		}
	})
}

type groupResetCommand struct {
	onBusShown
	Group     string  `arg:"" help:"The group."`
	To        string  `required:"" help:"Where to: earliest, latest, an offset, a time (2026-11-20T10:00:00Z, or 10m ago), or a step (+100, --to=-100)." placeholder:"PLACE"`
	Topic     string  `help:"Only in this topic; in all that it has committed in by default. A new group needs one."`
	Partition []int32 `short:"p" help:"Only in this partition of the topic; may be given several times." placeholder:"N"`
	DryRun    bool    `help:"Only print what would be."`
}

// Run moves the group and prints from where to where.
func (c *groupResetCommand) Run(w *world) error {
	if err := foreign("reset group", c.Group); err != nil {
		return err
	}
	to, err := bus.ParseTarget(c.To, time.Now())
	if err != nil {
		return err
	}
	b, err := c.open(w)
	if err != nil {
		return err
	}
	defer b.Close(w.ctx)
	moved, err := b.ResetGroup(w.ctx, bus.Reset{Group: c.Group, Topic: c.Topic, Partitions: c.Partition, To: to, DryRun: c.DryRun})
	if err != nil {
		return err
	}
	err = c.show(w, map[string]any{"moved": moved, "dry_run": c.DryRun}, func(t *tabwriter.Writer) {
		line(t, "TOPIC", "PARTITION", "BEFORE", "AFTER", "LAG")
		for _, m := range moved {
			line(t, m.Topic, m.Partition, orUnknown(m.Before), m.After, m.Lag)
		}
	})
	if err == nil && c.DryRun {
		_, err = fmt.Fprintln(w.errs, "nothing was changed: this was a dry run")
	}
	return err
}

type groupDeleteCommand struct {
	onBus
	Group string `arg:"" help:"The group."`
	Topic string `help:"Keep the group and forget only its place in this topic."`
}

// Run deletes.
func (c *groupDeleteCommand) Run(w *world) error {
	if err := foreign("delete group", c.Group); err != nil {
		return err
	}
	b, err := c.open(w)
	if err != nil {
		return err
	}
	defer b.Close(w.ctx)
	if c.Topic != "" {
		n, err := b.DeleteGroupOffsets(w.ctx, c.Group, c.Topic)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w.out, "group %s has no place in %d partitions of %s any more\n", c.Group, n, c.Topic)
		return err
	}
	if err := b.DeleteGroup(w.ctx, c.Group); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w.out, "group %s is deleted\n", c.Group)
	return err
}
