package pagerduty

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"millrace/notify"
	"millrace/notify/notifytest"
	"millrace/option"
)

func settings(url string) option.Values {
	return option.Values{"url": url + "/v2/enqueue", "routing_key": "0123456789abcdef0123456789abcdef", "language": "en"}
}

func TestContract(t *testing.T) {
	notifytest.Run(t, notifytest.Channel{Spec: Spec(), Options: settings, OK: `{"status":"success"}`, Secrets: []string{"0123456789abcdef"}})
}

func TestOneIncidentIsOpenedAndClosed(t *testing.T) {
	server := notifytest.NewServer(t, `{"status":"success"}`)
	n := notifytest.New(t, Spec(), settings(server.URL))
	f := func(notice notify.Notice, want string) {
		t.Helper()
		if err := n.Notify(context.Background(), notice); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, server.Last(t).Body); diff != "" {
			t.Errorf("body (-want +got):\n%s", diff)
		}
	}
	f(notifytest.Notice(), `{"routing_key":"0123456789abcdef0123456789abcdef","event_action":"trigger","dedup_key":"g1","payload":{"summary":"[CRITICAL] cpu_usage host=a",`+
		`"source":"millrace","severity":"critical","timestamp":"2023-11-14T22:13:20Z","group":"rule=cpu_usage","custom_details":{"alerts":["[CRITICAL] cpu_usage host=a: cpu_usage 128 > 80"]}},`+
		`"links":[{"href":"http://millrace.test/alerts","text":"Open the alerts page"}]}`)
	f(notifytest.Recovered(), `{"routing_key":"0123456789abcdef0123456789abcdef","event_action":"resolve","dedup_key":"g1"}`)
}
