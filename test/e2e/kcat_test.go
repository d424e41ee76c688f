package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// record is one record as kcat -J prints it.
type record struct {
	Topic     string   `json:"topic"`
	Partition int      `json:"partition"`
	Offset    int64    `json:"offset"`
	Headers   []string `json:"headers"` // name, value, name, value…
	Key       string   `json:"key"`
	Payload   string   `json:"payload"`
}

// header is the value of a record's header, and how often it is there.
func (r record) header(name string) (value string, count int) {
	for i := 0; i+1 < len(r.Headers); i += 2 {
		if r.Headers[i] == name {
			value = r.Headers[i+1]
			count++
		}
	}
	return value, count
}

// produce sends lines to a topic with kcat and returns once the broker has acknowledged them all.
// kcat does not try again, so a line is in the topic at most once, whatever happens.
func (p *platform) produce(ctx context.Context, topic string, lines []string, more ...string) error {
	args := append([]string{"-P", "-b", p.kafka, "-t", topic, "-X", "acks=all", "-X", "retries=0"}, more...)
	cmd := exec.CommandContext(ctx, "kcat", args...)
	cmd.SysProcAttr = boundToTest(false)
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("kcat: %w: %s", err, out)
	}
	if bytes.Contains(out, []byte("elivery failed")) {
		return fmt.Errorf("kcat: %s", out)
	}
	return nil
}

// mustProduce is produce on a platform that is not disturbed.
func (p *platform) mustProduce(topic string, lines []string, more ...string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), settle)
	defer cancel()
	if err := p.produce(ctx, topic, lines, more...); err != nil {
		p.t.Fatal(err)
	}
}

// consume reads a topic from its beginning to its present end, committed records only.
func (p *platform) consume(topic string) []record {
	p.t.Helper()
	records, err := p.tryConsume(topic)
	if err != nil {
		p.t.Fatal(err)
	}
	return records
}

func (p *platform) tryConsume(topic string) ([]record, error) {
	return p.kcatRecords("-t", topic, "-o", "beginning", "-e", "-X", "isolation.level=read_committed")
}

// kcatRecords runs kcat as a consumer and reads the records that it prints.
func (p *platform) kcatRecords(args ...string) ([]record, error) {
	ctx, cancel := context.WithTimeout(context.Background(), settle)
	defer cancel()
	out, err := kcat(ctx, append([]string{"-C", "-J", "-q", "-b", p.kafka}, args...)...)
	if err != nil {
		return nil, err
	}
	var records []record
	dec := json.NewDecoder(bytes.NewReader(out))
	for {
		var r record
		switch err := dec.Decode(&r); {
		case errors.Is(err, io.EOF):
			return records, nil
		case err != nil:
			return nil, fmt.Errorf("kcat -J: %w", err)
		}
		records = append(records, r)
	}
}

// partitions is the number of partitions of a topic, 0 if there is no such topic.
func (p *platform) partitions(topic string) (int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), perRequest)
	defer cancel()
	out, err := kcat(ctx, "-L", "-J", "-b", p.kafka)
	if err != nil {
		return 0, err
	}
	var cluster struct {
		Topics []struct {
			Topic      string            `json:"topic"`
			Partitions []json.RawMessage `json:"partitions"`
		} `json:"topics"`
	}
	if err := json.Unmarshal(out, &cluster); err != nil {
		return 0, fmt.Errorf("kcat -L: %w", err)
	}
	for _, t := range cluster.Topics {
		if t.Topic == topic {
			return len(t.Partitions), nil
		}
	}
	return 0, nil
}

// awaitTopic returns the number of partitions of a topic once it is there.
func (p *platform) awaitTopic(topic string) int {
	p.t.Helper()
	var count int
	eventually(p.t, startUp, func() error {
		n, err := p.partitions(topic)
		if err == nil && n == 0 {
			err = fmt.Errorf("no topic %s", topic)
		}
		count = n
		return err
	})
	return count
}

func kcat(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "kcat", args...)
	var errs bytes.Buffer
	cmd.Stderr, cmd.SysProcAttr = &errs, boundToTest(false)
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("kcat %s: %w: %s", strings.Join(args, " "), err, errs.String())
	}
	return out, nil
}

func TestKcatReadsHostMetrics(t *testing.T) {
	t.Parallel()
	p := start(t, "--demo=off")
	const count = 40
	records, err := p.kcatRecords("-t", "metrics.host", "-o", "beginning", "-c", strconv.Itoa(count))
	if err != nil {
		t.Fatal(err)
	}
	metrics := map[string]bool{}
	for _, r := range records {
		var point struct {
			Timestamp time.Time         `json:"timestamp"`
			Metric    string            `json:"metric"`
			Value     *float64          `json:"value"`
			Tags      map[string]string `json:"tags"`
		}
		if err := json.Unmarshal([]byte(r.Payload), &point); err != nil {
			t.Fatalf("%s: %v", r.Payload, err)
		}
		if point.Timestamp.IsZero() || point.Metric == "" || point.Value == nil || point.Tags["host"] == "" {
			t.Errorf("not a whole DataPoint: %s", r.Payload)
		}
		metrics[point.Metric] = true
	}
	if len(records) != count || !metrics["cpu_usage"] || !metrics["memory_usage"] {
		t.Errorf("%d records of metrics %v, want %d with cpu_usage and memory_usage", len(records), metrics, count)
	}
}
