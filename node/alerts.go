package node

import (
	"context"
	"log/slog"

	"millrace/alert"
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
