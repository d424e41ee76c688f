package sources

import (
	"errors"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// server is what a source reads from.
type server interface {
	start()
	// stop ends it in such a way that it keeps what it has promised to keep.
	stop()
}

// flow is a source and what it gets.
type flow struct {
	name, connector string
	options         map[string]string
	once            bool // exactly once is promised
	byAPI           bool // it is made by POST /api/sources; otherwise it is in the file
	lag             bool // the server tells how many records wait
	publish         func(from, upto int) error
	number          func(*kgo.Record) (int, error) // numbered by default
	preview         map[string]string              // what is different in a preview
	wrong           []wrong
	// bad sends records that cannot be read: so many, for a reason with these words.
	bad    func() error
	bads   int
	reason string

	*ledger
	sent chan error // what came of publish
}

// failed is the error of publish, if it has ended with one.
func (f *flow) failed() error {
	select {
	case err := <-f.sent:
		f.sent <- err
		return err
	default:
		return nil
	}
}

// wrong is a change of settings with which a test must fail, and a part of what it says then.
type wrong struct {
	change map[string]string
	says   string
}

// source is what GET /api/sources says of one.
type source struct {
	Name, Connector, Origin, State string
	Options                        map[string]string
	Records                        int64   `json:"records_total"`
	Rate                           float64 `json:"records_per_second"`
	Refused                        int64   `json:"refused_total"`
	Lag                            int64
	LastError                      string     `json:"last_error"`
	LastErrorAt                    *time.Time `json:"last_error_at"`
	Restarts                       int64
}

// course is the way that every source goes.
type course struct {
	*platform
	server server
	flows  []*flow
	extra  int // records after the course itself
	// local: a source does not notice that the server is away.
	local bool
}

// collect lets flows read from a server while it is restarted and the platform is killed twice.
func collect(t *testing.T, s server, flows ...*flow) {
	t.Helper()
	(&course{platform: prepare(t), server: s, flows: flows}).run()
}

func (c *course) run() {
	c.t.Helper()
	began := time.Now()
	c.begin()
	c.publish(0, records/2)
	c.through(records / 5)
	c.kill()
	c.platform.start()
	for _, f := range c.flows {
		c.tryOut(f)
	}
	c.sent()

	c.restart()
	c.publish(records/2, records)
	c.figures()
	c.through(records * 7 / 10)
	c.kill()
	c.platform.start()
	c.sent()
	c.through(records)
	c.rest()
	c.reckon(time.Since(began))
	for _, f := range c.flows {
		if f.bad != nil {
			c.deadLetters(f)
		}
		c.drop(f)
	}
}

// begin starts the platform, and adds the sources that are not in its file.
func (c *course) begin() {
	c.t.Helper()
	var inFile []*flow
	for _, f := range c.flows {
		if !f.byAPI {
			inFile = append(inFile, f)
		}
	}
	c.configure(inFile...)
	c.platform.start()
	for _, f := range c.flows {
		if f.number == nil {
			f.number = numbered
		}
		f.ledger = openLedger(c.t, c.platform, f.options["topic"], f.number)
		if f.byAPI {
			c.mustCall("POST", "/api/sources", map[string]any{"name": f.name, "connector": f.connector, "options": f.options}, nil)
		}
	}
}

// publish begins to send records to all flows.
func (c *course) publish(from, upto int) {
	for _, f := range c.flows {
		f.sent = make(chan error, 1)
		go func() {
			step := max(100, (upto-from)/10)
			for at := from; at < upto; at += step {
				if err := f.publish(at, min(at+step, upto)); err != nil {
					f.sent <- fmt.Errorf("publish to %s: %w", f.name, err)
					return
				}
			}
			f.sent <- nil
		}()
	}
}

// sent waits until what publish has begun is done.
func (c *course) sent() {
	c.t.Helper()
	var errs []error
	for _, f := range c.flows {
		errs = append(errs, <-f.sent)
	}
	if err := errors.Join(errs...); err != nil {
		c.t.Fatal(err)
	}
}

// through waits until n records of each flow are on the bus.
func (c *course) through(n int) {
	c.t.Helper()
	for _, f := range c.flows {
		f.await(n, f.failed)
	}
}

// source asks how a source fares.
func (c *course) source(name string) (source, error) {
	var list struct{ Sources []source }
	if err := c.call("GET", "/api/sources", nil, &list); err != nil {
		return source{}, err
	}
	for _, s := range list.Sources {
		if s.Name == name {
			return s, nil
		}
	}
	return source{}, fmt.Errorf("there is no source %s", name)
}

// tryOut tests and previews the settings of a flow, right and wrong ones.
func (c *course) tryOut(f *flow) {
	c.t.Helper()
	type trial struct {
		OK          bool
		Error, Hint string
	}
	settings := func(change map[string]string) map[string]any {
		opts := maps.Clone(f.options)
		maps.Copy(opts, change)
		return map[string]any{"connector": f.connector, "options": opts}
	}
	var answer trial
	c.mustCall("POST", "/api/sources/test", settings(f.preview), &answer)
	if !answer.OK {
		c.t.Errorf("%s: test: %s (%s), want it to be well", f.name, answer.Error, answer.Hint)
	}
	for _, w := range f.wrong {
		answer = trial{}
		if err := c.call("POST", "/api/sources/test", settings(w.change), &answer); err != nil {
			answer.Error = err.Error() // settings that can never work are refused
		}
		if answer.OK || !contains(answer.Error+" "+answer.Hint, w.says) {
			c.t.Errorf("%s: test with %v: well is %t, says %q (%q), want %q", f.name, w.change, answer.OK, answer.Error, answer.Hint, w.says)
		}
		if secret := w.change["password"]; secret != "" && contains(answer.Error+answer.Hint, secret) {
			c.t.Errorf("%s: test with %v: the password is in %q", f.name, w.change, answer.Error)
		}
	}
	var seen struct {
		Records []struct{ Value any }
		Error   string
	}
	body := settings(f.preview)
	body["limit"], body["seconds"] = 3, 10
	c.mustCall("POST", "/api/sources/preview", body, &seen)
	if len(seen.Records) == 0 || seen.Error != "" {
		c.t.Errorf("%s: preview: %d records, error %q, want some and none", f.name, len(seen.Records), seen.Error)
	}
}

// figures wants the totals and rates of all sources while records come. A rate is of the time between two looks, the first
// of which was while the server was away.
func (c *course) figures() {
	c.t.Helper()
	busy := map[string]bool{}
	eventually(c.t, settle, func() error {
		var idle error
		for _, f := range c.flows {
			f.read()
			s, err := c.source(f.name)
			origin := map[bool]string{true: "api", false: "config"}[f.byAPI]
			busy[f.name] = busy[f.name] || err == nil && s.Records > 0 && s.Rate > 0 && s.State == "running" && s.Origin == origin && s.Connector == f.connector
			if err == nil {
				err = f.failed()
			}
			if !busy[f.name] {
				idle = fmt.Errorf("source %s is %+v (%v), want records, a rate, origin %s", f.name, s, err, origin)
			}
		}
		return idle
	})
}

// restart ends the server, wants every source to say so, and starts it again.
func (c *course) restart() {
	c.t.Helper()
	away := time.Now()
	c.server.stop()
	for _, f := range c.flows {
		eventually(c.t, settle, func() error {
			s, err := c.source(f.name)
			if err == nil && !c.local && (s.LastError == "" || s.LastErrorAt == nil || s.LastErrorAt.Before(away)) {
				err = fmt.Errorf("source %s is %+v, want its last error", f.name, s)
			}
			return err
		})
	}
	c.server.start()
}

// rest pauses and resumes each source: what is sent meanwhile comes afterwards.
func (c *course) rest() {
	c.t.Helper()
	const more = 100
	for _, f := range c.flows {
		c.mustCall("POST", "/api/sources/"+f.name+"/pause", nil, nil)
		if s, err := c.source(f.name); err != nil || s.State != "paused" {
			c.t.Errorf("source %s is %q after it was paused (%v)", f.name, s.State, err)
		}
	}
	c.publish(records, records+more)
	c.sent()
	for _, f := range c.flows {
		if f.finish(); len(f.seen) > records {
			c.t.Errorf("%s: %d records came while it was paused", f.name, len(f.seen)-records)
		}
		c.mustCall("POST", "/api/sources/"+f.name+"/resume", nil, nil)
	}
	c.extra = more
	c.through(records + more)
	for _, f := range c.flows {
		eventually(c.t, settle, func() error {
			s, err := c.source(f.name)
			if err == nil && (f.lag && s.Lag != 0 || s.State != "running") {
				err = fmt.Errorf("source %s is %s and %d behind, want it running, and 0", f.name, s.State, s.Lag)
			}
			return err
		})
	}
}

// reckon counts what is on the bus.
func (c *course) reckon(took time.Duration) {
	c.t.Helper()
	for _, f := range c.flows {
		doubled := f.settle(records + c.extra)
		c.t.Logf("%s (%s): %d records, 2 kills, 1 restart of the server, %d doubled, %.1f s", f.name, f.connector, len(f.seen), doubled, took.Seconds())
		if f.once && doubled > 0 {
			c.t.Errorf("%s: %d records are there twice, want none", f.name, doubled)
		}
	}
}

// drop takes a source away, if it is not one of the file.
func (c *course) drop(f *flow) {
	c.t.Helper()
	if out := c.millrace("source", "list"); !contains(out, f.name) {
		c.t.Errorf("%s: source list does not have it:\n%s", f.name, out)
	}
	err := c.call("DELETE", "/api/sources/"+f.name, nil, nil)
	if !f.byAPI {
		if err == nil || !contains(err.Error(), "409") {
			c.t.Errorf("%s: delete of a source of the file: %v, want 409", f.name, err)
		}
		return
	}
	if _, gone := c.source(f.name); err != nil || gone == nil {
		c.t.Errorf("%s: delete: %v, and it is still there: %t", f.name, err, gone == nil)
	}
}
