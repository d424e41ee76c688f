package access

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// naive decides by looking at every rule, as the text of KIP-11 and KIP-290 says.
func naive(rules []rule, superuser string, unruled bool, user, host string, op kmsg.ACLOperation, kind kmsg.ACLResourceType, name string) bool {
	if user == superuser {
		return true
	}
	named, allow := false, false
	for _, r := range rules {
		hit := r.Name == name || r.Name == "*"
		if r.Pattern == kmsg.ACLResourcePatternTypePrefixed {
			hit = strings.HasPrefix(name, r.Name)
		}
		if r.Kind != kind || !hit {
			continue
		}
		named = true
		if r.Principal != "User:"+user && r.Principal != "User:*" || r.Host != host && r.Host != "*" {
			continue
		}
		implied := map[kmsg.ACLOperation][]kmsg.ACLOperation{
			kmsg.ACLOperationDescribe:        {kmsg.ACLOperationRead, kmsg.ACLOperationWrite, kmsg.ACLOperationDelete, kmsg.ACLOperationAlter},
			kmsg.ACLOperationDescribeConfigs: {kmsg.ACLOperationAlterConfigs},
		}
		switch {
		case !r.Allow && (r.Op == op || r.Op == kmsg.ACLOperationAll):
			return false
		case r.Allow && (r.Op == op || r.Op == kmsg.ACLOperationAll || slices.Contains(implied[op], r.Op)):
			allow = true
		}
	}
	return allow || !named && unruled
}

func one[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

func randomRule(r *rand.Rand) rule {
	x := rule{
		Kind:      one(r, kmsg.ACLResourceTypeTopic, kmsg.ACLResourceTypeGroup),
		Name:      one(r, "*", "a", "ab", "abc", "b"),
		Pattern:   one(r, kmsg.ACLResourcePatternTypeLiteral, kmsg.ACLResourcePatternTypePrefixed),
		Principal: one(r, "User:*", "User:anna", "User:otto", "Group:anna"),
		Host:      one(r, "*", "10.0.0.1", "10.0.0.2"),
		Op:        one(r, operationsForTest()...),
		Allow:     r.IntN(3) > 0,
	}
	return x
}

func operationsForTest() []kmsg.ACLOperation {
	return []kmsg.ACLOperation{
		kmsg.ACLOperationAll, kmsg.ACLOperationRead, kmsg.ACLOperationWrite, kmsg.ACLOperationDelete, kmsg.ACLOperationAlter, kmsg.ACLOperationDescribe,
		kmsg.ACLOperationDescribeConfigs, kmsg.ACLOperationAlterConfigs,
	}
}

func TestRulesAreANaiveModel(t *testing.T) {
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 1))
		unruled := r.IntN(2) == 0
		rules := newRules(Config{Superusers: []string{"root"}, AllowUnruled: unruled})
		var model []rule
		for range r.IntN(12) {
			x := randomRule(r)
			if rules.add(x); !slices.Contains(model, x) {
				model = append(model, x)
			}
			if r.IntN(4) == 0 {
				i := r.IntN(len(model))
				rules.remove(model[i])
				model = slices.Delete(model, i, i+1)
			}
		}
		for range 60 {
			user, host := one(r, "anna", "otto", "root", "*"), one(r, "10.0.0.1", "10.0.0.2", "10.0.0.3")
			op, kind := one(r, operationsForTest()[1:]...), one(r, kmsg.ACLResourceTypeTopic, kmsg.ACLResourceTypeGroup)
			name := one(r, "a", "ab", "abc", "abcd", "b", "c", "*", "")
			c := &Caller{User: user, Host: host, rules: rules}
			got, want := c.May(op, kind, name), naive(model, "root", unruled, user, host, op, kind, name)
			if got != want {
				t.Fatalf("seed %d: %s at %s, %v on %v %q: %v, want %v\n%+v", seed, user, host, op, kind, name, got, want, model)
			}
		}
	}
}

