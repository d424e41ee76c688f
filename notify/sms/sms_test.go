package sms

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"millrace/fault"
	"millrace/notify"
	"millrace/notify/notifytest"
	"millrace/option"
)

func settings(url string) option.Values {
	return option.Values{
		"url": url + "/send?token=secret-token-1", "phones": "13800000000", "headers.Authorization": "Bearer abcdefgh",
		"body": `{"to":"{{phone}}","text":"{{text}}","n":{{count}}}`, "language": "en",
	}
}

func TestContract(t *testing.T) {
	notifytest.Run(t, notifytest.Channel{Spec: Spec(), Options: settings, Secrets: []string{"secret-token-1", "abcdefgh"}})
}

func TestTemplateIsEscapedForItsPlace(t *testing.T) {
	notice := notifytest.Notice()
	notice.Alerts[0].Rule = `a"b\&c=中`
	f := func(change option.Values, wantURL, wantBody string) {
		t.Helper()
		server := notifytest.NewServer(t, "")
		v := settings(server.URL)
		for name, value := range change {
			v[name] = value
		}
		v["url"] = strings.Replace(v["url"], "HOST", server.URL, 1)
		if err := notifytest.New(t, Spec(), v).Notify(context.Background(), notice); err != nil {
			t.Fatal(err)
		}
		got := server.Last(t)
		if got.URL != wantURL || got.Body != wantBody {
			t.Errorf("got  %s %s\nwant %s %s", got.URL, got.Body, wantURL, wantBody)
		}
	}
	f(option.Values{"body": `{"to":"{{phone}}","rule":"{{ rule }}"}`}, "/send?token=secret-token-1", `{"to":"13800000000","rule":"a\"b\\\u0026c=中"}`)
	f(option.Values{"body": `to={{phone}}&rule={{rule}}`, "content_type": "application/x-www-form-urlencoded"},
		"/send?token=secret-token-1", "to=13800000000&rule=a%22b%5C%26c%3D%E4%B8%AD")
	f(option.Values{"body": "", "method": "GET", "url": "HOST/s?p={{phones}}&r={{rule}}", "phones": "1,2"}, "/s?p=1%2C2&r=a%22b%5C%26c%3D%E4%B8%AD", "")
	f(option.Values{"body": `{"to":{{phones_json}},"text":"{{summary}}"}`, "phones": "1 2"}, "/send?token=secret-token-1", `{"to":["1","2"],"text":"cpu_usage 128 \u003e 80"}`)
	f(option.Values{"body": `{"to":"{{phone}}","t":"{{title}}"}`, "max_length": "9"}, "/send?token=secret-token-1", `{"to":"13800000000","t":"[CRITICAL"}`)
}

func TestAnotherTryReachesOnlyTheOthers(t *testing.T) {
	server := notifytest.NewServer(t, "")
	v := settings(server.URL)
	v["phones"] = "1,2,3"
	n := notifytest.New(t, Spec(), v)
	server.AnswerBy(func(w http.ResponseWriter, r *http.Request) {
		var b struct{ To string }
		if err := json.NewDecoder(r.Body).Decode(&b); err != nil || b.To == "2" {
			w.WriteHeader(http.StatusBadGateway)
		}
	})
	if err := n.Notify(context.Background(), notifytest.Notice()); !notify.Retryable(err) {
		t.Fatalf("%v", err)
	}
	server.Answer(200, "")
	if err := n.Notify(context.Background(), notifytest.Notice()); err != nil {
		t.Fatal(err)
	}
	if got := server.Requests(); len(got) != 4 || !strings.Contains(got[3].Body, `"to":"2"`) {
		t.Errorf("%d requests, the last %s", len(got), got[len(got)-1].Body)
	}
}

