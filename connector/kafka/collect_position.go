package kafka

import (
	"encoding/json"
	"slices"

	"millrace/fault"
)

// offsetsNoted is the position of a collector: by topic, the next offset of each partition; -1 for one that is not known
// yet.
type offsetsNoted struct {
	Topics map[string][]int64 `json:"topics"`
}

func parseOffsetsNoted(text []byte) (offsetsNoted, error) {
	var o offsetsNoted
	if len(text) > 0 {
		if err := json.Unmarshal(text, &o); err != nil {
			return o, fault.New(fault.Corrupt, "read the position of a kafka source: %w", err)
		}
	}
	if o.Topics == nil {
		o.Topics = map[string][]int64{}
	}
	return o, nil
}

// know notes a topic, and says whether it was noted before.
func (o offsetsNoted) know(topic string) bool {
	_, known := o.Topics[topic]
	if !known {
		o.Topics[topic] = []int64{}
	}
	return known
}

// of returns the place of a partition's offset, which holds until the next call.
func (o offsetsNoted) of(topic string, partition int32) *int64 {
	all := o.Topics[topic]
	if need := int(partition) + 1 - len(all); need > 0 {
		all = append(slices.Clip(all), slices.Repeat([]int64{-1}, need)...)
		o.Topics[topic] = all
	}
	return &all[partition]
}

func (o offsetsNoted) bytes() []byte {
	text, err := json.Marshal(o)
	if err != nil {
		panic(err) // strings and numbers
	}
	return text
}
