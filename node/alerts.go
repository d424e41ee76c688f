package node

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"

	"millrace/alert"
	"millrace/api"
	"millrace/builtin"
	"millrace/config"
	"millrace/notify"
	"millrace/option"
	"millrace/store/hot"
)

// alertTopic is the table of rules, channels, silences and the state of alerts.
const alertTopic = "__millrace_alerts"

// openAlerts sets up what watches. It runs as a unit of work: on one replica at a time.
func (n *Node) openAlerts(ctx context.Context, log *slog.Logger) (err error) {
	if n.cfg.Alerts.Enabled != config.On {
		return nil
	}
	if n.alertTable, err = n.bus.OpenTable(ctx, alertTopic, 0); err != nil {
		return err
	}
	n.alerts, err = alert.New(alert.Deps{
		Table: n.alertTable, Source: watched{n.newest(), stored{n.store, n.influx, n.cfg.SQL, n.log}},
		Notifiers: builtin.Notifiers(), Notify: notify.Deps{Client: notify.NewClient()},
		Log: log.With("logger", "alert"), Replica: n.replica(),
	}, n.alertSettings())
	if err != nil {
		return err
	}
	n.work.add("alerts", false, func(ctx context.Context) {
		if err := again(ctx, n.log, "alerts", n.alerts.Run); err != nil {
			n.log.Error("alerts are off", "error", err)
		}
	})
	return nil
}

func (n *Node) alertSettings() alert.Settings {
	c := n.cfg.Alerts
	s := alert.Settings{
		Timing: alert.Timing{
			GroupWait: alert.Duration(c.GroupWait), GroupInterval: alert.Duration(c.GroupInterval), RepeatInterval: alert.Duration(c.RepeatInterval),
		},
		Rules: c.Rules, Inhibit: c.Inhibit, URL: c.URL, NoDefaults: c.DefaultRules != config.On,
	}
	if s.URL == "" {
		s.URL = "http://" + n.Addr()
	}
	for _, ch := range c.Channels {
		one := alert.Channel{
			Name: ch.Name, Kind: ch.Kind, Options: option.Values(ch.Options), SendResolved: ch.SendResolved, PerMinute: ch.PerMinute,
		}
		for _, l := range ch.Levels {
			one.Levels = append(one.Levels, notify.Level(l))
		}
		s.Channels = append(s.Channels, one)
	}
	return s
}

// watched is where rules look: the newest values, and what is stored.
type watched struct {
	newest hot.Reader
	stored stored
}

// Latest implements alert.Source.
func (w watched) Latest(_ context.Context, metric string) ([]alert.Point, error) {
	points := w.newest.Latest(metric)
	out := make([]alert.Point, len(points))
	for i, p := range points {
		out[i] = alert.Point{Labels: p.Tags, Value: p.Value, At: p.Time}
	}
	return out, nil
}

// Query implements alert.Source.
func (w watched) Query(ctx context.Context, sql string, limit int) ([]string, [][]any, error) {
	t, err := w.stored.SQL(ctx, sql, limit)
	if err != nil {
		return nil, nil, err
	}
	columns := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		columns[i] = c.Name
	}
	return columns, t.Rows, nil
}

// The API and package alert tell the same in types of their own, with the same names in JSON: what goes from one
// to the other goes through it.

func reshaped[T any](v any) (out T, err error) {
	text, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil {
		return out, fmt.Errorf("reshape %T: %w", v, err)
	}
	return out, nil
}

type alertViews struct{ *alert.Evaluator }

// Active implements api.Alerts.
func (a alertViews) Active(context.Context) (api.AlertList, error) {
	return reshaped[api.AlertList](a.Evaluator.Alerts())
}

// History implements api.Alerts.
func (a alertViews) History(_ context.Context, rule string, limit int) ([]api.AlertEvent, error) {
	return reshaped[[]api.AlertEvent](a.Evaluator.History(rule, limit))
}

// Notices implements api.Alerts.
func (a alertViews) Notices(_ context.Context, limit int) ([]api.Notice, error) {
	return reshaped[[]api.Notice](a.Evaluator.Notices(limit))
}

type alertRules struct{ *alert.Evaluator }

// List implements api.AlertRules.
func (a alertRules) List(context.Context) ([]api.AlertRuleState, error) {
	return reshaped[[]api.AlertRuleState](a.Rules())
}

// Apply implements api.AlertRules.
func (a alertRules) Apply(ctx context.Context, r api.AlertRule) error {
	rule, err := reshaped[alert.Rule](r)
	if err != nil {
		return err
	}
	_, err = a.PutRule(ctx, rule)
	return err
}

// Drop implements api.AlertRules.
func (a alertRules) Drop(ctx context.Context, name string) error { return a.DeleteRule(ctx, name) }

// Test implements api.AlertRules.
func (a alertRules) Test(ctx context.Context, r api.AlertRule) ([]api.Condition, error) {
	rule, err := reshaped[alert.Rule](r)
	if err != nil {
		return nil, err
	}
	conditions, err := a.TestRule(ctx, rule)
	if err != nil {
		return nil, err
	}
	return reshaped[[]api.Condition](conditions)
}

type alertSilences struct{ *alert.Evaluator }

// List implements api.AlertSilences.
func (a alertSilences) List(context.Context) ([]api.Silence, error) {
	return reshaped[[]api.Silence](a.Silences())
}

// Add implements api.AlertSilences.
func (a alertSilences) Add(ctx context.Context, s api.Silence) (string, error) {
	return a.PutSilence(ctx, alert.Silence(s))
}

// Drop implements api.AlertSilences.
func (a alertSilences) Drop(ctx context.Context, id string) error { return a.DeleteSilence(ctx, id) }

type alertChannels struct{ *alert.Evaluator }

// List implements api.AlertChannels.
func (a alertChannels) List(context.Context) ([]api.Channel, error) {
	return reshaped[[]api.Channel](a.Channels())
}

// Apply implements api.AlertChannels.
func (a alertChannels) Apply(ctx context.Context, c api.Channel) error {
	_, err := a.PutChannel(ctx, channelOf(c))
	return err
}

// Drop implements api.AlertChannels.
func (a alertChannels) Drop(ctx context.Context, name string) error {
	return a.DeleteChannel(ctx, name)
}

// Test implements api.AlertChannels.
func (a alertChannels) Test(ctx context.Context, c api.Channel) error {
	return a.TestChannel(ctx, channelOf(c))
}

func channelOf(c api.Channel) alert.Channel {
	out := alert.Channel{Name: c.Name, Kind: c.Kind, Options: c.Options, SendResolved: &c.SendResolved}
	for _, l := range c.Levels {
		out.Levels = append(out.Levels, notify.Level(l))
	}
	return out
}

// showAlerts offers what watches to the API.
func (n *Node) showAlerts(d *api.Deps) {
	if n.alerts == nil {
		return
	}
	for _, s := range n.alerts.Notifiers() {
		d.Notifiers = append(d.Notifiers, api.Kind{Name: s.Name, Doc: s.Doc, Options: s.Options})
	}
	d.Alerts, d.Rules, d.Silences, d.Channels = alertViews{n.alerts}, alertRules{n.alerts}, alertSilences{n.alerts}, alertChannels{n.alerts}
}
