package stack

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"millrace/notify/email/emailtest"
)

// robotSecret is the key of both robots' signatures.
const robotSecret = "SECstack"

// groupInterval is the least time between two notices of a group.
func groupInterval() time.Duration { return either(6*time.Second, 20*time.Second) }

// TestAlertMail pushes metrics over their thresholds. Mailpit has the e-mails of errors and worse, robots have signed
// messages; a restart in between neither resolves nor repeats anything, and a series that flaps is told of once
// in a group interval.
func TestAlertMail(t *testing.T) {
	mail := emailtest.Start(t)
	ding, feishu := newRobot(t, `{"errcode":0,"errmsg":"ok"}`), newRobot(t, `{"code":0,"msg":"success"}`)
	config := filepath.Join(t.TempDir(), "millrace.yaml")
	text := fmt.Sprintf(`
alerts:
  default_rules: off
  group_wait: 1 s
  group_interval: %d s
  repeat_interval: 1 h
  rules:
    - {name: kettle_error, metric: kettle_a, threshold: 80, interval: 1s}
    - {name: kettle_critical, metric: kettle_b, threshold: 80, interval: 1s}
    - {name: kettle_warning, metric: kettle_c, threshold: 80, interval: 1s}
    - {name: kettle_flaps, metric: kettle_d, threshold: 80, interval: 1s}
  channels:
    - {name: post, kind: email, options: {host: 127.0.0.1, port: "%s", tls: none, from: millrace@example.org, to: ops@example.org, language: en}}
    - {name: ding, kind: dingtalk, options: {url: "%s/robot/send?access_token=t", secret: %s}}
    - {name: feishu, kind: feishu, options: {url: "%s/hook", secret: %s}}
`, int(groupInterval().Seconds()), mail.Port, ding.url, robotSecret, feishu.url, robotSecret)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	n := prepare(t, "alerts")
	n.args = []string{"--config", config}
	n.start()
	n.awaitReady()

	n.push("kettle_a", 100) // 1.25 times
	n.push("kettle_b", 128) // 1.6 times
	n.push("kettle_c", 88)  // 1.1 times
	eventually(t, settle, "all three fire", func() error { return n.levels("kettle_error error, kettle_critical critical, kettle_warning warning") })
	mail.Wait(t, 2)
	wantMails(t, mail, "[ERROR] kettle_error", "[CRITICAL] kettle_critical")
	eventually(t, settle, "the robots have all three", func() error { return wantTold(ding, feishu, 3) })

	// What was told stays told, once it is noted: a notice that leaves in the very moment of a crash is sent again.
	told := time.Now()
	eventually(t, settle, "the notices are noted", func() error { return n.evaluatedSince(told.Add(2 * time.Second)) })
	n.restart()
	n.push("kettle_a", 100)
	n.push("kettle_b", 128)
	n.push("kettle_c", 88)
	evaluated := time.Now()
	eventually(t, settle, "the rules are evaluated after the restart", func() error { return n.evaluatedSince(evaluated.Add(groupInterval())) })
	if err := n.levels("kettle_error error, kettle_critical critical, kettle_warning warning"); err != nil {
		t.Error(err)
	}
	wantMails(t, mail, "[ERROR] kettle_error", "[CRITICAL] kettle_critical")
	if err := wantTold(ding, feishu, 3); err != nil {
		t.Error("after a restart:", err)
	}

	for _, metric := range []string{"kettle_a", "kettle_b", "kettle_c"} {
		n.push(metric, 20)
	}
	mail.Wait(t, 4)
	wantMails(t, mail, "[ERROR] kettle_error", "[CRITICAL] kettle_critical", "[RESOLVED] kettle_error", "[RESOLVED] kettle_critical")
	eventually(t, settle, "the robots know that all is over", func() error { return wantTold(ding, feishu, 6) })

	n.flap(t, ding)
	ding.verify(t, dingSigned)
	feishu.verify(t, feishuSigned)
	if got := len(mail.Messages(t)); got > 4+ding.flaps() {
		t.Errorf("%d e-mails, more than 4 and the %d of the flapping series", got, ding.flaps())
	}
}

// flap lets a series cross its threshold every second or two, and holds the times of its notices against the group interval.
func (n *node) flap(t *testing.T, ding *robot) {
	t.Helper()
	for began := time.Now(); time.Since(began) < 3*groupInterval(); {
		for _, value := range []float64{100, 20} {
			n.push("kettle_d", value)
			<-time.After(2200 * time.Millisecond)
		}
	}
	<-time.After(2 * time.Second) // for what is on its way
	changes, err := n.changes("kettle_flaps")
	if err != nil {
		t.Fatal(err)
	}
	at := ding.about("kettle_flaps")
	t.Logf("the flapping series changed %d times and was told of %d times, every %s at most", changes, len(at), groupInterval())
	for _, a := range at {
		t.Log(a.Format("15:04:05.000"))
	}
	if changes < 6 || len(at) < 2 || len(at) > 5 {
		t.Errorf("%d changes were told in %d notices", changes, len(at))
	}
	for i := 1; i < len(at); i++ {
		// Sending itself takes a moment, which may be longer for the first.
		if between := at[i].Sub(at[i-1]); between < groupInterval()-time.Second {
			t.Errorf("two notices of a group within %s, want one each %s", between, groupInterval())
		}
	}
}

