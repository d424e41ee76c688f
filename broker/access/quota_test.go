package access

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// parts makes the entity of a request: "user=anna client-id=", where nothing after the sign is the default.
func parts(s string) (all []kmsg.AlterClientQuotasRequestEntryEntity) {
	for _, f := range strings.Fields(s) {
		kind, name, _ := strings.Cut(f, "=")
		e := kmsg.AlterClientQuotasRequestEntryEntity{Type: kind}
		if name != "" {
			e.Name = &name
		}
		all = append(all, e)
	}
	return all
}

func setQuota(t *testing.T, a *Access, entity, quota string, v float64) {
	t.Helper()
	if code := alterQuota(a, nil, entity, quota, v, false); code != 0 {
		t.Fatalf("set %s of %s to %v: %v", quota, entity, v, kerr.ErrorForCode(code))
	}
}

func alterQuota(a *Access, c *Caller, entity, quota string, v float64, remove bool) int16 {
	req := kmsg.NewPtrAlterClientQuotasRequest()
	req.Entries = []kmsg.AlterClientQuotasRequestEntry{{
		Entity: parts(entity), Ops: []kmsg.AlterClientQuotasRequestEntryOp{{Key: quota, Value: v, Remove: remove}},
	}}
	return a.AlterClientQuotas(background(), c, req).Entries[0].ErrorCode
}

func TestTheMostSpecificQuotaCounts(t *testing.T) {
	order := []string{
		"user=anna client-id=app", "user=anna client-id=", "user=anna", "user= client-id=app", "user= client-id=", "user=", "client-id=app", "client-id=",
	}
	a := open(t, Config{})
	limit := func() float64 {
		a.quotas.mu.Lock()
		defer a.quotas.mu.Unlock()
		v, _, _ := a.quotas.limit("anna", "app", quotaName(Produced))
		return v
	}
	for i := len(order) - 1; i >= 0; i-- {
		setQuota(t, a, order[i], quotaName(Produced), float64(i+1))
		setQuota(t, a, order[i], quotaName(Fetched), 1000)
		if got := limit(); got != float64(i+1) {
			t.Errorf("%s is set: the quota is %v, want %d", order[i], got, i+1)
		}
	}
	for i, e := range order {
		if code := alterQuota(a, nil, e, quotaName(Produced), 0, true); code != 0 {
			t.Fatalf("remove: code %d", code)
		}
		want := float64(i + 2)
		if i == len(order)-1 {
			want = 0
		}
		if got := limit(); got != want {
			t.Errorf("%s is removed: the quota is %v, want %v", e, got, want)
		}
	}
}

func TestBytesAreHeldToTheirRate(t *testing.T) {
	at := &clock{time.Unix(1_700_000_000, 0)}
	a := open(t, Config{Now: at.Now})
	c := as(a, "anna")
	if d := a.Charge(c, "app", Produced, 1e12); d != 0 {
		t.Fatalf("without a quota a client is held back for %v", d)
	}
	setQuota(t, a, "user=anna", quotaName(Produced), 1000)
	if d := a.Charge(c, "app", Produced, 10_000); d != 0 {
		t.Errorf("what 10 seconds may have is held back for %v", d)
	}
	// 20,000 bytes in a window of 10 s are twice the quota: after 10 more seconds they are not.
	if d := a.Charge(c, "other", Produced, 10_000); d != 10*time.Second {
		t.Errorf("all clients of a user share: held back for %v, want 10s", d)
	}
	if d := a.Charge(as(a, "otto"), "app", Produced, 1e12); d != 0 {
		t.Errorf("another user is held back for %v", d)
	}
	if d := a.Charge(nil, "app", Produced, 1e12); d != 0 {
		t.Errorf("the broker itself is held back for %v", d)
	}
	at.now = at.now.Add(12 * time.Second)
	if d := a.Charge(c, "app", Produced, 1); d != 0 {
		t.Errorf("after the window: held back for %v", d)
	}
	// In steady use the rate comes out as the quota.
	sent, held := 0.0, at.now
	for at.now.Sub(held) < 5*time.Minute {
		sent += 700
		d := a.Charge(c, "app", Produced, 700)
		at.now = at.now.Add(d + 10*time.Millisecond)
	}
	if rate := sent / at.now.Sub(held).Seconds(); rate < 900 || rate > 1100 {
		t.Errorf("a client that waits as told sends %.0f bytes/s, want about 1000", rate)
	}
	setQuota(t, a, "client-id=", quotaName(RequestTime), 50)
	if d := a.Charge(as(a, "x"), "y", RequestTime, 5000); d != 0 {
		t.Errorf("half of a processor for 10 s is held back for %v", d)
	}
	if d := a.Charge(as(a, "z"), "y", RequestTime, 5000); d != 10*time.Second {
		t.Errorf("users of one client id share: held back for %v, want 10s", d)
	}
}

