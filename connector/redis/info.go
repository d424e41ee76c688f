package redis

import (
	"context"
	"errors"
	"strings"

	"github.com/redis/rueidis"
)

// info is what XINFO STREAM says.
type info struct {
	length      int64
	added       int64 // in all; -1 before Redis 7
	first, last string
}

// removed is how many entries are gone; -1 if it is not known.
func (i info) removed() int64 {
	if i.added < 0 {
		return -1
	}
	return i.added - i.length
}

var errNoStream = errors.New("no such stream")

// infoOf asks for a stream; errNoStream if it is not there.
func infoOf(ctx context.Context, conn rueidis.DedicatedClient, stream string) (info, error) {
	m, err := conn.Do(ctx, conn.B().XinfoStream().Key(stream).Build()).AsMap()
	if err != nil {
		if said, ok := rueidis.IsRedisErr(err); ok && strings.Contains(said.Error(), "no such key") {
			return info{}, errNoStream
		}
		return info{}, explain(err, "look at stream "+stream)
	}
	i := info{added: -1}
	number := func(name string, to *int64) {
		if v, ok := m[name]; ok {
			if n, err := v.AsInt64(); err == nil {
				*to = n
			}
		}
	}
	number("length", &i.length)
	number("entries-added", &i.added)
	if v, ok := m["last-generated-id"]; ok {
		i.last, _ = v.ToString() // an empty one is before all
	}
	if v, ok := m["first-entry"]; ok {
		if e, err := v.AsXRangeSlice(); err == nil {
			i.first = e.ID
		}
	}
	return i, nil
}