func TestOnAnyResource(t *testing.T) {
	write, topic := kmsg.ACLOperationWrite, kmsg.ACLResourceTypeTopic
	lit, pre := kmsg.ACLResourcePatternTypeLiteral, kmsg.ACLResourcePatternTypePrefixed
	allow := func(name string, p kmsg.ACLResourcePatternType) rule {
		return rule{topic, name, p, "User:anna", "*", write, true}
	}
	deny := func(name string, p kmsg.ACLResourcePatternType) rule {
		return rule{topic, name, p, "User:anna", "*", write, false}
	}
	for _, tt := range []struct {
		rules []rule
		want  bool
	}{
		{nil, false},
		{[]rule{allow("a", lit)}, true},
		{[]rule{allow("a", lit), deny("a", lit)}, false},
		{[]rule{allow("a", lit), deny("a", pre)}, false},
		{[]rule{allow("abc", pre), deny("ab", pre)}, false},
		{[]rule{allow("ab", pre), deny("abc", pre)}, true},
		{[]rule{allow("a", pre), deny("a", lit)}, true},
		{[]rule{allow("a", pre), deny("*", lit)}, false},
		{[]rule{allow("*", lit), deny("a", pre)}, true},
		{[]rule{allow("*", lit), deny("hard", pre)}, true},
		{[]rule{allow("*", lit), deny("*", lit)}, false},
		{[]rule{{topic, "a", lit, "User:anna", "*", kmsg.ACLOperationRead, true}}, false},
		{[]rule{{topic, "a", lit, "User:anna", "*", kmsg.ACLOperationAll, true}}, true},
		{[]rule{{topic, "a", lit, "User:otto", "*", write, true}}, false},
	} {
		rules := newRules(Config{})
		for _, r := range tt.rules {
			rules.add(r)
		}
		c := &Caller{User: "anna", Host: "h", rules: rules}
		if got := c.MayAny(write, topic); got != tt.want {
			t.Errorf("%+v: %v, want %v", tt.rules, got, tt.want)
		}
	}
}

func creation(change func(*kmsg.CreateACLsRequestCreation)) kmsg.CreateACLsRequestCreation {
	c := kmsg.NewCreateACLsRequestCreation()
	c.ResourceType, c.ResourceName, c.ResourcePatternType = kmsg.ACLResourceTypeTopic, "t", kmsg.ACLResourcePatternTypeLiteral
	c.Principal, c.Host, c.Operation, c.PermissionType = "User:anna", "*", kmsg.ACLOperationRead, kmsg.ACLPermissionTypeAllow
	if change != nil {
		change(&c)
	}
	return c
}

func TestErrorsOfRules(t *testing.T) {
	a := open(t, Config{Authorize: true, Superusers: []string{"User:root"}})
	req := kmsg.NewPtrCreateACLsRequest()
	req.Version = 3
	type c = kmsg.CreateACLsRequestCreation
	bad := []func(*c){
		func(x *c) { x.ResourceType = kmsg.ACLResourceTypeAny }, func(x *c) { x.ResourceType = 99 }, func(x *c) { x.ResourceName = "" },
		func(x *c) { x.ResourcePatternType = kmsg.ACLResourcePatternTypeMatch }, func(x *c) { x.ResourcePatternType = kmsg.ACLResourcePatternTypeAny },
		func(x *c) { x.Operation = kmsg.ACLOperationAny }, func(x *c) { x.Operation = kmsg.ACLOperationUnknown },
		func(x *c) { x.PermissionType = kmsg.ACLPermissionTypeAny }, func(x *c) { x.Principal = "anna" }, func(x *c) { x.Principal = ":anna" },
		func(x *c) { x.Host = "" }, func(x *c) { x.ResourceType, x.ResourceName = kmsg.ACLResourceTypeCluster, "other" },
		func(x *c) { x.ResourceName = strings.Repeat("x", maxName+1) }, func(x *c) { x.Principal = "User:\xff" },
	}
	for _, change := range bad {
		req.Creations = append(req.Creations, creation(change))
	}
	req.Creations = append(req.Creations, creation(nil), creation(nil))
	resp := a.CreateACLs(background(), as(a, "root"), req)
	for i, r := range resp.Results {
		want := kerr.InvalidRequest.Code
		if i >= len(bad) {
			want = 0
		}
		if r.ErrorCode != want {
			t.Errorf("rule %d, %+v: %v", i, req.Creations[i], kerr.ErrorForCode(r.ErrorCode))
		}
	}
	if n := a.rules.count(); n != 1 {
		t.Errorf("%d rules, want the one that is right", n)
	}
	for _, r := range a.CreateACLs(background(), as(a, "anna"), req).Results {
		if r.ErrorCode != kerr.ClusterAuthorizationFailed.Code {
			t.Errorf("without leave: code %d", r.ErrorCode)
		}
	}
	off := open(t, Config{})
	if resp := off.CreateACLs(background(), as(off, "anna"), req); resp.Results[0].ErrorCode != kerr.SecurityDisabled.Code {
		t.Errorf("without authorization: code %d", resp.Results[0].ErrorCode)
	}
	d := kmsg.NewPtrDescribeACLsRequest()
	if resp := off.DescribeACLs(background(), as(off, "anna"), d); resp.ErrorCode != kerr.SecurityDisabled.Code {
		t.Errorf("without authorization: code %d", resp.ErrorCode)
	}
	if resp := a.DescribeACLs(background(), as(a, "root"), d); resp.ErrorCode != kerr.InvalidRequest.Code {
		t.Errorf("a filter of unknowns: code %d", resp.ErrorCode)
	}
}