func TestChangesOfTopicsAreHeldToTheirRate(t *testing.T) {
	at := &clock{time.Unix(1_700_000_000, 0)}
	a := open(t, Config{Now: at.Now})
	setQuota(t, a, "user=", quotaName(Mutations), 2)
	c := as(a, "anna")
	if d := c.Mutate(30); d != 0 { // 22 are there; the last may take more
		t.Fatalf("a full bucket refuses, for %v", d)
	}
	if d := c.Mutate(1); d != 4*time.Second {
		t.Errorf("8 too many at 2 a second: wait %v, want 4s", d)
	}
	at.now = at.now.Add(4 * time.Second)
	if d := c.Mutate(1); d != 0 {
		t.Errorf("after the wait: %v", d)
	}
	if d := c.Mutate(1); d == 0 {
		t.Error("an empty bucket gives")
	}
}

func TestErrorsOfQuotas(t *testing.T) {
	a := open(t, Config{Authorize: true, Superusers: []string{"root"}})
	for _, tt := range []struct {
		entity, quota string
		v             float64
		ok            bool
	}{
		{"user=anna", "producer_byte_rate", 1, true},
		{"user=anna", "request_percentage", 0.5, true},
		{"user=anna", "producer_byte_rate", 1.5, false},
		{"user=anna", "producer_byte_rate", 0, false},
		{"user=anna", "producer_byte_rate", -1, false},
		{"user=anna", "something", 1, false},
		{"", "producer_byte_rate", 1, false},
		{"user=a user=b", "producer_byte_rate", 1, false},
		{"ip=1.2.3.4", "connection_creation_rate", 1, false},
		{"topic=a", "producer_byte_rate", 1, false},
	} {
		code := alterQuota(a, as(a, "root"), tt.entity, tt.quota, tt.v, false)
		if want := map[bool]int16{true: 0, false: kerr.InvalidRequest.Code}[tt.ok]; code != want {
			t.Errorf("%q %s=%v: %v", tt.entity, tt.quota, tt.v, kerr.ErrorForCode(code))
		}
	}
	if code := alterQuota(a, as(a, "anna"), "user=anna", "producer_byte_rate", 1, false); code != kerr.ClusterAuthorizationFailed.Code {
		t.Errorf("without leave: code %d", code)
	}
	if resp := a.DescribeClientQuotas(background(), as(a, "anna"), kmsg.NewPtrDescribeClientQuotasRequest()); resp.ErrorCode != kerr.ClusterAuthorizationFailed.Code {
		t.Errorf("describe without leave: code %d", resp.ErrorCode)
	}
}

