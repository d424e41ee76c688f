package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/coder/websocket"

	"millrace/bus"
	"millrace/internal/port"
)

// platform is a running program of its own, with an empty data folder.
type platform struct {
	cmd   *exec.Cmd
	dir   string
	url   string
	kafka string
	http  http.Client
}

// startPlatform starts the built program and waits until it is ready.
func startPlatform(ctx context.Context, binary string) (*platform, error) {
	dir, err := os.MkdirTemp("", "millrace-bench-")
	if err != nil {
		return nil, err
	}
	listen, release, err := port.Take()
	if err != nil {
		return nil, err
	}
	defer release()
	kafka, release, err := port.Take()
	if err != nil {
		return nil, err
	}
	defer release()
	p := &platform{dir: dir, url: "http://" + listen, kafka: kafka, http: http.Client{
		Timeout:   time.Minute,
		Transport: &http.Transport{MaxIdleConnsPerHost: writeClients},
	}}
	p.cmd = exec.Command(binary, "up", "--data", dir, "--listen", listen, "--kafka", kafka, "--demo", "off")
	p.cmd.Env = append(os.Environ(), "MILLRACE_LOG_LEVEL=error")
	p.cmd.Stderr = os.Stderr
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s (make build makes it): %w", binary, err)
	}
	for deadline := time.Now().Add(30 * time.Second); ; {
		resp, err := p.http.Get(p.url + "/readyz")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return p, nil
			}
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			p.stop()
			return nil, fmt.Errorf("the platform was not ready after 30 s")
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (p *platform) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGINT)
	_ = p.cmd.Wait()
	_ = os.RemoveAll(p.dir)
}

// The load of benchWrite.
const (
	writeFor     = 10 * time.Second
	writeClients = 4
	writeBatch   = 1000
)

// benchWrite measures POST /api/write, each answer after the bus has the points.
func benchWrite(ctx context.Context, r *report, binary string) error {
	p, err := startPlatform(ctx, binary)
	if err != nil {
		return err
	}
	defer p.stop()
	for _, batch := range []int{writeBatch, 1} {
		points, cpu, wall, err := p.write(ctx, batch)
		if err != nil {
			return err
		}
		how := fmt.Sprintf("%d connections, %d points a request as NDJSON, for %s; acknowledged by the bus; store and screen running", writeClients, batch, writeFor)
		r.add(fmt.Sprintf("HTTP write, %d a request", batch), float64(points)/wall.Seconds(), "points/s", how)
		r.add(fmt.Sprintf("HTTP write, %d a request, CPU", batch), float64(points)/cpu.Seconds(), "points/CPU-s", "the same run; CPU of the whole platform: intake, broker, store")
	}
	return nil
}

func (p *platform) write(ctx context.Context, batch int) (points int64, cpu, wall time.Duration, err error) {
	var body bytes.Buffer
	for i := range batch {
		fmt.Fprintf(&body, `{"timestamp":"2026-11-20T10:00:%02d.%03dZ","metric":"bench_value","value":%d.5,"tags":{"host":"h%d"}}`+"\n", i/1000%60, i%1000, i, i%10)
	}
	before, began := cpuOf(p.cmd.Process.Pid), time.Now()
	ctx, stop := context.WithTimeout(ctx, writeFor)
	defer stop()
	var total atomic.Int64
	var first error
	var once sync.Once
	var clients sync.WaitGroup
	for range writeClients {
		clients.Go(func() {
			for ctx.Err() == nil {
				if err := p.post(ctx, body.Bytes()); err != nil {
					if ctx.Err() == nil {
						once.Do(func() { first = err })
					}
					return
				}
				total.Add(int64(batch))
			}
		})
	}
	clients.Wait()
	return total.Load(), cpuOf(p.cmd.Process.Pid) - before, time.Since(began), first
}

func (p *platform) post(ctx context.Context, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url+"/api/write", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	resp, err := p.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("write: %s: %s", resp.Status, answer)
	}
	return nil
}

// The load of benchLatency.
const (
	latencyTopic = "bench.latency"
	latencyRate  = 500 // records a second
	latencyFor   = 15 * time.Second
)

// benchLatency measures the time from the intended sending of a record to the message that shows it on
// a WebSocket.
func benchLatency(ctx context.Context, r *report, binary string) error {
	p, err := startPlatform(ctx, binary)
	if err != nil {
		return err
	}
	defer p.stop()
	b, err := bus.Open(ctx, bus.Config{Seeds: []string{p.kafka}, Linger: time.Millisecond})
	if err != nil {
		return err
	}
	defer b.Close(ctx)
	if _, err := b.Ensure(ctx, latencyTopic, 4, nil); err != nil {
		return err
	}
	ws, _, err := websocket.Dial(ctx, "ws"+p.url[len("http"):]+"/ws/realtime", nil)
	if err != nil {
		return err
	}
	defer ws.CloseNow()
	ws.SetReadLimit(64 << 20)
	subscribe := fmt.Sprintf(`{"op":"subscribe","id":"b","channel":"topic","topic":%q}`, latencyTopic)
	if err := ws.Write(ctx, websocket.MessageText, []byte(subscribe)); err != nil {
		return err
	}
	rctx, stop := context.WithTimeout(ctx, latencyFor+5*time.Second)
	defer stop()
	got := make(chan []time.Duration, 1)
	go func() { got <- receive(rctx, ws) }()
	if err := send(ctx, b); err != nil {
		return err
	}
	lat := <-got
	slices.Sort(lat)
	if len(lat) == 0 {
		return fmt.Errorf("no record came over the WebSocket")
	}
	how := fmt.Sprintf("%d records/s for %s by a Kafka client with linger 1 ms, subscribed topic, from the intended time of sending; the channel sends at most 4 messages a second; %d records seen", latencyRate, latencyFor, len(lat))
	at := func(q float64) float64 {
		return float64(lat[min(len(lat)-1, int(q*float64(len(lat))))].Microseconds()) / 1000
	}
	r.add("produce to WebSocket, p50", at(0.50), "ms", how)
	r.add("produce to WebSocket, p99", at(0.99), "ms", "the same run")
	return nil
}

// send produces records at their intended times, whatever became of those before.
func send(ctx context.Context, b *bus.Bus) error {
	p := b.NewProducer()
	began := time.Now()
	for i := 0; ; i++ {
		at := began.Add(time.Duration(i) * time.Second / latencyRate)
		if at.Sub(began) > latencyFor {
			return p.Flush(ctx)
		}
		time.Sleep(time.Until(at))
		rec := bus.Record{Topic: latencyTopic, Value: fmt.Appendf(nil, `{"at":%d}`, at.UnixNano())}
		if err := p.Produce(ctx, []bus.Record{rec}); err != nil {
			return err
		}
	}
}

// receive collects how old each record is when it comes.
func receive(ctx context.Context, ws *websocket.Conn) []time.Duration {
	var out []time.Duration
	for {
		_, data, err := ws.Read(ctx)
		if err != nil {
			return out
		}
		now := time.Now()
		var m struct {
			Channel string
			Records []struct{ Value struct{ At int64 } }
		}
		if json.Unmarshal(data, &m) != nil || m.Channel != "topic" {
			continue
		}
		for _, rec := range m.Records {
			out = append(out, now.Sub(time.Unix(0, rec.Value.At)))
		}
		if len(out) >= int(latencyFor/time.Second)*latencyRate {
			return out
		}
	}
}
