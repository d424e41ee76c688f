package topic

import (
	"encoding/json"
	"fmt"
	"strings"

	"millrace/broker/keyed"
	"millrace/fault"
)

// Keys of the space: a word, and what it is about.
const (
	topicWord  = "topic "  // a name; the value is a record
	brokerWord = "broker " // a node's id, or nothing for every node; the value is settings by name
)

// record is a topic as it is stored.
type record struct {
	ID ID `json:"id"`
	// Partitions is how many the topic is to have, and Made how many have a folder for certain: fewer while some are being made.
	Partitions int               `json:"partitions"`
	Made       int               `json:"made"`
	Configs    map[string]string `json:"configs,omitempty"`
	// Gone says that the topic is deleted, and that folders of it may be left.
	Gone bool `json:"gone,omitempty"`
}

func put(name string, r record) keyed.Entry {
	return keyed.Entry{Key: []byte(topicWord + name), Value: mustJSON(r)}
}

func forget(name string) keyed.Entry { return keyed.Entry{Key: []byte(topicWord + name)} }

func (x *topic) record() record {
	return record{ID: x.id, Partitions: len(x.logs), Made: len(x.logs), Configs: x.set}
}

func putBroker(node string, set map[string]string) keyed.Entry {
	e := keyed.Entry{Key: []byte(brokerWord + node)}
	if len(set) > 0 {
		e.Value = mustJSON(set)
	}
	return e
}

// mustJSON is for structs and maps of strings, which always become JSON.
func mustJSON(v any) []byte {
	p, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("topic: %T does not become JSON: %v", v, err))
	}
	return p
}

// stored is all that the space holds.
type stored struct {
	topics map[string]record
	broker map[string]map[string]string
}

func readStored(space *keyed.Space) (s stored, err error) {
	s = stored{map[string]record{}, map[string]map[string]string{}}
	err = space.Range(func(key, value []byte) error {
		err := s.read(string(key), value)
		if err != nil {
			return fault.New(fault.Corrupt, "read the list of topics: entry %q: %w", key, err).
				WithHint("the entry was written by another version of the broker, or by something else")
		}
		return nil
	})
	return s, err
}

func (s *stored) read(key string, value []byte) error {
	if name, ok := strings.CutPrefix(key, topicWord); ok {
		if err := checkName(name); err != nil {
			return err
		}
		var r record
		if err := json.Unmarshal(value, &r); err != nil {
			return err
		}
		if r.Partitions < 1 || r.Made < 0 || r.Made > r.Partitions {
			return fmt.Errorf("%d partitions, %d of them made", r.Partitions, r.Made)
		}
		s.topics[name] = r
		return nil
	}
	if node, ok := strings.CutPrefix(key, brokerWord); ok {
		set := map[string]string{}
		if err := json.Unmarshal(value, &set); err != nil {
			return err
		}
		s.broker[node] = set
		return nil
	}
	return fmt.Errorf("it begins with neither %q nor %q", topicWord, brokerWord)
}
