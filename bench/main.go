// Command bench measures the platform on this machine and writes the figures to bench/results.
//
//	go run ./bench                 everything
//	go run ./bench -only engine    one of engine, write, latency, broker
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
	"text/tabwriter"
	"time"
)

// figure is one measured number.
type figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	How   string  `json:"how"`
}

// text is the value with as many digits as tell something.
func (f figure) text() string {
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
	r.Figures = append(r.Figures, figure{name, value, unit, how})
	fmt.Fprintf(os.Stderr, "%-56s %14s %s\n", name, r.Figures[len(r.Figures)-1].text(), unit)
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == brokerArg {
		serveBroker(os.Args[2:])
		return
	}
	only := flag.String("only", "", "run one of engine, write, latency, broker")
	records := flag.Int("records", 5_000_000, "records of the engine's runs")
	binary := flag.String("binary", "bin/millrace", "the built program, for write and latency")
	brokerRecords := flag.Int("broker-records", 4_000_000, "records of the broker's runs; a quarter where each batch is forced to disk")
	results := flag.String("results", "bench/results", "folder of the report")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *only, *records, *brokerRecords, *binary, *results); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, only string, records, brokerRecords int, binary, results string) error {
	r := &report{At: time.Now().UTC(), Machine: machine(), Go: runtime.Version()}
	for _, b := range []struct {
		name string
		run  func() error
	}{
		{"engine", func() error { return benchEngine(ctx, r, records) }},
		{"write", func() error { return benchWrite(ctx, r, binary) }},
		{"latency", func() error { return benchLatency(ctx, r, binary) }},
		{"broker", func() error { return benchBroker(ctx, r, brokerRecords) }},
	} {
		if only != "" && only != b.name {
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
