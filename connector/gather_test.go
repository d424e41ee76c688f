package connector_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"millrace/connector"
	"millrace/fault"
	"millrace/option"
)

func TestGather(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := make(chan int, 10)
		f := func(most, want int) {
			t.Helper()
			if got := connector.Gather(t.Context(), in, nil, most); len(got) != want {
				t.Errorf("gathered %v, want %d items", got, want)
			}
		}
		for i := range 5 {
			in <- i
		}
		f(3, 3)
		f(3, 2)
		go func() {
			time.Sleep(time.Second)
			in <- 1
			time.Sleep(time.Millisecond)
			in <- 2 // close behind
			time.Sleep(time.Second)
			in <- 3
		}()
		f(10, 2)
		f(10, 1)
		go func() { // a stream without gaps ends by the time
			for i := range 1000 {
				in <- i
				time.Sleep(time.Millisecond)
			}
			close(in)
		}()
		f(1000, 22)
		for range in {
		}
		f(10, 0)
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if got := connector.Gather(ended, make(chan int), nil, 1); len(got) != 0 {
			t.Errorf("gathered %v after the end", got)
		}
	})
}

func TestBounded(t *testing.T) {
	large := connector.Record{Key: []byte("k"), Value: make([]byte, connector.MaxRecord)}
	b := connector.Bounded([]connector.Record{{Value: []byte("a")}, large, {Value: []byte("b")}})
	if len(b.Records) != 2 || string(b.Records[1].Value) != "b" {
		t.Errorf("records %v", b.Records)
	}
	if len(b.Refused) != 1 || len(b.Refused[0].Value) != 64<<10 || !strings.Contains(b.Refused[0].Reason.Error(), "921601 bytes") {
		t.Errorf("refused %d, %v", len(b.Refused), b.Refused[0].Reason)
	}
	headers := connector.Record{Value: make([]byte, connector.MaxRecord-10), Headers: []connector.Header{{Name: "from", Value: make([]byte, 100)}}}
	if b := connector.Bounded([]connector.Record{headers}); len(b.Refused) != 1 {
		t.Error("headers do not count")
	}
}

func TestAddHeader(t *testing.T) {
	var all []connector.Header
	for range 100 {
		all = connector.AddHeader(all, "a", []byte("b"))
	}
	if len(all) != 64 {
		t.Errorf("%d headers", len(all))
	}
	if got := connector.AddHeader(nil, "a", make([]byte, 5000)); len(got) != 0 {
		t.Errorf("a header of 5000 bytes was kept")
	}
}

func TestServers(t *testing.T) {
	ports := map[string]string{"mqtt": "1883", "mqtts": "8883"}
	f := func(text, want string) {
		t.Helper()
		all, err := connector.Servers(option.Values{"servers": text}, "mqtt", ports)
		if err != nil {
			if got := err.Error() + ": " + fault.HintOf(err); !strings.Contains(got, want) || strings.Contains(got, "secret:word") {
				t.Errorf("%q: %s, want %s", text, got, want)
			}
			return
		}
		var got []string
		for _, u := range all {
			got = append(got, u.String())
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %v, want %s", text, got, want)
		}
	}
	f("a", "mqtt://a:1883")
	f("a:1, mqtts://b,[::1]", "mqtt://a:1 mqtts://b:8883 mqtt://[::1]:1883")
	f("http://a", "one of mqtt, mqtts")
	f("mqtt://secret:word@a", "kept secret")
	f("", "HOST:PORT")
	f("a b", "is no address")
}

func TestTLSConfig(t *testing.T) {
	f := func(v option.Values, wanted bool, text string) {
		t.Helper()
		_, got, err := connector.TLSConfig(v)
		if (err == nil) != (text == "") || err != nil && !strings.Contains(err.Error(), text) || got != wanted {
			t.Errorf("%v: %v, %v; want %v, %q", v, got, err, wanted, text)
		}
	}
	f(option.Values{}, false, "")
	f(option.Values{"tls": "true"}, true, "")
	f(option.Values{"insecure_skip_verify": "true"}, true, "")
	f(option.Values{"ca_file": "/nowhere/ca.pem"}, false, `option "ca_file"`)
	f(option.Values{"cert_file": "a.pem"}, false, "only of use together")
}
