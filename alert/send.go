package alert

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"millrace/fault"
	"millrace/notify"
)

const (
	sendTimeout  = 30 * time.Second
	firstBackoff = time.Second
	maxBackoff   = 5 * time.Minute
	maxPause     = time.Hour   // that the other side may ask for
	hopeless     = time.Minute // between tries of what only a user can mend, at least
)

// Outcome says how the sending of a notice went.
type Outcome string

// The outcomes: Retrying is noted at the first failure that is tried again, Dropped where nothing was left to say.
const (
	Sent     Outcome = "sent"
	Failed   Outcome = "failed"
	Dropped  Outcome = "dropped"
	Retrying Outcome = "retrying"
)

// NoticeRecord is what was sent, or was to be sent, to a channel.
type NoticeRecord struct {
	At       time.Time     `json:"at"`
	Channel  string        `json:"channel"`
	Group    string        `json:"group"` // its labels, to read
	Status   notify.Status `json:"status"`
	Alerts   int           `json:"alerts"`
	Outcome  Outcome       `json:"outcome"`
	Attempts int           `json:"attempts"`
	Error    string        `json:"error,omitempty"`
}

// line is the way to a channel.
type line struct {
	busy     bool   // a goroutine tells the channel
	version  string // of the settings that notifier is made of
	notifier notify.Notifier
	broken   error // why there is no notifier
	pace     pace
	paused   time.Time // until when the other side wants nothing
	tries    map[string]*try
}

// try is a group whose notice was not taken.
type try struct {
	attempts int
	next     time.Time
	retrying bool // was noted
	status   notify.Status
	labels   map[string]string
}

// dueChannels returns the channels that are to be told something now, and marks them as busy.
func (e *Evaluator) dueChannels(now time.Time) []Channel {
	e.mu.Lock()
	defer e.mu.Unlock()
	m := e.mem
	if !m.complete(now, e.settings.Settle) {
		return nil
	}
	var out []Channel
	for _, name := range slices.Sorted(maps.Keys(m.channels)) {
		c := m.channels[name]
		l := e.line(c)
		ready, waiting := e.ready(c, l, now)
		if n := len(waiting); m.count(name).Queued != n {
			m.count(name).Queued = n
			m.dirty[countKey+name] = true
		}
		if !l.busy && len(ready) > 0 {
			l.busy = true
			out = append(out, c)
		}
	}
	return out
}

// line returns the way to a channel, with a notifier of its newest settings.
func (e *Evaluator) line(c Channel) *line {
	l := e.mem.lines[c.Name]
	if l == nil {
		l = &line{}
		e.mem.lines[c.Name] = l
	}
	if v := c.version(); l.version != v {
		spec, _ := e.spec(c.Kind) // its absence is the error of settle
		l.version, l.tries, l.paused = v, map[string]*try{}, time.Time{}
		l.pace.most = cmp.Or(c.PerMinute, spec.PerMinute, defaultPerMinute)
		_, l.notifier, l.broken = e.settle(c, nil)
	}
	return l
}

func (m *memory) count(channel string) *ChannelState {
	if m.counts[channel] == nil {
		m.counts[channel] = &ChannelState{}
	}
	return m.counts[channel]
}

