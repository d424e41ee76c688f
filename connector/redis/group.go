package redis

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"millrace/fault"
)

// claimEvery is how often it is looked for entries that other members have held for too long.
const claimEvery = 30 * time.Second

// asMember reads as a member of the group: first what was delivered to it before but not acknowledged, then what
// is new.
func (r *reading) asMember(ctx context.Context) error {
	if r.member == "" {
		r.member = r.site.Name()
	}
	r.at.Streams = nil
	if err := r.join(ctx); err != nil {
		return err
	}
	if err := r.pending(ctx); err != nil {
		return err
	}
	var claimed, looked time.Time
	for ctx.Err() == nil {
		if time.Since(claimed) >= claimEvery {
			if err := r.claim(ctx); err != nil {
				return err
			}
			claimed = time.Now()
		}
		if time.Since(looked) >= lookEvery {
			if err := r.lookAtGroup(ctx); err != nil {
				return err
			}
			looked = time.Now()
		}
		entries, err := r.readAs(ctx, slices.Repeat([]string{">"}, len(r.streams)))
		if err != nil {
			return err
		}
		if err := r.appendAndAck(ctx, entries); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// join makes the group where it is not there.
func (r *reading) join(ctx context.Context) error {
	start := "0"
	if r.atEnd {
		start = "$"
	}
	for _, stream := range r.streams {
		err := r.conn.Do(ctx, r.conn.B().XgroupCreate().Key(stream).Group(r.group).Id(start).Mkstream().Build()).Error()
		if err == nil {
			continue
		}
		if said, ok := rueidis.IsRedisErr(err); !ok || !strings.HasPrefix(said.Error(), "BUSYGROUP") {
			return explain(err, "create group "+r.group+" of stream "+stream)
		}
	}
	return nil
}

func (r *reading) readAs(ctx context.Context, ids []string) (map[string][]rueidis.XRangeSlice, error) {
	read := r.conn.B().Xreadgroup().Group(r.group, r.member).Count(r.share()).Block(blockFor.Milliseconds()).
		Streams().Key(r.streams...).Id(ids...).Build()
	entries, err := r.conn.Do(ctx, read).AsXReadSlices()
	if err != nil && !rueidis.IsRedisNil(err) {
		return nil, explain(err, "read streams as a member of group "+r.group)
	}
	return entries, nil
}

// pending reads what was delivered to this member before. What the position says is done is only acknowledged, and
// before anything else: the position of the next append no longer has it.
func (r *reading) pending(ctx context.Context) error {
	if err := r.ack(ctx, r.at.Done); err != nil {
		return err
	}
	ids := slices.Repeat([]string{oldest}, len(r.streams))
	for {
		entries, err := r.readAs(ctx, ids)
		if err != nil {
			return err
		}
		n := 0
		for i, stream := range r.streams {
			if all := entries[stream]; len(all) > 0 {
				n += len(all)
				ids[i] = all[len(all)-1].ID
			}
		}
		if n == 0 {
			return nil
		}
		if err := r.ack(ctx, takeGone(entries)); err != nil {
			return err
		}
		if err := r.appendAndAck(ctx, entries); err != nil {
			return err
		}
	}
}

// takeGone takes entries out that were removed from their stream while they were pending, and returns their ids.
func takeGone(entries map[string][]rueidis.XRangeSlice) map[string][]string {
	gone := map[string][]string{}
	for stream, all := range entries {
		entries[stream] = slices.DeleteFunc(all, func(e rueidis.XRangeSlice) bool {
			if e.FieldValues == nil {
				gone[stream] = append(gone[stream], e.ID)
			}
			return e.FieldValues == nil
		})
	}
	return gone
}

// claim takes over what other members have held for too long.
func (r *reading) claim(ctx context.Context) error {
	for _, stream := range r.streams {
		next := oldest
		for {
			claim := r.conn.B().Xautoclaim().Key(stream).Group(r.group).Consumer(r.member).MinIdleTime(strconv.FormatInt(r.claimAfter.Milliseconds(), 10)).
				Start(next).Count(r.share()).Build()
			answer, err := r.conn.Do(ctx, claim).ToArray()
			if err != nil {
				return explain(err, "claim entries of stream "+stream)
			}
			if len(answer) < 2 {
				return fault.New(fault.Unavailable, "claim entries of stream %s: the answer has %d parts", stream, len(answer))
			}
			if next, err = answer[0].ToString(); err != nil {
				return fault.New(fault.Unavailable, "claim entries of stream %s: %w", stream, err)
			}
			all, err := answer[1].AsXRangeSlices()
			if err != nil {
				return fault.New(fault.Unavailable, "claim entries of stream %s: %w", stream, err)
			}
			entries := map[string][]rueidis.XRangeSlice{stream: all}
			if err := r.ack(ctx, takeGone(entries)); err != nil {
				return err
			}
			if err := r.appendAndAck(ctx, entries); err != nil {
				return err
			}
			if next == oldest {
				break
			}
		}
	}
	return nil
}

// appendAndAck appends entries, notes that they are done, and acknowledges them.
func (r *reading) appendAndAck(ctx context.Context, entries map[string][]rueidis.XRangeSlice) error {
	r.records, r.refused = r.records[:0], r.refused[:0]
	ids := map[string][]string{}
	for _, stream := range r.streams {
		for _, e := range entries[stream] {
			r.take(stream, e)
			ids[stream] = append(ids[stream], e.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	r.at.Done = ids
	if err := r.flush(ctx); err != nil {
		return err
	}
	return r.ack(ctx, ids)
}

func (r *reading) ack(ctx context.Context, ids map[string][]string) error {
	for _, stream := range r.streams {
		if len(ids[stream]) == 0 {
			continue
		}
		if err := r.conn.Do(ctx, r.conn.B().Xack().Key(stream).Group(r.group).Id(ids[stream]...).Build()).Error(); err != nil {
			return explain(err, "acknowledge entries of stream "+stream)
		}
	}
	return nil
}

// lookAtGroup finds out how many entries wait for the group.
func (r *reading) lookAtGroup(ctx context.Context) error {
	var lag int64
	for _, stream := range r.streams {
		groups, err := r.conn.Do(ctx, r.conn.B().XinfoGroups().Key(stream).Build()).ToArray()
		if err != nil {
			return explain(err, "look at the groups of stream "+stream)
		}
		for i := range groups {
			m, err := groups[i].AsMap()
			if err != nil {
				return fault.New(fault.Unavailable, "look at the groups of stream %s: %w", stream, err)
			}
			if name := m["name"]; text(name) != r.group {
				continue
			}
			if n, known := number(m["lag"]); known && lag >= 0 {
				lag += n
			} else {
				lag = -1
			}
		}
	}
	r.site.SetLag(lag)
	return nil
}

// text is the text of an answer, or "".
func text(m rueidis.RedisMessage) string {
	s, _ := m.ToString() // anything else is not what is looked for
	return s
}

// number is the number of an answer; Redis does not always know it.
func number(m rueidis.RedisMessage) (n int64, known bool) {
	n, err := m.AsInt64()
	return n, err == nil
}
