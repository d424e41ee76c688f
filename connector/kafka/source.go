package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"millrace/bus"
	"millrace/connector"
	"millrace/fault"
	"millrace/format"
	"millrace/vec"
)

// source reads the topics of one table.
type source struct {
	table   string
	topics  []string
	pattern *regexp.Regexp // instead of topics
	cluster *cluster
	from    place
	upto    place
	upsert  bool // a record without a value deletes what its key names

	mu     sync.Mutex               // guards the fields below
	known  map[connector.Split]bool // what the first Splits listed; nil before it
	reader *bus.Reader
	stop   context.CancelFunc
	done   chan struct{}
}

func newSource(b *bus.Bus, t connector.Table) (*source, error) {
	c, err := newCluster(b, t.Options)
	if err != nil {
		return nil, err
	}
	s := &source{table: t.Name, cluster: c}
	if s.topics, s.pattern, err = topicsOf(t); err != nil {
		return nil, err
	}
	if s.from, err = newPlace(t.Options, t.Name, optStartupMode, optStartupOffsets, optStartupMillis); err != nil {
		return nil, err
	}
	if s.upto, err = newPlace(t.Options, t.Name, optBoundedMode, optBoundedOffsets, optBoundedMillis); err != nil {
		return nil, err
	}
	return s, nil
}

// topicsOf reads the options topic and topic-pattern, of which exactly one must be set.
func topicsOf(t connector.Table) ([]string, *regexp.Regexp, error) {
	list, pattern := t.Options.String(optTopic), t.Options.String(optTopicPattern)
	if (list == "") == (pattern == "") {
		return nil, nil, fault.New(fault.Invalid, "exactly one of the options %q and %q must be set", optTopic, optTopicPattern)
	}
	if pattern != "" {
		re, err := regexp.Compile("^(?:" + pattern + ")$")
		if err != nil {
			return nil, nil, fault.New(fault.Invalid, "option %q: %w", optTopicPattern, err)
		}
		return nil, re, nil
	}
	var topics []string
	for _, name := range strings.Split(list, ";") {
		if name = strings.TrimSpace(name); name != "" && !slices.Contains(topics, name) {
			topics = append(topics, name)
		}
	}
	return topics, nil, nil
}

// Splits implements connector.Source: every partition of the topics there are now.
func (s *source) Splits(ctx context.Context) ([]connector.Split, error) {
	b, err := s.cluster.open(ctx)
	if err != nil {
		return nil, err
	}
	topics := s.topics
	if s.pattern != nil {
		if topics, err = s.matching(ctx, b); err != nil {
			return nil, err
		}
	}
	var splits []connector.Split
	for _, topic := range topics {
		ids, err := b.Partitions(ctx, topic)
		if errors.Is(err, fault.NotFound) && s.cluster.platform && s.pattern == nil {
			if _, err := b.Ensure(ctx, topic, 0, nil); err != nil {
				return nil, err
			}
			ids, err = b.Partitions(ctx, topic)
		}
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			splits = append(splits, splitOf(topic, id))
		}
	}
	s.remember(splits)
	return splits, nil
}

// remember notes the splits that are there when the job starts. Those that are found later are read
// from their beginning, whatever the start of the others: all of their records are new.
func (s *source) remember(splits []connector.Split) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known != nil {
		return
	}
	s.known = map[connector.Split]bool{}
	for _, split := range splits {
		s.known[split] = true
	}
}

func (s *source) isLate(split connector.Split) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known != nil && !s.known[split]
}

func (s *source) matching(ctx context.Context, b *bus.Bus) ([]string, error) {
	all, err := b.TopicNames(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(name string) bool { return !s.pattern.MatchString(name) }), nil
}

// Open implements connector.Source.
func (s *source) Open(ctx context.Context, split connector.Split, from connector.Offset, decode format.Decoder) (connector.Reader, error) {
	topic, id, err := parseSplit(split)
	if err != nil {
		return nil, err
	}
	b, err := s.cluster.open(ctx)
	if err != nil {
		return nil, err
	}
	var at position
	if from != "" {
		at, err = parsePosition(from)
	} else {
		at, err = s.first(ctx, b, topic, id, s.isLate(split))
	}
	if err != nil {
		return nil, err
	}
	r := &reader{split: split, at: at, decode: decode, upsert: s.upsert}
	keyed := false
	if r.keys, keyed = decode.(format.KeyDecoder); s.upsert {
		if err := needKeys(keyed, topic); err != nil {
			return nil, err
		}
	}
	if at.next >= at.end {
		return r, nil
	}
	shared, err := s.shared(b)
	if err != nil {
		return nil, err
	}
	r.part = shared.Add(topic, id, at.next)
	return r, nil
}

// first says where a split is read that has no offset yet.
func (s *source) first(ctx context.Context, b *bus.Bus, topic string, id int32, late bool) (at position, err error) {
	start := s.from
	if late {
		start = place{mode: modeEarliest}
	}
	if at.next, err = start.start(ctx, b, topic, id, s.cluster.committed()); err != nil {
		return at, err
	}
	at.end, err = s.upto.end(ctx, b, topic, id, s.cluster.committed())
	return at, err
}

// shared returns the connection of all readers, and starts it for the first. Close ends it.
func (s *source) shared(b *bus.Bus) (*bus.Reader, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reader != nil {
		return s.reader, nil
	}
	r, err := b.NewReader(bus.ReaderConfig{Committed: s.cluster.committed()})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.reader, s.stop, s.done = r, cancel, make(chan struct{})
	go func() {
		defer close(s.done)
		_ = r.Run(ctx) // it returns nil when it is stopped, and nothing else
	}()
	return r, nil
}