// push writes one value as of now.
func (n *node) push(metric string, value float64) {
	n.t.Helper()
	body := fmt.Sprintf(`{"timestamp":%q,"metric":%q,"value":%v,"tags":{"site":"x"}}`, time.Now().UTC().Format(time.RFC3339Nano), metric, value)
	if status, answer, err := n.try("POST", "/api/write", "application/json", []byte(body)); err != nil || status != http.StatusOK {
		n.t.Fatalf("write: %v, status %d: %s", err, status, answer)
	}
}

// levels wants exactly these alerts to fire: "rule level, …".
func (n *node) levels(want string) error {
	var list struct {
		Alerts []struct{ Rule, Level, State string }
	}
	if err := n.get("/api/alerts", &list); err != nil {
		return err
	}
	var got []string
	for _, a := range list.Alerts {
		if a.State == "firing" {
			got = append(got, a.Rule+" "+a.Level)
		}
	}
	slices.Sort(got)
	if all := strings.Split(want, ", "); !slices.Equal(got, slices.Sorted(slices.Values(all))) {
		return fmt.Errorf("firing: %q, want %s", got, want)
	}
	return nil
}

func (n *node) evaluatedSince(at time.Time) error {
	var list struct {
		At time.Time `json:"evaluated_at"`
	}
	if err := n.get("/api/alerts", &list); err != nil {
		return err
	}
	if list.At.Before(at) {
		return fmt.Errorf("last evaluated at %s", list.At)
	}
	return nil
}

// changes counts how often the alerts of a rule came and went.
func (n *node) changes(rule string) (int, error) {
	var list struct{ Events []any }
	err := n.get("/api/alerts/history?limit=500&rule="+rule, &list)
	return len(list.Events), err
}

// wantMails wants exactly the e-mails with these beginnings of a subject, about what does not flap.
func wantMails(t *testing.T, mail *emailtest.Mailpit, want ...string) {
	t.Helper()
	var got []string
	for _, m := range mail.Messages(t) {
		if !strings.Contains(m.Subject, "kettle_flaps") {
			got = append(got, m.Subject)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.EqualFunc(got, want, strings.HasPrefix) {
		t.Errorf("subjects %q, want %q", got, want)
	}
}

// wantTold wants each robot to have been told so often of what does not flap.
func wantTold(ding, feishu *robot, want int) error {
	for name, r := range map[string]*robot{"DingTalk": ding, "Feishu": feishu} {
		if got := len(r.about("kettle_")) - len(r.about("kettle_flaps")); got != want {
			return fmt.Errorf("%s has %d messages, want %d", name, got, want)
		}
	}
	return nil
}

// robot is a chat's webhook on this machine that remembers what it was sent.
type robot struct {
	url string

	mu   sync.Mutex // guards took
	took []delivery
}

type delivery struct {
	at    time.Time
	query map[string][]string
	body  []byte
}

func newRobot(t *testing.T, answer string) *robot {
	r := &robot{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		r.mu.Lock()
		r.took = append(r.took, delivery{time.Now(), req.URL.Query(), body})
		r.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, answer) // the test ends if nobody reads it
	}))
	t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

// about are the times of the messages that have a text.
func (r *robot) about(text string) (at []time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range r.took {
		if strings.Contains(string(d.body), text) {
			at = append(at, d.at)
		}
	}
	return at
}

func (r *robot) flaps() int { return len(r.about("kettle_flaps")) }

// verify holds the signature of every message against one that is computed here.
func (r *robot) verify(t *testing.T, signed func(delivery) error) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.took) == 0 {
		t.Error("no message came")
	}
	for _, d := range r.took {
		if err := signed(d); err != nil {
			t.Errorf("%v: query %v, body %s", err, d.query, d.body)
		}
	}
}

// dingSigned checks as DingTalk does: the key signs the time in milliseconds, a line break and itself.
func dingSigned(d delivery) error {
	ms, sign := first(d.query["timestamp"]), first(d.query["sign"])
	return signedAt(ms, time.Millisecond, d.at, sign, robotSecret, ms+"\n"+robotSecret)
}

// feishuSigned checks as Feishu does: the time in seconds, a line break and the secret are the key of an empty message.
func feishuSigned(d delivery) error {
	var m struct{ Timestamp, Sign string }
	if err := json.Unmarshal(d.body, &m); err != nil {
		return err
	}
	return signedAt(m.Timestamp, time.Second, d.at, m.Sign, m.Timestamp+"\n"+robotSecret, "")
}

func signedAt(stamp string, unit time.Duration, arrived time.Time, sign, key, text string) error {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	if want := base64.StdEncoding.EncodeToString(mac.Sum(nil)); sign != want {
		return fmt.Errorf("signature %q, want %q", sign, want)
	}
	n, err := strconv.ParseInt(stamp, 10, 64)
	if age := arrived.Sub(time.Unix(0, n*int64(unit))); err != nil || age.Abs() > time.Minute {
		return fmt.Errorf("signed at %q, %s before it came", stamp, age)
	}
	return nil
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}