func TestSuccessPointer(t *testing.T) {
	server := notifytest.NewServer(t, "")
	v := settings(server.URL)
	v["success_pointer"], v["success_value"] = "/result/0/code", "0"
	n := notifytest.New(t, Spec(), v)
	f := func(body string, good bool) {
		t.Helper()
		server.Answer(200, body)
		notice := notifytest.Notice()
		notice.ID = body
		if err := n.Notify(context.Background(), notice); (err == nil) != good {
			t.Errorf("%s: %v", body, err)
		}
	}
	f(`{"result":[{"code":0}]}`, true)
	f(`{"result":[{"code":"0"}]}`, true)
	f(`{"result":[{"code":1}]}`, false)
	f(`{"result":[]}`, false)
	f(`{"result":{"0":{"code":0}}}`, true)
	f(`nonsense`, false)
}

func TestBadTemplates(t *testing.T) {
	f := func(name, value, want, hint string) {
		t.Helper()
		v := settings("http://x.test")
		v[name] = value
		checked, err := option.Check("channel", Spec().Options, v)
		if err == nil {
			_, err = Spec().New(checked, notifytest.Deps())
		}
		if !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), want) || !strings.Contains(fault.HintOf(err), hint) {
			t.Errorf("%s=%s: error %v, hint %q", name, value, err, fault.HintOf(err))
		}
	}
	f("body", `{"to":"{{phon}}"}`, "{{phon}}", "{{phone}}")
	f("body", `{"to":"{{phone"}`, "not closed", "")
	f("body", `{"to":{{phone}},"x":{{title}}}`, "not JSON", "inside quotes")
	f("body", `{"text":"{{text}}"}`, "number", "{{phone}}")
	f("url", "nowhere", "url", "https://")
	f("success_pointer", "code", "pointer", "/code")
	f("phones", " , ", "phones", "")
}