// ready returns the groups that a channel is to be told of: all that wait, and those whose time has come, the worst and oldest first.
func (e *Evaluator) ready(c Channel, l *line, now time.Time) (ready, waiting []*bundle) {
	m := e.mem
	t := c.timing(e.timing)
	all := m.bundles(c, e.settings.Inhibit, now)
	for key, b := range all {
		if b.told != nil && len(b.told.Firing) == 0 && len(b.firing) == 0 && now.Sub(b.told.SentAt) >= t.GroupInterval.Std() {
			delete(m.told, key)
			m.dirty[key] = true
			continue
		}
		if !b.due(t, now) {
			continue
		}
		waiting = append(waiting, b)
		if try := l.tries[key]; (try == nil || !now.Before(try.next)) && !now.Before(l.paused) {
			ready = append(ready, b)
		}
	}
	for key, try := range l.tries {
		if b := all[key]; !l.busy && (b == nil || !b.due(t, now)) {
			delete(l.tries, key)
			m.count(c.Name).Dropped++
			m.dirty[countKey+c.Name] = true
			m.record(NoticeRecord{At: now, Channel: c.Name, Group: notify.Labels(try.labels), Status: try.status, Outcome: Dropped, Attempts: try.attempts})
		}
	}
	slices.SortFunc(ready, func(a, b *bundle) int {
		return cmp.Or(cmp.Compare(worst(b.firing).Rank(), worst(a.firing).Rank()), strings.Compare(a.key, b.key))
	})
	return ready, waiting
}

func (m *memory) record(r NoticeRecord) { m.dirty[m.notices.add(r)] = true }

// tell tells a channel of all groups that are due, one after the other.
func (e *Evaluator) tell(ctx context.Context, c Channel) {
	for {
		e.mu.Lock()
		l := e.mem.lines[c.Name]
		now := utcNow()
		wait := l.pace.wait(now)
		if wait > 0 {
			e.mu.Unlock()
			if !sleep(ctx, wait) {
				e.release(c.Name)
				return
			}
			continue
		}
		current, ok := e.mem.channels[c.Name]
		var ready []*bundle
		if ok {
			l = e.line(current)
			ready, _ = e.ready(current, l, now)
		}
		if len(ready) == 0 || ctx.Err() != nil {
			l.busy = false
			e.mu.Unlock()
			return
		}
		b := ready[0]
		firing, over := copies(b.firing), copies(b.over)
		notice := e.notice(current, b, firing, over, now)
		l.pace.note(now)
		notifier, err := l.notifier, l.broken
		e.mu.Unlock()

		if err == nil {
			within, done := finishing(ctx)
			err = notifier.Notify(within, notice)
			done()
		}
		if err != nil && ctx.Err() != nil {
			e.release(c.Name) // it was this side that broke it off
			return
		}
		e.settleNotice(current, b, notice, firing, over, err)
	}
}

// finishing returns a context that outlives ctx a little: a notice that is on its way when the program stops should be
// known as sent, so that it is not sent again.
func finishing(ctx context.Context) (within context.Context, done func()) {
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendTimeout)
	stop := context.AfterFunc(ctx, func() {
		if sleep(within, farewell) {
			cancel()
		}
	})
	return within, func() {
		stop()
		cancel()
	}
}

func (e *Evaluator) release(channel string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if l := e.mem.lines[channel]; l != nil {
		l.busy = false
	}
}

func copies(alerts []*alert) []*alert {
	out := make([]*alert, len(alerts))
	for i, a := range alerts {
		one := *a // maps in it are replaced, never written to
		out[i] = &one
	}
	return out
}

// settleNotice notes how the sending of a notice went.
func (e *Evaluator) settleNotice(c Channel, b *bundle, n notify.Notice, firing, over []*alert, err error) {
	now := utcNow()
	e.mu.Lock()
	defer e.mu.Unlock()
	m := e.mem
	l, count := m.lines[c.Name], m.count(c.Name)
	m.dirty[countKey+c.Name] = true
	record := NoticeRecord{At: now, Channel: c.Name, Group: notify.Labels(b.labels), Status: n.Status, Alerts: len(n.Alerts), Attempts: 1}
	t := l.tries[b.key]
	if t != nil {
		record.Attempts = t.attempts + 1
	}
	timing := c.timing(e.timing)
	if err == nil {
		b.told = m.told[b.key]
		m.told[b.key] = b.tell(c.Name, firing, over, timing, now)
		m.dirty[b.key] = true
		delete(l.tries, b.key)
		count.Sent++
		count.LastSentAt = &now
		record.Outcome = Sent
		m.record(record)
		return
	}
	if t == nil {
		t = &try{}
		l.tries[b.key] = t
	}
	t.attempts, t.status, t.labels = record.Attempts, n.Status, b.labels
	count.Failed++
	count.LastError, count.LastErrorAt = notify.Cut(err.Error(), maxSummary), &now
	record.Error = count.LastError
	if !notify.Retryable(err) {
		t.next = now.Add(max(timing.GroupInterval.Std(), hopeless))
		record.Outcome = Failed
		m.record(record)
		e.deps.Log.Warn("notice is refused", "channel", c.Name, "kind", c.Kind, "error", err)
		return
	}
	t.next = now.Add(backoff(t.attempts))
	if pause := min(notify.RetryAfter(err), maxPause); pause > 0 {
		l.paused = now.Add(pause)
	}
	if !t.retrying {
		t.retrying = true
		record.Outcome = Retrying
		m.record(record)
		e.deps.Log.Warn("notice is not taken, it is tried again", "channel", c.Name, "kind", c.Kind, "error", err)
	}
}

