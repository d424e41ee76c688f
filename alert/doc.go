// Package alert evaluates rules, follows what they find through its states, and tells people through channels.
//
// Every replica has an Evaluator and answers reads from it; Run evaluates and tells, on one replica at a time, which the
// node sees to. All that must survive a restart is in a Table: rules, channels, silences, alerts with the time since
// when, what was told to whom, history. Secrets of channels stand in the table as they are, so it is to be guarded like
// the configuration; no method gives them out.
//
// What must hold:
//   - Only an evaluation that succeeded changes the state of an alert. An error raises the one alert EvaluationFailed; no
//     data keeps alerts as they are unless the rule says else; a start resolves nothing.
//   - What a channel was told about a group of alerts is noted after it was taken, under channel and group. A notice is sent only for
//     what differs from that note, at most once a group interval (a worse level than told goes at once), or to repeat it.
//     So a flapping series or a restart repeats nothing; a crash between the sending and the note may send one notice twice.
//   - A recovery is told only to those who were told of the alert. During a silence nothing is told; a recovery in it is
//     told after it.
//   - There is no queue of notices: a channel that cannot be reached is told how things stand when it can be again.
//
// One mutex guards all state; it is never held while a source, a table or a channel is asked.
package alert

import (
	"context"
	"log/slog"
	"time"

	"millrace/notify"
)

// Table keeps the newest value of keys, for all replicas. Its methods may be called from several goroutines.
type Table interface {
	// Get returns the value of a key, which must not be changed.
	Get(key string) ([]byte, bool)
	// List returns the values of all keys that begin with prefix, which must not be changed.
	List(prefix string) map[string][]byte
	// Put sets a value; nil deletes it. After nil a Get sees it.
	Put(ctx context.Context, key string, value []byte) error
}

// Settings are what the configuration says.
type Settings struct {
	Timing
	Rules    []Rule       // besides the default ones, or instead of those of the same name
	Channels []Channel    //
	Inhibit  []Inhibition //
	URL      string       // of the screen, for links; empty: there are none
	// NoDefaults leaves the rules of the article out.
	NoDefaults bool
	// Settle is how long after a start what is absent says nothing, since sources may still be filling; 0 is 30 s.
	Settle time.Duration
}

// Deps are what an Evaluator works with.
type Deps struct {
	Table     Table
	Source    Source
	Notifiers []notify.Spec
	Notify    notify.Deps
	Log       *slog.Logger
	// Replica is said in test notices; may be empty.
	Replica string
}
