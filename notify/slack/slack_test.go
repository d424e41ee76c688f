package slack

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"millrace/notify/notifytest"
	"millrace/option"
)

const secret = "T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"

func settings(url string) option.Values {
	return option.Values{"url": url + "/services/" + secret, "language": "en", "mention": "<!here>"}
}

func TestContract(t *testing.T) {
	notifytest.Run(t, notifytest.Channel{Spec: Spec(), Options: settings, OK: "ok", Secrets: []string{secret, "XXXXXXXXXXXXXXXXXXXXXXXX"}})
}

func TestMessage(t *testing.T) {
	server := notifytest.NewServer(t, "ok")
	if err := notifytest.New(t, Spec(), settings(server.URL)).Notify(context.Background(), notifytest.Notice()); err != nil {
		t.Fatal(err)
	}
	want := `{"text":"[CRITICAL] cpu_usage host=a","attachments":[{"color":"#e01e5a","blocks":[` +
		`{"type":"header","text":{"type":"plain_text","text":"[CRITICAL] cpu_usage host=a"}},` +
		`{"type":"section","text":{"type":"mrkdwn","text":"Summary: cpu_usage 128 &gt; 80\nLevel: CRITICAL\nValue: 128\nThreshold: &gt; 80\nSince: 2023-11-14 22:11:50 +00:00"}},` +
		`{"type":"section","text":{"type":"mrkdwn","text":"<!here>"}},` +
		`{"type":"actions","elements":[{"type":"button","text":{"type":"plain_text","text":"Open the alerts page"},"url":"http://millrace.test/alerts"}]}]}]}`
	if diff := cmp.Diff(want, server.Last(t).Body); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
}

func TestLimitsOfSlack(t *testing.T) {
	server := notifytest.NewServer(t, "ok")
	if err := notifytest.New(t, Spec(), settings(server.URL)).Notify(context.Background(), notifytest.Crowd(100)); err != nil {
		t.Fatal(err)
	}
	var m message
	if err := json.Unmarshal([]byte(server.Last(t).Body), &m); err != nil {
		t.Fatal(err)
	}
	blocks := m.Attachments[0].Blocks
	if len(blocks) > 50 {
		t.Errorf("%d blocks", len(blocks))
	}
	for _, b := range blocks {
		if b.Text == nil {
			continue
		}
		if len(b.Text.Text) > 3000 {
			t.Errorf("a text of %d bytes", len(b.Text.Text))
		}
		if b.Type == "section" && strings.Contains(b.Text.Text, "<b>") {
			t.Errorf("not escaped: %s", b.Text.Text)
		}
	}
}
