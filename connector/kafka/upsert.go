package kafka

import (
	"maps"

	"millrace/bus"
	"millrace/connector"
	"millrace/fault"
	"millrace/format"
	"millrace/option"
)

// UpsertSpec returns Flink's upsert-kafka connector: a topic as a table of which each record says what its
// primary key, which is its key, has now; a record without a value deletes it. It is always read from
// its beginning.
func UpsertSpec(b *bus.Bus) connector.Spec {
	spec := Spec(b)
	spec.Name = "upsert-kafka"
	spec.Doc = "Reads and writes topics as tables: a record is what its key has now, one without a value deletes it."
	spec.Gives = func(option.Values) format.Changes { return format.Upserts }
	spec.Takes = spec.Gives
	var own []option.Option
	for _, o := range spec.Options {
		switch o.Name {
		case optTopicPattern, optStartupMode, optStartupOffsets, optStartupMillis, optKeyFields:
			continue
		}
		own = append(own, o)
	}
	spec.Options = append(own,
		option.Option{Name: "sink.buffer-flush.max-rows", Kind: option.Int, Doc: "Taken for Flink's sake: records are sent in batches anyway."},
		option.Option{Name: "sink.buffer-flush.interval", Kind: option.Duration, Doc: "Taken for Flink's sake: records are sent in batches anyway."})
	spec.Source = func(t connector.Table) (connector.Source, error) {
		t.Options = maps.Clone(t.Options)
		t.Options[optStartupMode] = modeEarliest
		s, err := newSource(b, t)
		if err != nil {
			return nil, err
		}
		s.upsert = true
		return s, nil
	}
	spec.Sink = func(t connector.Table) (connector.Sink, error) {
		s, err := newSink(b, t)
		if err != nil {
			return nil, err
		}
		s.upsert = true
		return s, nil
	}
	return spec
}

// needKeys refuses an upsert-kafka table whose records have no keys.
func needKeys(keyed bool, topic string) error {
	if keyed {
		return nil
	}
	return fault.New(fault.Invalid, "upsert-kafka table on topic %s has no keys", topic).WithHint("set 'key.format'")
}