func at(s string) *string { return &s }

func TestRulesAreMadeFoundKeptAndDeleted(t *testing.T) {
	place := newPlace(t)
	cfg := Config{Authorize: true, Superusers: []string{"root"}}
	a := place.open(cfg)
	req := kmsg.NewPtrCreateACLsRequest()
	for _, name := range []string{"t", "te", "*"} {
		for _, p := range []kmsg.ACLResourcePatternType{kmsg.ACLResourcePatternTypeLiteral, kmsg.ACLResourcePatternTypePrefixed} {
			req.Creations = append(req.Creations, creation(func(c *kmsg.CreateACLsRequestCreation) { c.ResourceName, c.ResourcePatternType = name, p }))
		}
	}
	a.CreateACLs(background(), nil, req)
	a = place.open(cfg)
	d := kmsg.NewPtrDescribeACLsRequest()
	d.ResourceType, d.Operation, d.PermissionType = kmsg.ACLResourceTypeAny, kmsg.ACLOperationAny, kmsg.ACLPermissionTypeAny
	for _, tt := range []struct {
		pattern kmsg.ACLResourcePatternType
		name    *string
		want    string
	}{
		{kmsg.ACLResourcePatternTypeAny, nil, "*L *P tL tP teL teP"},
		{kmsg.ACLResourcePatternTypeAny, at("t"), "tL tP"},
		{kmsg.ACLResourcePatternTypeMatch, at("t"), "*L tL tP"},
		{kmsg.ACLResourcePatternTypeMatch, at("test"), "*L tP teP"},
		{kmsg.ACLResourcePatternTypeLiteral, nil, "*L tL teL"},
		{kmsg.ACLResourcePatternTypePrefixed, at("t"), "tP"},
		{kmsg.ACLResourcePatternTypeLiteral, at("test"), ""},
	} {
		d.ResourcePatternType, d.ResourceName = tt.pattern, tt.name
		var got []string
		for _, r := range a.DescribeACLs(background(), as(a, "root"), d).Resources {
			got = append(got, r.ResourceName+map[bool]string{true: "P", false: "L"}[r.ResourcePatternType == kmsg.ACLResourcePatternTypePrefixed])
			if len(r.ACLs) != 1 {
				t.Errorf("%s has %d rules", r.ResourceName, len(r.ACLs))
			}
		}
		slices.Sort(got)
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%v %v: %s, want %s", tt.pattern, tt.name, s, tt.want)
		}
	}
	if c := as(a, "anna"); !c.May(kmsg.ACLOperationDescribe, kmsg.ACLResourceTypeTopic, "other") || c.May(kmsg.ACLOperationWrite, kmsg.ACLResourceTypeTopic, "t") {
		t.Error("the rules do not decide after a restart")
	}
	del := kmsg.NewPtrDeleteACLsRequest()
	f := kmsg.NewDeleteACLsRequestFilter()
	f.ResourceType, f.Operation, f.PermissionType = kmsg.ACLResourceTypeTopic, kmsg.ACLOperationAny, kmsg.ACLPermissionTypeAny
	f.ResourcePatternType, f.ResourceName = kmsg.ACLResourcePatternTypeMatch, at("t")
	unknown := f
	unknown.Operation = kmsg.ACLOperationUnknown
	del.Filters = []kmsg.DeleteACLsRequestFilter{f, f, unknown}
	resp := a.DeleteACLs(background(), as(a, "root"), del)
	if n, m := len(resp.Results[0].MatchingACLs), len(resp.Results[1].MatchingACLs); n != 3 || m != 3 || resp.Results[2].ErrorCode != kerr.InvalidRequest.Code {
		t.Errorf("deleted %d and %d, then code %d", n, m, resp.Results[2].ErrorCode)
	}
	if n := place.open(cfg).rules.count(); n != 3 {
		t.Errorf("%d rules are left after a restart, want 3", n)
	}
}

func TestOperationsOfACaller(t *testing.T) {
	a := open(t, Config{Authorize: true})
	a.rules.add(rule{kmsg.ACLResourceTypeTopic, "t", kmsg.ACLResourcePatternTypeLiteral, "User:anna", "*", kmsg.ACLOperationRead, true})
	want := int32(1<<kmsg.ACLOperationRead | 1<<kmsg.ACLOperationDescribe)
	if got := as(a, "anna").Operations(kmsg.ACLResourceTypeTopic, "t"); got != want {
		t.Errorf("anna: %b, want %b", got, want)
	}
	var everything *Caller
	if got := everything.Operations(kmsg.ACLResourceTypeTopic, "t"); got != 0b110111111000 {
		t.Errorf("the broker itself: %s", fmt.Sprintf("%b", got))
	}
}
