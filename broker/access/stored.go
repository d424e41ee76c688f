package access

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"millrace/broker/keyed"
	"millrace/fault"
)

// Keys of the space: a word, and what it is about as JSON.
const (
	ruleWord  = "acl "   // a rule; the value is empty
	userWord  = "scram " // [user, mechanism]; the value is a credential
	quotaWord = "quota " // an entity; the value is its quotas by name
)

// load reads all that is stored.
func (a *Access) load() error {
	return a.store.Range(func(key, value []byte) error {
		word, about, _ := strings.Cut(string(key), " ")
		if err := a.loadOne(word+" ", []byte(about), value); err != nil {
			return fault.New(fault.Corrupt, "read access rules: entry %q: %w", key, err).
				WithHint("the entry was written by another version of the broker, or by something else")
		}
		return nil
	})
}

func (a *Access) loadOne(word string, about, value []byte) error {
	switch word {
	case ruleWord:
		var r rule
		if err := json.Unmarshal(about, &r); err != nil {
			return err
		}
		a.rules.add(r)
	case userWord:
		var names [2]string
		var c credential
		if err := json.Unmarshal(about, &names); err != nil {
			return err
		}
		if err := json.Unmarshal(value, &c); err != nil {
			return err
		}
		a.users.set(userKey{names[0], names[1]}, &c)
	case quotaWord:
		var e storedEntity
		values := map[string]float64{}
		if err := json.Unmarshal(about, &e); err != nil {
			return err
		}
		if err := json.Unmarshal(value, &values); err != nil {
			return err
		}
		a.quotas.set(e.entity(), values)
	default:
		return fmt.Errorf("%q is not known", word)
	}
	return nil
}

// entry is a change of one key; value nil removes it. What is given here are structs, maps and strings: they always
// become JSON.
func entry(word string, about, value any) keyed.Entry {
	e := keyed.Entry{Key: append([]byte(word), mustJSON(about)...)}
	if value != nil {
		e.Value = mustJSON(value)
	}
	return e
}

func mustJSON(v any) []byte {
	p, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("access: %T does not become JSON: %v", v, err))
	}
	return p
}

// keep makes changes durable. The caller holds change.
func (a *Access) keep(ctx context.Context, entries []keyed.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	wait, err := a.store.Put(entries...)
	if err != nil {
		return err
	}
	return wait(ctx)
}