func TestQuotasAreFoundAndKept(t *testing.T) {
	place := newPlace(t)
	a := place.open(Config{})
	for _, e := range []string{"user=anna", "user=anna client-id=app", "user=", "client-id=app", "user= client-id="} {
		setQuota(t, a, e, "consumer_byte_rate", 5)
	}
	validate := kmsg.NewPtrAlterClientQuotasRequest()
	validate.ValidateOnly = true
	validate.Entries = []kmsg.AlterClientQuotasRequestEntry{{Entity: parts("user=x"), Ops: []kmsg.AlterClientQuotasRequestEntryOp{{Key: "consumer_byte_rate", Value: 1}}}}
	if resp := a.AlterClientQuotas(background(), nil, validate); resp.Entries[0].ErrorCode != 0 {
		t.Fatalf("validate: %+v", resp.Entries[0])
	}
	a = place.open(Config{})
	exact, std, every := kmsg.QuotasMatchTypeExact, kmsg.QuotasMatchTypeDefault, kmsg.QuotasMatchTypeAny
	component := func(kind string, match kmsg.QuotasMatchType, name string) kmsg.DescribeClientQuotasRequestComponent {
		c := kmsg.DescribeClientQuotasRequestComponent{EntityType: kind, MatchType: match}
		if name != "" {
			c.Match = &name
		}
		return c
	}
	for _, tt := range []struct {
		strict     bool
		components []kmsg.DescribeClientQuotasRequestComponent
		want       string
	}{
		{false, nil, "[client-id=app][user=][user= client-id=][user=anna][user=anna client-id=app]"},
		{false, []kmsg.DescribeClientQuotasRequestComponent{component("user", exact, "anna")}, "[user=anna][user=anna client-id=app]"},
		{true, []kmsg.DescribeClientQuotasRequestComponent{component("user", exact, "anna")}, "[user=anna]"},
		{true, []kmsg.DescribeClientQuotasRequestComponent{component("user", std, "")}, "[user=]"},
		{true, []kmsg.DescribeClientQuotasRequestComponent{component("user", every, ""), component("client-id", every, "")}, "[user= client-id=][user=anna client-id=app]"},
		{false, []kmsg.DescribeClientQuotasRequestComponent{component("ip", every, "")}, ""},
	} {
		req := kmsg.NewPtrDescribeClientQuotasRequest()
		req.Strict, req.Components = tt.strict, tt.components
		resp := a.DescribeClientQuotas(background(), nil, req)
		var got strings.Builder
		for _, e := range resp.Entries {
			var names []string
			for _, p := range e.Entity {
				name := ""
				if p.Name != nil {
					name = *p.Name
				}
				names = append(names, p.Type+"="+name)
			}
			fmt.Fprint(&got, names)
			if len(e.Values) != 1 || e.Values[0].Key != "consumer_byte_rate" || e.Values[0].Value != 5 {
				t.Errorf("%v has %+v", names, e.Values)
			}
		}
		if got.String() != tt.want || resp.ErrorCode != 0 {
			t.Errorf("strict %v, %+v: %s (code %d), want %s", tt.strict, tt.components, got.String(), resp.ErrorCode, tt.want)
		}
	}
	for _, bad := range []kmsg.DescribeClientQuotasRequestComponent{component("", every, ""), component("user", exact, ""), component("user", every, "x"), component("user", 7, "")} {
		req := kmsg.NewPtrDescribeClientQuotasRequest()
		req.Components = []kmsg.DescribeClientQuotasRequestComponent{bad}
		if resp := a.DescribeClientQuotas(background(), nil, req); resp.ErrorCode != kerr.InvalidRequest.Code {
			t.Errorf("%+v: code %d", bad, resp.ErrorCode)
		}
	}
}

func TestMetersAreBounded(t *testing.T) {
	at := &clock{time.Unix(1_700_000_000, 0)}
	a := open(t, Config{Now: at.Now})
	setQuota(t, a, "client-id=", quotaName(Produced), 1000)
	for i := range maxMeters * 2 {
		a.Charge(as(a, "anna"), fmt.Sprint(i), Produced, 1)
	}
	if n := len(a.quotas.meters); n > maxMeters {
		t.Errorf("%d meters, at most %d", n, maxMeters)
	}
}
