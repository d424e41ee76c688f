package wecom

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"millrace/fault"
	"millrace/notify"
	"millrace/notify/notifytest"
	"millrace/option"
)

const key = "693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa"

func settings(url string) option.Values {
	return option.Values{"url": url + "/cgi-bin/webhook/send?key=" + key, "user_ids": "zhang"}
}

func TestContract(t *testing.T) {
	notifytest.Run(t, notifytest.Channel{Spec: Spec(), Options: settings, OK: `{"errcode":0,"errmsg":"ok"}`, Secrets: []string{key}})
}

func TestMessage(t *testing.T) {
	server := notifytest.NewServer(t, `{"errcode":0}`)
	if err := notifytest.New(t, Spec(), settings(server.URL)).Notify(context.Background(), notifytest.Recovered()); err != nil {
		t.Fatal(err)
	}
	want := `{"msgtype":"markdown","markdown":{"content":"### 【已恢复】 cpu_usage host=a\n\n> 摘要: cpu_usage 128 ＞ 80\n>\n> 级别: 严重\n>\n` +
		`> 当前值: 128\n>\n> 阈值: ＞ 80\n>\n> 开始时间: 2023-11-14 22:11:50 +00:00\n>\n> 恢复时间: 2023-11-14 22:13:20 +00:00\n>\n> 持续时间: 1 分 30 秒\n>\n` +
		`\n[打开告警页面](http://millrace.test/alerts)\n\n<@zhang>"}}`
	if diff := cmp.Diff(want, server.Last(t).Body); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
}

func TestMessageIsCutAt4096Bytes(t *testing.T) {
	server := notifytest.NewServer(t, `{"errcode":0}`)
	n := notifytest.Crowd(100)
	for i := range n.Alerts {
		n.Alerts[i].Doc = strings.Repeat("说", 100)
	}
	if err := notifytest.New(t, Spec(), settings(server.URL)).Notify(context.Background(), n); err != nil {
		t.Fatal(err)
	}
	var m message
	if err := json.Unmarshal([]byte(server.Last(t).Body), &m); err != nil {
		t.Fatal(err)
	}
	text := m.Markdown.Content
	if len(text) > 4096 || len(text) < 4000 || !utf8.ValidString(text) || !strings.HasSuffix(text, "\n<@zhang>") || strings.Contains(text, "�") {
		t.Errorf("%d bytes that end %q", len(text), text[len(text)-40:])
	}
}

func TestErrcodes(t *testing.T) {
	server := notifytest.NewServer(t, "")
	n := notifytest.New(t, Spec(), settings(server.URL))
	f := func(body string, want fault.Kind, retryable bool) {
		t.Helper()
		server.Answer(200, body)
		err := n.Notify(context.Background(), notifytest.Notice())
		if !errors.Is(err, want) || notify.Retryable(err) != retryable {
			t.Errorf("%s: %v (%v)", body, err, fault.KindOf(err))
		}
	}
	f(`{"errcode":93000,"errmsg":"invalid webhook url"}`, fault.Denied, false)
	f(`{"errcode":45009,"errmsg":"api freq out of limit"}`, fault.Limit, true)
	f(`{"errcode":-1,"errmsg":"system busy"}`, fault.Unavailable, true)
	f(`{"errcode":40058,"errmsg":"markdown.content exceed max length 4096"}`, fault.Invalid, false)
	f(`ok`, fault.Invalid, false)
}
