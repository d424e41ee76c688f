package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"millrace/internal/port"
)

// prometheusConfig scrapes itself and the platform, and writes everything to the platform.
const prometheusConfig = `
global:
  scrape_interval: 250ms
  scrape_timeout: 250ms
scrape_configs:
  - job_name: prometheus
    static_configs: [{targets: ["%[1]s"]}]
  - job_name: millrace
    static_configs: [{targets: ["%[2]s"]}]
remote_write:
  - url: http://%[2]s/api/v1/write
    queue_config: {batch_send_deadline: 200ms, max_backoff: 500ms}
`

// prometheusSamples is how many samples are written before the test looks at them.
const prometheusSamples = 50_000

// TestPrometheus lets a real Prometheus write what it scrapes while the platform is killed. All its samples
// are there afterwards; those whose answer was lost may be there twice. What says that a series has
// ended, as those of the killed platform have, is none.
func TestPrometheus(t *testing.T) {
	t.Parallel()
	program := realProgram(t, "prometheus/server.sh")
	p := start(t, "--demo=off")
	dir, listen := t.TempDir(), port.Free(t)
	config := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(config, fmt.Appendf(nil, prometheusConfig, listen, p.listen), 0o600); err != nil {
		t.Fatal(err)
	}
	stop := background(t, program, "--config.file", config, "--storage.tsdb.path", filepath.Join(dir, "data"), "--web.listen-address", listen)

	p.want(settle, `SELECT count(*) > 3 FROM up WHERE job = 'millrace' AND value = 1`, "[[true]]")
	p.kill()
	from := time.Now()
	eventually(t, settle, func() error {
		seen, err := scraped(p.client, listen, `up{job="millrace"}`)
		if err == nil && !slices.ContainsFunc(slices.Collect(maps.Keys(seen)), func(s string) bool {
			return strings.HasSuffix(s, " 0") && strings.Contains(s, "up ")
		}) {
			err = fmt.Errorf("the platform is not seen to be away: %d samples since %s", len(seen), from)
		}
		return err
	})
	p.start()
	p.awaitReady()

	var want map[string]bool
	eventually(t, 2*settle, func() (err error) {
		if want, err = scraped(p.client, listen, `{__name__=~".+"}`); err == nil && len(want) < prometheusSamples {
			err = fmt.Errorf("%d samples", len(want))
		}
		return err
	})
	stop() // it writes what it still has
	records := p.consume("metrics.push")
	got := map[string]bool{}
	for _, r := range records {
		text, err := pushed([]byte(r.Payload))
		if err != nil {
			t.Fatal(err)
		}
		got[text] = true
	}
	t.Logf("%d samples were asked for; %d records of %d samples are there", len(want), len(records), len(got))
	missing := 0
	for s := range want {
		if !got[s] {
			if missing++; missing <= 5 {
				t.Errorf("sample %s is not there", s)
			}
		}
	}
	if missing > 0 {
		t.Errorf("%d of %d samples are not there", missing, len(want))
	}
	p.want(settle, `SELECT count(DISTINCT value), min(value), max(value) FROM up WHERE job = 'millrace'`, "[[2 0 1]]")
	if _, err := p.tryConsume("metrics.push.dead"); err == nil {
		t.Error("there are dead letters")
	}
}

// scraped are the samples that Prometheus has for a selector, one text each. Not-a-number and infinity are
// left out.
func scraped(client *http.Client, listen, selector string) (map[string]bool, error) {
	res, err := client.Get("http://" + listen + "/api/v1/query?query=" + url.QueryEscape(selector+"[10m]"))
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	var answer struct {
		Data struct {
			Result []struct {
				Metric map[string]string
				Values [][2]any
			}
		}
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return nil, fmt.Errorf("ask Prometheus: status %d: %w", res.StatusCode, err)
	}
	out := map[string]bool{}
	for _, series := range answer.Data.Result {
		name := series.Metric["__name__"]
		delete(series.Metric, "__name__")
		for _, v := range series.Values {
			at, _ := v[0].(float64)
			text, _ := v[1].(string)
			value, err := strconv.ParseFloat(text, 64)
			if err != nil || value != value || value > 1e308 || value < -1e308 {
				continue
			}
			out[sample(name, series.Metric, time.UnixMilli(int64(at*1000+0.5)), value)] = true
		}
	}
	return out, nil
}

// pushed is the sample of a record.
func pushed(payload []byte) (string, error) {
	var p struct {
		Timestamp time.Time
		Metric    string
		Value     *float64
		Tags      map[string]string
	}
	if err := json.Unmarshal(payload, &p); err != nil || p.Value == nil {
		return "", fmt.Errorf("%s: %w", payload, err)
	}
	return sample(p.Metric, p.Tags, p.Timestamp, *p.Value), nil
}

func sample(name string, tags map[string]string, at time.Time, value float64) string {
	var b strings.Builder
	b.WriteString(name)
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		fmt.Fprintf(&b, " %s=%q", key, tags[key])
	}
	fmt.Fprintf(&b, " %d %g", at.UnixMilli(), value)
	return b.String()
}
