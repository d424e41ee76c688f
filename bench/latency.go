package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// The load of benchDelay.
const (
	delayPartitions = 4
	delayWarm       = 3 * time.Second
	delayFor        = 15 * time.Second
	delayBurst      = time.Millisecond // records of so long are sent at once

	// What the platform can do is searched from a rate on, doubling it for so long each.
	delayLeast = 25_000 // records a second
	delayStep  = 4 * time.Second
	// A rate is too high when the slowest hundredth of the records takes longer.
	delayMost = 250 * time.Millisecond

	startRuns = 5
)

// benchDelay measures how soon a pipeline of the running platform gives its first row, and how long a record takes
// through one: from the time at which it was meant to be produced until the row that it gives has been consumed.
func benchDelay(ctx context.Context, r *report, binary string) error {
	if err := benchStart(ctx, r, binary); err != nil {
		return fmt.Errorf("start of a job: %w", err)
	}
	most, err := mostRate(ctx, binary)
	if err != nil {
		return fmt.Errorf("find half load: %w", err)
	}
	half := most / 2
	for _, m := range []struct{ name, set, sink string }{
		{"at least once", "", "'sink.delivery-guarantee' = 'at-least-once'"},
		{"exactly once, checkpoints of 200 ms", "SET 'execution.checkpointing.interval' = '200 ms';", "'sink.delivery-guarantee' = 'exactly-once', 'sink.transactional-id-prefix' = 'delay'"},
	} {
		late, cpu, err := delayAt(ctx, binary, half, delayFor, m.set, m.sink)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		how := fmt.Sprintf("filter + transform on the embedded broker, %d records/s for %s after %s of warming up, half of the highest rate that it kept up with; open loop from the intended time of sending, producer and consumer in another process with linger 1 ms; %d records", half, delayFor, delayWarm, len(late))
		for _, q := range []float64{0.5, 0.99, 0.999} {
			r.add(fmt.Sprintf("produce to consume, %s, p%g", m.name, 100*q), quantile(late, q), "ms", how)
		}
		r.add("produce to consume, "+m.name+", CPU", cpu.Seconds()/(delayWarm+delayFor).Seconds(), "CPU-s/s", "the same run; the whole platform")
	}
	return nil
}

// benchStart measures from the apply of a pipeline to its first row at a consumer.
func benchStart(ctx context.Context, r *report, binary string) error {
	p, err := startPlatform(ctx, binary)
	if err != nil {
		return err
	}
	defer p.stop()
	server := &brokerServer{addr: p.kafka}
	var took []time.Duration
	for i := range startRuns {
		d, err := p.firstRow(ctx, server, i)
		if err != nil {
			return err
		}
		took = append(took, d)
	}
	slices.Sort(took)
	how := fmt.Sprintf("a record waits in the topic; from POST /api/pipelines until the row that it gives has been consumed; of %d", startRuns)
	r.add("start of a job, median", took[startRuns/2].Seconds()*1000, "ms", how)
	r.add("start of a job, slowest", took[startRuns-1].Seconds()*1000, "ms", how)
	return nil
}

func (p *platform) firstRow(ctx context.Context, server *brokerServer, i int) (time.Duration, error) {
	in, out := fmt.Sprintf("start.in.%d", i), fmt.Sprintf("start.out.%d", i)
	producer, consumer, err := server.ends(ctx, in, out, false)
	if err != nil {
		return 0, err
	}
	defer producer.Close()
	defer consumer.Close()
	if err := producer.ProduceSync(ctx, &kgo.Record{Value: delayRecord(time.Now())}).FirstErr(); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	// The consumer has asked before the clock begins.
	got := make(chan error, 1)
	go func() { got <- consumer.PollFetches(ctx).Err() }()
	time.Sleep(time.Second)
	began := time.Now()
	if err := p.apply(ctx, fmt.Sprintf("start-%d", i), delayScript(p.kafka, in, out, "", "'sink.delivery-guarantee' = 'at-least-once'")); err != nil {
		return 0, err
	}
	err = <-got
	return time.Since(began), err
}

// mostRate doubles the rate until records come too late, and returns the last that was well.
func mostRate(ctx context.Context, binary string) (int, error) {
	most := 0
	for rate := delayLeast; ; rate *= 2 {
		late, _, err := delayAt(ctx, binary, rate, delayStep, "", "'sink.delivery-guarantee' = 'at-least-once'")
		slow := errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil
		if err != nil && !slow {
			return 0, err
		}
		if slow || quantile(late, 0.99) > delayMost.Seconds()*1000 {
			if most == 0 {
				return 0, fmt.Errorf("%d records/s are too many already", rate)
			}
			return most, nil
		}
		most = rate
	}
}