func TestAliyunSignature(t *testing.T) {
	// The example of Aliyun's own documentation of the signature.
	d := notifytest.Deps()
	d.Now = at("2023-10-26T10:22:32Z")
	a := &aliyun{deps: d, v: option.Values{
		"url": "https://ecs.cn-shanghai.aliyuncs.com", "access_key_id": "YourAccessKeyId", "access_key_secret": "YourAccessKeySecret",
	}}
	query := map[string][]string{"ImageId": {"win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"}, "RegionId": {"cn-shanghai"}}
	got := a.request(query, "RunInstances", "2014-05-26", "3156853299f313e23d1673dc12e1703d").Header.Get("Authorization")
	want := "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version," +
		"Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
	if got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

func TestTencentSignature(t *testing.T) {
	// The example of Tencent's own documentation of the signature.
	d := notifytest.Deps()
	d.Now = at("2019-02-25T16:44:25Z")
	c := &tencent{deps: d, v: option.Values{
		"url": "https://cvm.tencentcloudapi.com", "secret_id": "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE", "secret_key": "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE",
	}}
	body := []byte(`{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}`)
	got := c.request("cvm", "DescribeInstances", "2017-03-12", body).Header.Get("Authorization")
	want := "TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE/2019-02-25/cvm/tc3_request, SignedHeaders=content-type;host, " +
		"Signature=72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"
	if got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

func aliyunSettings(url string) option.Values {
	return option.Values{
		"url": url, "access_key_id": "LTAI-test", "access_key_secret": "very-secret-key", "sign_name": "米尔", "template_code": "SMS_1", "phones": "13800000000",
	}
}

func TestAliyun(t *testing.T) {
	notifytest.Run(t, notifytest.Channel{Spec: Aliyun(), Options: aliyunSettings, OK: `{"Code":"OK","Message":"OK"}`, Secrets: []string{"very-secret-key"}})
	server := notifytest.NewServer(t, `{"Code":"OK"}`)
	n := notifytest.New(t, Aliyun(), aliyunSettings(server.URL))
	if err := n.Notify(context.Background(), notifytest.Notice()); err != nil {
		t.Fatal(err)
	}
	got := server.Last(t)
	want := "/?PhoneNumbers=13800000000&SignName=%E7%B1%B3%E5%B0%94&TemplateCode=SMS_1&" +
		"TemplateParam=%7B%22rule%22%3A%22cpu_usage%22%2C%22level%22%3A%22critical%22%2C%22value%22%3A%22128%22%2C%22status%22%3A%22firing%22%7D"
	if got.URL != want || got.Method != http.MethodPost || got.Header.Get("X-Acs-Action") != "SendSms" {
		t.Errorf("%s %s %v", got.Method, got.URL, got.Header)
	}
	f := func(status int, body string, want fault.Kind) {
		t.Helper()
		server.Answer(status, body)
		if err := n.Notify(context.Background(), notifytest.Notice()); !errors.Is(err, want) {
			t.Errorf("%s: %v", body, err)
		}
	}
	f(200, `{"Code":"isv.BUSINESS_LIMIT_CONTROL","Message":"触发分钟级流控"}`, fault.Limit)
	f(400, `{"Code":"SignatureDoesNotMatch","Message":"x"}`, fault.Denied)
	f(200, `{"Code":"isv.SMS_TEMPLATE_ILLEGAL","Message":"x"}`, fault.Invalid)
	f(503, `<html>`, fault.Unavailable)
}

func tencentSettings(url string) option.Values {
	return option.Values{
		"url": url, "secret_id": "AKID-test", "secret_key": "very-secret-key", "sdk_app_id": "1400", "sign_name": "米尔", "template_id": "7",
		"phones": "+8613800000000,+8613900000000",
	}
}

func TestTencent(t *testing.T) {
	ok := `{"Response":{"SendStatusSet":[{"PhoneNumber":"+8613800000000","Code":"Ok"},{"PhoneNumber":"+8613900000000","Code":"Ok"}],"RequestId":"r"}}`
	notifytest.Run(t, notifytest.Channel{Spec: Tencent(), Options: tencentSettings, OK: ok, Secrets: []string{"very-secret-key"}})
	server := notifytest.NewServer(t, strings.Replace(ok, `"Ok"`, `"LimitExceeded.PhoneNumberDailyLimit"`, 1))
	n := notifytest.New(t, Tencent(), tencentSettings(server.URL))
	if err := n.Notify(context.Background(), notifytest.Notice()); !errors.Is(err, fault.Limit) {
		t.Fatalf("%v", err)
	}
	want := `{"PhoneNumberSet":["+8613800000000","+8613900000000"],"SignName":"米尔","SmsSdkAppId":"1400","TemplateId":"7","TemplateParamSet":["cpu_usage","critical","128"]}`
	if diff := cmp.Diff(want, server.Last(t).Body); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
	server.Answer(200, ok)
	if err := n.Notify(context.Background(), notifytest.Notice()); err != nil {
		t.Fatal(err)
	}
	if got := server.Last(t).Body; !strings.Contains(got, `"PhoneNumberSet":["+8613800000000"]`) {
		t.Errorf("another try went to all: %s", got)
	}
	server.Answer(200, `{"Response":{"Error":{"Code":"AuthFailure.SignatureFailure","Message":"x"},"RequestId":"r"}}`)
	notice := notifytest.Recovered()
	if err := n.Notify(context.Background(), notice); !errors.Is(err, fault.Denied) {
		t.Errorf("%v", err)
	}
}

func FuzzTemplate(f *testing.F) {
	for _, s := range []string{`{"to":"{{phone}}"}`, "{{", "}}", "{{rule}}{{rule}}", "{{ x", "{{}}", "a{{phones_json}}b"} {
		f.Add(s, `a"b\`+"\n")
	}
	names := placeholders()
	f.Fuzz(func(t *testing.T, text, value string) {
		tmpl, err := parse(text, names)
		if err != nil {
			if !errors.Is(err, fault.Invalid) {
				t.Errorf("%v", err)
			}
			return
		}
		if !strings.Contains(text, "{{") && tmpl.fill(nil, asIs) != text {
			t.Errorf("%q became %q", text, tmpl.fill(nil, asIs))
		}
		if quoted := `"` + inJSON(value) + `"`; !json.Valid([]byte(quoted)) {
			t.Errorf("%q is no JSON", quoted)
		}
		v := map[string]string{}
		for _, name := range names {
			v[name] = value
		}
		tmpl.fill(v, inHeader)
	})
}

func at(text string) func() time.Time {
	return func() time.Time {
		now, err := time.Parse(time.RFC3339, text)
		if err != nil {
			panic(err)
		}
		return now
	}
}
