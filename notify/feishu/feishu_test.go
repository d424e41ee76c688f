package feishu

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"millrace/fault"
	"millrace/notify"
	"millrace/notify/notifytest"
	"millrace/option"
)

const token = "aaaa1111-bbbb-2222-cccc-333333333333"

func settings(url string) option.Values {
	return option.Values{"url": url + "/open-apis/bot/v2/hook/" + token, "secret": "SECtest", "language": "en"}
}

func TestContract(t *testing.T) {
	notifytest.Run(t, notifytest.Channel{Spec: Spec(), Options: settings, OK: `{"StatusCode":0,"StatusMessage":"success"}`, Secrets: []string{token, "SECtest"}})
}

func TestSignature(t *testing.T) {
	if got, want := sign("SECtest", "1700000000"), "G7XpBpG8NgG02fJOAhX6FRAObIljmFoxVReo8I62pEk="; got != want {
		t.Errorf("signature %s, want %s", got, want)
	}
}

func TestCard(t *testing.T) {
	server := notifytest.NewServer(t, `{"code":0,"msg":"success"}`)
	v := settings(server.URL)
	v["user_ids"] = "ou_1"
	n := notifytest.New(t, Spec(), v)
	f := func(notice notify.Notice, want string) {
		t.Helper()
		if err := n.Notify(context.Background(), notice); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, server.Last(t).Body); diff != "" {
			t.Errorf("body (-want +got):\n%s", diff)
		}
	}
	const begin = `{"timestamp":"1700000000","sign":"G7XpBpG8NgG02fJOAhX6FRAObIljmFoxVReo8I62pEk=","msg_type":"interactive","card":{"config":{"wide_screen_mode":true},`
	const end = `{"tag":"div","text":{"tag":"lark_md","content":"<at id=ou_1></at>"}},` +
		`{"tag":"action","actions":[{"tag":"button","text":{"tag":"plain_text","content":"Open the alerts page"},"type":"primary","url":"http://millrace.test/alerts"}]}]}}`
	f(notifytest.Notice(), begin+`"header":{"template":"red","title":{"tag":"plain_text","content":"[CRITICAL] cpu_usage host=a"}},"elements":[`+
		`{"tag":"div","text":{"tag":"plain_text","content":"Summary: cpu_usage 128 > 80\nLevel: CRITICAL\nValue: 128\nThreshold: > 80\nSince: 2023-11-14 22:11:50 +00:00"}},`+end)
	f(notifytest.Recovered(), begin+`"header":{"template":"green","title":{"tag":"plain_text","content":"[RESOLVED] cpu_usage host=a"}},"elements":[`+
		`{"tag":"div","text":{"tag":"plain_text","content":"Summary: cpu_usage 128 > 80\nLevel: CRITICAL\nValue: 128\nThreshold: > 80\nSince: 2023-11-14 22:11:50 +00:00\nResolved: 2023-11-14 22:13:20 +00:00\nLasted: 1m 30s"}},`+end)
}

func TestCodes(t *testing.T) {
	server := notifytest.NewServer(t, "")
	n := notifytest.New(t, Spec(), settings(server.URL))
	f := func(status int, body string, want fault.Kind, retryable bool) {
		t.Helper()
		server.Answer(status, body)
		err := n.Notify(context.Background(), notifytest.Notice())
		if !errors.Is(err, want) || notify.Retryable(err) != retryable {
			t.Errorf("%s: %v (%v)", body, err, fault.KindOf(err))
		}
	}
	f(200, `{"code":19021,"msg":"sign match fail or timestamp is not within one hour from current time"}`, fault.Denied, false)
	f(400, `{"code":19001,"msg":"param invalid: incoming webhook access token invalid"}`, fault.Denied, false)
	f(200, `{"code":11232,"msg":"frequency limited"}`, fault.Limit, true)
	f(400, `{"code":9499,"msg":"Bad Request"}`, fault.Invalid, false)
	f(200, `{}`, fault.Invalid, false)
	f(502, `{"code":0}`, fault.Unavailable, true)
}

func TestOpenIDsCannotBeMarkup(t *testing.T) {
	if _, err := Spec().New(option.Values{"url": "https://x.test/a", "user_ids": "a><b"}, notifytest.Deps()); !errors.Is(err, fault.Invalid) {
		t.Errorf("%v", err)
	}
}
