package alert

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// flush writes what changed. What cannot be written stays to be written.
func (e *Evaluator) flush(ctx context.Context) {
	type record struct {
		key   string
		value []byte
	}
	var records []record
	e.mu.Lock()
	m := e.mem
	for _, key := range slices.Sorted(maps.Keys(m.dirty)) {
		value, err := m.encode(key)
		if err != nil {
			e.deps.Log.Error("state of alerts cannot be kept", "key", key, "error", err)
			continue
		}
		records = append(records, record{key, value})
		if rule, ok := strings.CutPrefix(key, stateKey); ok {
			m.written[rule] = utcNow()
		}
	}
	m.dirty = map[string]bool{}
	e.mu.Unlock()

	// What was told comes last in the alphabet but first here: a crash in between must not tell it twice.
	slices.SortStableFunc(records, func(a, b record) int {
		return order(a.key) - order(b.key)
	})
	for i, r := range records {
		if err := e.deps.Table.Put(ctx, r.key, r.value); err != nil {
			if ctx.Err() == nil {
				e.deps.Log.Warn("state of alerts is not kept yet", "key", r.key, "error", err)
			}
			e.mu.Lock()
			for _, rest := range records[i:] {
				m.dirty[rest.key] = true
			}
			e.mu.Unlock()
			return
		}
	}
}

func order(key string) int {
	switch {
	case strings.HasPrefix(key, toldKey):
		return 0
	case strings.HasPrefix(key, stateKey):
		return 1
	}
	return 2
}

// encode returns the value of a key as it is now, nil if it is gone.
func (m *memory) encode(key string) ([]byte, error) {
	prefix, name, _ := strings.Cut(key, "/")
	switch prefix + "/" {
	case stateKey:
		if st := m.states[name]; st != nil {
			return json.Marshal(st)
		}
	case toldKey:
		if t := m.told[key]; t != nil {
			return json.Marshal(t)
		}
	case countKey:
		if c := m.counts[name]; c != nil {
			return json.Marshal(c)
		}
	case historyKey:
		return m.history.encode(key)
	case noticeKey:
		return m.notices.encode(key)
	}
	return nil, nil
}