// delayAt starts a platform with one pipeline, and returns how long records take at a rate, sorted.
func delayAt(ctx context.Context, binary string, rate int, length time.Duration, set, sink string) ([]time.Duration, time.Duration, error) {
	p, err := startPlatform(ctx, binary)
	if err != nil {
		return nil, 0, err
	}
	defer p.stop()
	const in, out = "delay.in", "delay.out"
	producer, consumer, err := (&brokerServer{addr: p.kafka}).ends(ctx, in, out, true)
	if err != nil {
		return nil, 0, err
	}
	defer producer.Close()
	defer consumer.Close()
	if err := p.apply(ctx, "delay", delayScript(p.kafka, in, out, set, sink)); err != nil {
		return nil, 0, err
	}
	const patience = 20 * time.Second
	ctx, cancel := context.WithTimeout(ctx, delayWarm+length+patience)
	defer cancel()
	perBurst := rate / int(time.Second/delayBurst)
	bursts := int((delayWarm + length) / delayBurst)
	type answer struct {
		late []time.Duration
		err  error
	}
	got := make(chan answer, 1)
	began := time.Now()
	go func() {
		late, err := delays(ctx, consumer, bursts*perBurst, began.Add(delayWarm))
		got <- answer{late, err}
	}()
	cpu := cpuOf(p.cmd.Process.Pid)
	failed := make(chan error, 1)
	for i := range bursts {
		at := began.Add(time.Duration(i) * delayBurst)
		time.Sleep(time.Until(at))
		for range perBurst {
			producer.Produce(ctx, &kgo.Record{Value: delayRecord(at)}, func(_ *kgo.Record, err error) {
				if err != nil {
					select {
					case failed <- err:
						cancel()
					default:
					}
				}
			})
		}
	}
	a := <-got
	select {
	case err := <-failed:
		a.err = errors.Join(a.err, err)
	default:
	}
	slices.Sort(a.late)
	return a.late, cpuOf(p.cmd.Process.Pid) - cpu, a.err
}

// ends makes two topics, a producer to the one and a consumer of the other.
func (b *brokerServer) ends(ctx context.Context, in, out string, committed bool) (producer, consumer *kgo.Client, err error) {
	if producer, err = b.client(kgo.DefaultProduceTopic(in), kgo.ProducerLinger(time.Millisecond)); err != nil {
		return nil, nil, err
	}
	for _, topic := range []string{in, out} {
		if err := createTopic(ctx, producer, topic, delayPartitions); err != nil {
			producer.Close()
			return nil, nil, err
		}
	}
	level := kgo.ReadUncommitted()
	if committed {
		level = kgo.ReadCommitted()
	}
	consumer, err = b.client(kgo.ConsumeTopics(out), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchIsolationLevel(level))
	if err != nil {
		producer.Close()
	}
	return producer, consumer, err
}

// apply starts a pipeline.
func (p *platform) apply(ctx context.Context, name, sql string) error {
	body, err := json.Marshal(map[string]string{"name": name, "sql": sql})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url+"/api/pipelines", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := p.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode >= http.StatusMultipleChoices {
		err = fmt.Errorf("apply pipeline %s: %s: %s", name, resp.Status, answer)
	}
	return err
}

func delayScript(kafka, in, out, set, sink string) string {
	return fmt.Sprintf(`%s
CREATE TABLE delay_in (sent BIGINT, id STRING, temperature DOUBLE) WITH ('connector' = 'kafka', 'topic' = '%s', 'properties.bootstrap.servers' = '%s', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE TABLE delay_out (sent BIGINT, id STRING, c DOUBLE) WITH ('connector' = 'kafka', 'topic' = '%s', 'properties.bootstrap.servers' = '%s', 'format' = 'json', %s);
INSERT INTO delay_out SELECT sent, id, (temperature - 32) * 5 / 9 FROM delay_in WHERE temperature > 40;`, set, in, kafka, out, kafka, sink)
}

// delayPrefix begins records and rows.
const delayPrefix = `{"sent":`

func delayRecord(at time.Time) []byte {
	v := append(make([]byte, 0, brokerRecordSize), delayPrefix...)
	v = strconv.AppendInt(v, at.UnixNano(), 10)
	return append(v, `, "id": "s00001", "temperature": 77.5, "humidity": 52, "value": 5.123, "site": "hall-1", "line": 7}`...)
}

// delays reads a number of rows and returns how long after the time that they name they came, of those from warm on.
func delays(ctx context.Context, in *kgo.Client, rows int, warm time.Time) ([]time.Duration, error) {
	late := make([]time.Duration, 0, rows)
	for read := 0; read < rows; {
		found := in.PollFetches(ctx)
		now := time.Now()
		if err := found.Err(); err != nil {
			return nil, fmt.Errorf("%d of %d rows came: %w", read, rows, err)
		}
		var bad error
		found.EachRecord(func(rec *kgo.Record) {
			text, _, _ := bytes.Cut(bytes.TrimPrefix(rec.Value, []byte(delayPrefix)), []byte(","))
			nanos, err := strconv.ParseInt(string(text), 10, 64)
			if err != nil {
				bad = fmt.Errorf("row %q: %w", rec.Value, err)
			} else if at := time.Unix(0, nanos); !at.Before(warm) {
				late = append(late, now.Sub(at))
			}
			read++
		})
		if bad != nil {
			return nil, bad
		}
	}
	return late, nil
}
