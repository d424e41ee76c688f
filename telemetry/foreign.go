package telemetry

import (
	"regexp"

	"github.com/prometheus/client_golang/prometheus"
)

// foreignName is what a name of another program looks like; ours begin with millrace_.
var foreignName = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)+$`)

// ForeignFunc is SampleFunc under the name of another program, for what was made for that program. It panics on a name
// that is none.
func (m *Metrics) ForeignFunc(name, help string, labels []string, read func() []Sample) {
	if !foreignName.MatchString(name) {
		panic("metric " + name + ": that is no name of another program's")
	}
	m.register(&samples{desc: prometheus.NewDesc(name, help, labels, nil), read: read})
}
