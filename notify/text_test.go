package notify_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"millrace/notify"
	"millrace/notify/notifytest"
	"millrace/option"
)

func TestTitles(t *testing.T) {
	zh := notify.NewText(option.Values{}, notifytest.Deps())
	en := notify.NewText(option.Values{"language": "en"}, notifytest.Deps())
	f := func(n notify.Notice, wantZh, wantEn string) {
		t.Helper()
		if got := zh.Title(n); got != wantZh {
			t.Errorf("zh %q, want %q", got, wantZh)
		}
		if got := en.Title(n); got != wantEn {
			t.Errorf("en %q, want %q", got, wantEn)
		}
	}
	f(notifytest.Notice(), "[严重] cpu_usage host=a", "[CRITICAL] cpu_usage host=a")
	f(notifytest.Recovered(), "[已恢复] cpu_usage host=a", "[RESOLVED] cpu_usage host=a")
	several := notifytest.Notice()
	b := notifytest.Alert("b")
	b.Level = notify.Warning
	over := notifytest.Recovered().Alerts[0]
	several.Alerts = append(several.Alerts, b, over)
	several.Labels["dc"] = "x"
	f(several, "[严重] cpu_usage dc=x：2 条告警，1 条已恢复", "[CRITICAL] cpu_usage dc=x: 2 firing, 1 resolved")
	several.Alerts = []notify.Alert{over, over}
	several.Status = notify.Resolved
	f(several, "[已恢复] cpu_usage dc=x：2 条已恢复", "[RESOLVED] cpu_usage dc=x: 2 resolved")
}

func TestPlain(t *testing.T) {
	en := notify.NewText(option.Values{"language": "en"}, notifytest.Deps())
	n := notifytest.Notice()
	n.Alerts = append(n.Alerts, notifytest.Recovered().Alerts[0], notifytest.Alert("c"))
	n.Alerts[0].Doc = "Look at top."
	got := en.Page(n, 2).Plain()
	want := `[CRITICAL] cpu_usage: 2 firing, 1 resolved

[CRITICAL] cpu_usage host=a
Summary: cpu_usage 128 > 80
Level: CRITICAL
Value: 128
Threshold: > 80
Since: 2023-11-14 22:11:50 +00:00
About: Look at top.

[RESOLVED] cpu_usage host=a
Summary: cpu_usage 128 > 80
Level: CRITICAL
Value: 128
Threshold: > 80
Since: 2023-11-14 22:11:50 +00:00
Resolved: 2023-11-14 22:13:20 +00:00
Lasted: 1m 30s

1 more are not listed

Open the alerts page: http://millrace.test/alerts
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestOrder(t *testing.T) {
	n := notifytest.Notice()
	over, mild, old := notifytest.Recovered().Alerts[0], notifytest.Alert("mild"), notifytest.Alert("old")
	mild.Level = notify.Warning
	old.Since = old.Since.Add(-time.Hour)
	n.Alerts = []notify.Alert{over, mild, notifytest.Alert("new"), old}
	n.Sort()
	var got []string
	for _, a := range n.Alerts {
		got = append(got, a.ID)
	}
	if diff := cmp.Diff([]string{"id-old", "id-new", "id-mild", "id-a"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNumbersAndTimes(t *testing.T) {
	f := func(v float64, want string) {
		t.Helper()
		if got := notify.Number(v); got != want {
			t.Errorf("%v is %q, want %q", v, got, want)
		}
	}
	f(80, "80")
	f(99.123456789, "99.1235")
	f(1234567.8, "1234568")
	f(1e20, "1e+20")
	f(-0.05, "-0.05")
	zh := notify.NewText(option.Values{}, notifytest.Deps())
	g := func(d time.Duration, want string) {
		t.Helper()
		if got := zh.Lasted(d); got != want {
			t.Errorf("%s is %q, want %q", d, got, want)
		}
	}
	g(0, "0 秒")
	g(90*time.Second, "1 分 30 秒")
	g(25*time.Hour, "1 天 1 小时")
	g(-time.Second, "0 秒")
}

func FuzzCut(f *testing.F) {
	f.Add("阈值 80", 5)
	f.Add("", 0)
	f.Add("\xff\xfe\xfd", 2)
	f.Fuzz(func(t *testing.T, s string, n int) {
		n = max(min(n, 1000), 0)
		got := notify.Cut(s, n)
		if len(got) > n && len(s) > n {
			t.Errorf("%d bytes, %d at most", len(got), n)
		}
		if utf8.ValidString(s) && !utf8.ValidString(got) {
			t.Errorf("%q cut to %q", s, got)
		}
		if strings.ContainsAny(notify.Calm(s), "<>[]*`\n\r\t") {
			t.Errorf("%q is not calm", notify.Calm(s))
		}
	})
}
