package store

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// aggTask is a file, or a block of the head, to be read for an aggregate.
type aggTask struct {
	block *block // of the head; else
	part  *part
	file  *stored
	// ranges are the times of the rows that count, or of the beginnings of a rollup's steps.
	ranges []timeRange
}

// aggNotes are what an answer has to say about itself.
type aggNotes struct {
	lost    missing   // in a bucket that is away
	gone    timeRange // rows that retention took, and no rollup fits
	rounded timeRange // the same at the ends of the range, where a rollup stood in
	coarse  int64     // the coarsest rollup that was read
}

func newAggNotes() *aggNotes {
	none := timeRange{math.MaxInt64, math.MinInt64}
	return &aggNotes{gone: none, rounded: none}
}

func (r *timeRange) include(from, upto int64) { r.from, r.upto = min(r.from, from), max(r.upto, upto) }

func (r timeRange) empty() bool { return r.from > r.upto }

// whole reports whether the answer has everything that there is.
func (n *aggNotes) whole() bool { return n.lost.parts == 0 && n.gone.empty() && n.rounded.empty() }

func (n *aggNotes) tell(p *aggPlan, out *Aggregated) {
	n.lost.warn(p.name, &out.Partial, &out.Warnings)
	text := func(r timeRange) string {
		return fmt.Sprintf("between %s and %s", instant(r.from).Format(time.RFC3339), instant(r.upto).Format(time.RFC3339))
	}
	if !n.gone.empty() {
		out.Warnings = append(out.Warnings, fmt.Sprintf(
			"rows of %q %s are kept as rollups only, which do not have what %s in intervals of %s needs here: they are missing",
			p.name, text(n.gone), p.agg, time.Duration(p.step)*time.Microsecond))
	}
	if !n.rounded.empty() {
		out.Warnings = append(out.Warnings, fmt.Sprintf("rows of %q %s are kept as rollups only: the range is rounded to them", p.name, text(n.rounded)))
	}
	out.Rollup = stepName(n.coarse)
}

// tasks are what is to be read for the rows in ranges: each row once, by rollups where they stand for whole
// steps, by itself at the ends.
func (p *aggPlan) tasks(snap *snapshot, ranges []timeRange, notes *aggNotes) []aggTask {
	var out []aggTask
	for _, b := range snap.blocks {
		if slices.ContainsFunc(ranges, func(r timeRange) bool { return b.from <= r.upto && b.upto >= r.from }) {
			out = append(out, aggTask{block: b, ranges: ranges})
		}
	}
	for _, part := range snap.parts {
		c := cover{part: part, by: map[*stored][]timeRange{}, notes: notes}
		for _, step := range p.steps {
			for _, f := range part.rollups {
				if f.step == step {
					c.rollups = append(c.rollups, f)
				}
			}
		}
		for _, r := range ranges {
			c.add(r)
		}
		for _, f := range part.files() {
			if r := c.by[f]; len(r) > 0 {
				out = append(out, aggTask{part: part, file: f, ranges: r})
				notes.coarse = max(notes.coarse, f.step)
			}
		}
	}
	return out
}

// cover chooses the files of a part.
type cover struct {
	part    *part
	rollups []*stored // those that fit, the coarsest first
	by      map[*stored][]timeRange
	notes   *aggNotes
}

// add covers the rows of the part in r.
func (c *cover) add(r timeRange) {
	if r.from > c.part.Upto || r.upto < c.part.From {
		return
	}
	if r.from <= c.part.From && r.upto >= c.part.Upto && len(c.rollups) > 0 {
		// All rows count, so that steps that reach beyond the range have none beyond it.
		f := c.rollups[0]
		c.by[f] = append(c.by[f], timeRange{floorDiv(c.part.From, f.step) * f.step, c.part.Upto})
		return
	}
	c.walk(r, c.rollups)
}

// walk covers r with the coarsest rollup as far as it has whole steps, and what is left with finer ones.
func (c *cover) walk(r timeRange, rollups []*stored) {
	if r.empty() || r.from > c.part.Upto || r.upto < c.part.From {
		return
	}
	if len(rollups) == 0 {
		c.rest(r)
		return
	}
	f := rollups[0]
	from, upto := -floorDiv(-r.from, f.step)*f.step, floorDiv(r.upto+1, f.step)*f.step
	if from >= upto {
		c.walk(r, rollups[1:])
		return
	}
	c.by[f] = append(c.by[f], timeRange{from, upto - 1})
	c.walk(timeRange{r.from, from - 1}, rollups[1:])
	c.walk(timeRange{upto, r.upto}, rollups[1:])
}

// rest covers what no whole step covers.
func (c *cover) rest(r timeRange) {
	from, upto := max(r.from, c.part.From), min(r.upto, c.part.Upto)
	switch {
	case c.part.raw != nil:
		c.by[c.part.raw] = append(c.by[c.part.raw], r)
	case len(c.rollups) > 0:
		finest := c.rollups[len(c.rollups)-1]
		c.by[finest] = append(c.by[finest], r) // a step counts where it begins
		c.notes.rounded.include(from, upto)
	default:
		c.notes.gone.include(from, upto)
	}
}
