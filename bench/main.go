// Command bench measures the platform on this machine and writes the figures to bench/results.
//
//	go run ./bench                 everything
//	go run ./bench -only engine    one of engine, write, latency, delay, broker, peers, nexmark
//	go run ./bench -only peers -peer flink     one of the peers; of nexmark: -peer q5
//
// Every figure says how it was taken. The broker is a process of its own, so that the CPU time of
// the engine is the engine's, its Kafka client included. Machines differ and are noisy: compare
// figures of one run, never of two days.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
)

// figure is one measured number.
type figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	How   string  `json:"how"`
	// Missing is why there is no value.
	Missing string `json:"missing,omitempty"`
}

// text is the value with as many digits as tell something.
func (f figure) text() string {
	if f.Missing != "" {
		return "missing"
	}
	if f.Value < 10 {
		return fmt.Sprintf("%.4f", f.Value)
	}
	return fmt.Sprintf("%.1f", f.Value)
}

// report is what a run writes.
type report struct {
	At      time.Time `json:"at"`
	Machine string    `json:"machine"`
	Go      string    `json:"go"`
	Figures []figure  `json:"figures"`
}

func (r *report) add(name string, value float64, unit, how string) {
	r.Figures = append(r.Figures, figure{Name: name, Value: value, Unit: unit, How: how})
	fmt.Fprintf(os.Stderr, "%-56s %14s %s\n", name, r.Figures[len(r.Figures)-1].text(), unit)
}

// miss says why there is no figure.
func (r *report) miss(name, why string) {
	r.Figures = append(r.Figures, figure{Name: name, How: why, Missing: why})
	fmt.Fprintf(os.Stderr, "%-56s %14s: %s\n", name, "missing", why)
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == brokerArg {
		serveBroker(os.Args[2:])
		return
	}
	var o settings
	flag.StringVar(&o.only, "only", "", "run one of engine, write, latency, delay, broker, peers, nexmark")
	flag.IntVar(&o.records, "records", 5_000_000, "records of the engine's and the peers' runs")
	flag.StringVar(&o.binary, "binary", "bin/millrace", "the built program")
	flag.IntVar(&o.brokerRecords, "broker-records", 4_000_000, "records of the broker's runs; a quarter where each batch is forced to disk")
	flag.IntVar(&o.events, "events", 1_000_000, "events of Nexmark")
	flag.StringVar(&o.peer, "peer", "", "only peers whose name has this; for nexmark, only this query")
	results := flag.String("results", "bench/results", "folder of the report")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o, *results); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// settings are what is measured, and how much of it.
type settings struct {
	only, peer, binary             string
	records, brokerRecords, events int
}

func run(ctx context.Context, o settings, results string) error {
	r := &report{At: time.Now().UTC(), Machine: machine(), Go: runtime.Version()}
	for _, b := range []struct {
		name string
		run  func() error
	}{
		{"engine", func() error { return benchEngine(ctx, r, o.records) }},
		{"write", func() error { return benchWrite(ctx, r, o.binary) }},
		{"latency", func() error { return benchLatency(ctx, r, o.binary) }},
		{"delay", func() error { return benchDelay(ctx, r, o.binary) }},
		{"broker", func() error { return benchBroker(ctx, r, o.brokerRecords) }},
		{"peers", func() error { return benchPeers(ctx, r, o.records, o.binary, o.peer) }},
		{"nexmark", func() error { return benchNexmark(ctx, r, o.events, o.binary, o.peer) }},
	} {
		if o.only != "" && o.only != b.name {
			continue
		}
		if err := b.run(); err != nil {
			return fmt.Errorf("%s: %w", b.name, err)
		}
	}
	return r.write(results)
}

// write prints the table and stores the report.
func (r *report) write(dir string) error {
	t := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintf(t, "%s, %s\n\nfigure\tvalue\tunit\thow\n", r.Machine, r.Go)
	for _, f := range r.Figures {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", f.Name, f.text(), f.Unit, f.How)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	name := filepath.Join(dir, r.At.Format("2006-01-02-150405")+".json")
	return os.WriteFile(name, append(data, '\n'), 0o644)
}

// machine names the processor and how many cores of it there are.
func machine() string {
	model := runtime.GOARCH
	if data, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(data)) {
			if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == "model name" {
				model = strings.TrimSpace(v)
				break
			}
		}
	}
	return fmt.Sprintf("%s, %d cores", model, runtime.NumCPU())
}