// backoff is the time before another try, with jitter so that channels that fell together do not come back together.
func backoff(attempts int) time.Duration {
	d := firstBackoff << min(attempts-1, 20)
	d = min(d, maxBackoff)
	return d/2 + rand.N(d/2+1)
}

// sleep waits, and reports whether it was for the whole time.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// notice puts a group into the form that notifiers take.
func (e *Evaluator) notice(c Channel, b *bundle, firing, over []*alert, now time.Time) notify.Notice {
	n := notify.Notice{Group: b.id, Channel: c.Name, Status: notify.Resolved, Labels: b.labels, At: now, Link: e.link("")}
	if len(firing) > 0 {
		n.Status = notify.Firing
	}
	content := c.Name + "\x00" + b.id
	if b.told != nil {
		content += b.told.SentAt.String()
	}
	for _, a := range append(slices.Clone(firing), over...) {
		one := notify.Alert{
			ID: a.ID, Rule: a.Rule, Labels: a.Labels, Status: notify.Firing, Level: a.Level, Value: a.Value, Threshold: a.Threshold, Op: a.Op,
			Since: a.Since, Summary: a.Summary, Doc: e.mem.rule(a.Rule).Doc, Link: e.link(a.ID),
		}
		if a.State == Resolved {
			one.Status, one.ResolvedAt = notify.Resolved, a.ResolvedAt
		}
		content += "\x00" + a.ID + string(one.Status) + string(a.Level)
		n.Alerts = append(n.Alerts, one)
	}
	n.ID = digest([]byte(content))
	n.Sort()
	return n
}

// link leads to the alerts on the screen.
func (e *Evaluator) link(id string) string {
	if e.settings.URL == "" {
		return ""
	}
	link := strings.TrimSuffix(e.settings.URL, "/") + "/alerts"
	if id != "" {
		link += "?id=" + id
	}
	return link
}

// trial is the notice that tries a channel.
func (e *Evaluator) trial(c Channel, now time.Time) notify.Notice {
	labels := map[string]string{"rule": "test"}
	if e.deps.Replica != "" {
		labels["replica"] = e.deps.Replica
	}
	return notify.Notice{
		ID: digest([]byte(now.String())), Group: "test", Channel: cmp.Or(c.Name, "test"), Status: notify.Firing, Labels: labels, At: now, Link: e.link(""),
		Alerts: []notify.Alert{{
			ID: "test", Rule: "test", Status: notify.Firing, Level: notify.Info, Since: now,
			Summary: "这是一条测试通知，无需处理。 This is a test, there is nothing to do.",
		}},
	}
}

// try sends the notice that tries a channel.
func (e *Evaluator) try(ctx context.Context, n notify.Notifier, c Channel) error {
	within, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	err := n.Notify(within, e.trial(c, utcNow()))
	if err != nil && errors.Is(ctx.Err(), context.Canceled) {
		return fault.New(fault.Unavailable, "send test notice: %w", ctx.Err())
	}
	return err
}
