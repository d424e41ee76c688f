package dingtalk

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"millrace/fault"
	"millrace/notify"
	"millrace/notify/notifytest"
	"millrace/option"
)

const token = "deadbeef0123456789"

func settings(url string) option.Values {
	return option.Values{"url": url + "/robot/send?access_token=" + token, "secret": "SECtest", "mobiles": "13800000000，13900000000"}
}

func TestContract(t *testing.T) {
	notifytest.Run(t, notifytest.Channel{Spec: Spec(), Options: settings, OK: `{"errcode":0,"errmsg":"ok"}`, Secrets: []string{token, "SECtest"}})
}

func TestSignature(t *testing.T) {
	if got, want := sign("SECtest", "1700000000000"), "aZLLrriXgn05YbwaGR7knYsLeJADjr9NwLaNNKpxh4g%3D"; got != want {
		t.Errorf("signature %s, want %s", got, want)
	}
}

func TestMessage(t *testing.T) {
	server := notifytest.NewServer(t, `{"errcode":0}`)
	v := settings(server.URL)
	v["keyword"] = "监控"
	if err := notifytest.New(t, Spec(), v).Notify(context.Background(), notifytest.Notice()); err != nil {
		t.Fatal(err)
	}
	got := server.Last(t)
	if want := "/robot/send?access_token=" + token + "&timestamp=1700000000000&sign=aZLLrriXgn05YbwaGR7knYsLeJADjr9NwLaNNKpxh4g%3D"; got.URL != want {
		t.Errorf("address %s, want %s", got.URL, want)
	}
	want := `{"msgtype":"markdown","markdown":{"title":"【严重】 cpu_usage host=a","text":"### 【严重】 cpu_usage host=a\n\n` +
		`> 摘要: cpu_usage 128 ＞ 80\n>\n> 级别: 严重\n>\n> 当前值: 128\n>\n> 阈值: ＞ 80\n>\n> 开始时间: 2023-11-14 22:11:50 +00:00\n>\n` +
		`\n[打开告警页面](http://millrace.test/alerts)\n\n监控\n\n@13800000000 @13900000000\n"},` +
		`"at":{"atMobiles":["13800000000","13900000000"],"atUserIds":[],"isAtAll":false}}`
	if diff := cmp.Diff(want, got.Body); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
}

func TestMentionsSurviveTheCut(t *testing.T) {
	server := notifytest.NewServer(t, `{"errcode":0}`)
	n := notifytest.Crowd(100)
	for i := range n.Alerts {
		n.Alerts[i].Doc = strings.Repeat("说", 2000)
	}
	if err := notifytest.New(t, Spec(), settings(server.URL)).Notify(context.Background(), n); err != nil {
		t.Fatal(err)
	}
	var m message
	if err := json.Unmarshal([]byte(server.Last(t).Body), &m); err != nil {
		t.Fatal(err)
	}
	if len(m.Markdown.Text) > maxText || !strings.HasSuffix(m.Markdown.Text, "@13800000000 @13900000000\n") {
		t.Errorf("%d bytes that end %q", len(m.Markdown.Text), m.Markdown.Text[len(m.Markdown.Text)-60:])
	}
	if strings.Contains(m.Markdown.Text, "](http://evil") {
		t.Error("a label became a link")
	}
}

func TestErrcodes(t *testing.T) {
	server := notifytest.NewServer(t, "")
	n := notifytest.New(t, Spec(), settings(server.URL))
	f := func(body string, want fault.Kind, retryable bool) {
		t.Helper()
		server.Answer(200, body)
		err := n.Notify(context.Background(), notifytest.Notice())
		if !errors.Is(err, want) || notify.Retryable(err) != retryable || strings.Contains(err.Error(), token) {
			t.Errorf("%s: %v (%v)", body, err, fault.KindOf(err))
		}
	}
	f(`{"errcode":310000,"errmsg":"sign not match"}`, fault.Denied, false)
	f(`{"errcode":300001,"errmsg":"token `+token+` is not exist"}`, fault.Denied, false)
	f(`{"errcode":130101,"errmsg":"send too fast"}`, fault.Limit, true)
	f(`{"errcode":-1,"errmsg":"busy"}`, fault.Unavailable, true)
	f(`{"errcode":40000,"errmsg":"?"}`, fault.Invalid, false)
	f(`{}`, fault.Invalid, false)
	f(`<html>`, fault.Invalid, false)
	if err := n.Notify(context.Background(), notifytest.Notice()); fault.HintOf(err) == "" {
		t.Errorf("%v has no hint", err)
	}
}