// Close implements connector.Source.
func (s *source) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reader != nil {
		s.stop()
		<-s.done
		s.reader.Close()
		s.reader = nil
	}
	return s.cluster.close()
}

// reader reads one partition.
type reader struct {
	split  connector.Split
	part   *bus.Partition // nil: there is nothing to read
	at     position
	decode format.Decoder
	keys   format.KeyDecoder // decode, if the table has columns in the key
	upsert bool

	fetch   *bus.Fetch
	held    bool // fetch.Raw has been stepped to, but did not fit
	refused []byte
	meta    metaColumns
	set     bool // meta is
}

// row decodes a record.
func (r *reader) row(dst *connector.Rows, raw *bus.Raw) error {
	if r.keys != nil {
		if err := r.keys.DecodeKey(raw.Key, dst.Builder); err != nil {
			return err
		}
	}
	if r.upsert && raw.Value == nil {
		dst.EndRow(vec.Delete)
		return nil
	}
	return r.decode.Decode(raw.Value, dst.Builder)
}

// Offset implements connector.Reader.
func (r *reader) Offset() connector.Offset { return r.at.offset() }

// Lag implements connector.Reader.
func (r *reader) Lag() int64 {
	if r.part == nil {
		return 0
	}
	return max(0, min(r.part.End(), r.at.end)-r.at.next)
}

// Close implements connector.Reader.
func (r *reader) Close() error {
	if r.part != nil {
		r.part.Close()
	}
	return nil
}

// Read implements connector.Reader.
func (r *reader) Read(ctx context.Context, dst *connector.Rows) error {
	if !r.set {
		r.meta, r.set = metaOf(dst.Meta, r.split), true
	}
	r.refused = r.refused[:0]
	for {
		if r.at.next >= r.at.end {
			return io.EOF
		}
		if dst.Full() || len(dst.Refused) >= connector.MaxRefused {
			return nil
		}
		if r.fetch == nil {
			if ok, err := r.poll(ctx, dst); !ok {
				return err
			}
		}
		if err := r.rows(dst); err != nil || r.held {
			return err
		}
	}
}

// poll gets the next fetch. It waits only while dst is empty, and not for long; false: there is none.
func (r *reader) poll(ctx context.Context, dst *connector.Rows) (bool, error) {
	if !r.part.Ready() {
		if dst.Len() > 0 || len(dst.Refused) > 0 {
			return false, nil
		}
		wait, cancel := context.WithTimeout(ctx, connector.MaxWait)
		defer cancel()
		began := time.Now()
		f, err := r.part.Poll(wait)
		dst.Waited += time.Since(began)
		if wait.Err() != nil && ctx.Err() == nil && f == nil {
			return false, nil
		}
		r.fetch = f
		return err == nil, err
	}
	f, err := r.part.Poll(ctx)
	r.fetch = f
	return err == nil, err
}

// rows decodes records until the fetch is used up, dst is full, or the end is reached.
func (r *reader) rows(dst *connector.Rows) error {
	f := r.fetch
	newest := int64(0)
	defer func() {
		if t := time.UnixMilli(newest); newest > 0 && t.After(dst.Newest) {
			dst.Newest = t
		}
	}()
	for {
		if !r.held {
			if dst.Full() || len(dst.Refused) >= connector.MaxRefused {
				return nil
			}
			if !f.Next() {
				r.at.next = max(r.at.next, min(f.After, r.at.end))
				r.fetch = nil
				return f.Err()
			}
			if f.Raw.Offset >= r.at.end {
				r.at.next = r.at.end
				r.fetch = nil
				return nil
			}
		}
		before := dst.Len()
		r.meta.set(dst, &f.Raw)
		err := r.row(dst, &f.Raw)
		if r.held = errors.Is(err, format.ErrFull) && before > 0; r.held {
			dst.AbortRow()
			return nil
		}
		if err == nil && (r.meta.any || r.keys != nil) && dst.Len() > before+1 && !repeats(r.decode) {
			dst.Truncate(before)
			err = errManyRows
		}
		if err != nil {
			dst.AbortRow()
			if fault.KindOf(err) != 0 {
				return fmt.Errorf("read record %s@%d: %w", r.split, f.Raw.Offset, err)
			}
			r.refuse(dst, err)
		}
		r.at.next = f.Raw.Offset + 1
		newest = max(newest, f.Raw.Time)
		dst.Bytes += int64(len(f.Raw.Key) + len(f.Raw.Value))
	}
}

// errManyRows refuses a record of several rows: the builder takes metadata for the first only, and
// the others must not be NULL.
var errManyRows = &format.Error{Reason: "a record of several rows cannot be read into a table with metadata columns"}

// repeats reports whether a decoder gives all rows of a record what the first has been given.
func repeats(d format.Decoder) bool {
	_, ok := d.(format.MetadataDecoder)
	return ok
}

// refuse keeps a record that cannot be decoded until the next Read: its bytes would be overwritten by
// the next batch.
func (r *reader) refuse(dst *connector.Rows, reason error) {
	raw := &r.fetch.Raw
	dst.Refused = append(dst.Refused, connector.Refused{
		Key: r.keep(raw.Key), Value: r.keep(raw.Value), Reason: reason, Split: r.split,
		Offset: position{raw.Offset, never}.offset(), Time: time.UnixMilli(raw.Time),
	})
}

func (r *reader) keep(p []byte) []byte {
	if p == nil {
		return nil
	}
	at := len(r.refused)
	r.refused = append(r.refused, p...)
	return r.refused[at:len(r.refused):len(r.refused)]
}
