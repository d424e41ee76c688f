package access

import (
	"context"
	"maps"
	"math"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/keyed"
)

// The types of parts of an entity. Kafka knows "ip", too, for quotas on connections, which this broker does not have.
const (
	partUser   = "user"
	partClient = "client-id"
)

// storedEntity is an entity as JSON: absent is not there, the default is "" (no name is empty).
type storedEntity struct {
	User   *string `json:"user,omitempty"`
	Client *string `json:"client,omitempty"`
}

func (s storedEntity) entity() entity { return entity{nameOf(s.User), nameOf(s.Client)} }

func nameOf(s *string) name {
	switch {
	case s == nil:
		return absent()
	case *s == "":
		return standard()
	}
	return named(*s)
}

func (e entity) stored() (s storedEntity) {
	if e.user.set {
		s.User = &e.user.text
	}
	if e.client.set {
		s.Client = &e.client.text
	}
	return s
}

// DescribeClientQuotas answers which quotas match a filter.
func (a *Access) DescribeClientQuotas(_ context.Context, c *Caller, req *kmsg.DescribeClientQuotasRequest) *kmsg.DescribeClientQuotasResponse {
	resp := req.ResponseKind().(*kmsg.DescribeClientQuotasResponse)
	if err := a.refused(c, kmsg.ACLOperationDescribeConfigs, false); err != nil {
		resp.ErrorCode, resp.ErrorMessage = text(err, "")
		return resp
	}
	f, why, err := quotaFilterOf(req)
	if err != nil {
		resp.ErrorCode, resp.ErrorMessage = text(err, why)
		return resp
	}
	resp.Entries = []kmsg.DescribeClientQuotasResponseEntry{}
	for _, l := range a.quotas.list() {
		if f.match(l.entity) {
			resp.Entries = append(resp.Entries, entryOf(l))
		}
	}
	return resp
}

func entryOf(l limited) (e kmsg.DescribeClientQuotasResponseEntry) {
	add := func(kind string, n name) {
		if !n.set {
			return
		}
		part := kmsg.DescribeClientQuotasResponseEntryEntity{Type: kind}
		if !n.std {
			part.Name = &n.text
		}
		e.Entity = append(e.Entity, part)
	}
	add(partUser, l.entity.user)
	add(partClient, l.entity.client)
	for u := range uses {
		if v, ok := l.values[quotaName(u)]; ok {
			e.Values = append(e.Values, kmsg.DescribeClientQuotasResponseEntryValue{Key: quotaName(u), Value: v})
		}
	}
	return e
}

// quotaFilter says which names a part of an entity may have; nil: it is not asked for.
type quotaFilter struct {
	user, client func(name) bool
	strict       bool
}

func quotaFilterOf(req *kmsg.DescribeClientQuotasRequest) (f quotaFilter, why string, err error) {
	f.strict = req.Strict
	for _, x := range req.Components {
		part := &f.user
		switch x.EntityType {
		case partUser:
		case partClient:
			part = &f.client
		case "":
			return f, "Invalid empty entity type.", kerr.InvalidRequest
		case "ip":
			part = new(func(name) bool)
			f.user = func(name) bool { return false } // there are none
		default:
			return f, "Custom entity type '" + cut(x.EntityType) + "' not supported", kerr.UnsupportedVersion
		}
		if *part != nil {
			return f, "Entity type " + cut(x.EntityType) + " cannot appear more than once in the filter.", kerr.InvalidRequest
		}
		switch x.MatchType {
		case kmsg.QuotasMatchTypeExact:
			if x.Match == nil {
				return f, "Request specified MATCH_TYPE_EXACT, but set match string to null.", kerr.InvalidRequest
			}
			want := named(*x.Match)
			*part = func(n name) bool { return n == want }
		case kmsg.QuotasMatchTypeDefault:
			*part = func(n name) bool { return n == standard() }
		case kmsg.QuotasMatchTypeAny:
			*part = func(n name) bool { return n.set }
		default:
			return f, "Unknown match type", kerr.InvalidRequest
		}
		if x.MatchType != kmsg.QuotasMatchTypeExact && x.Match != nil {
			return f, "Request specified a match type other than MATCH_TYPE_EXACT, but also specified a match string.", kerr.InvalidRequest
		}
	}
	return f, "", nil
}

func (f *quotaFilter) match(e entity) bool {
	one := func(want func(name) bool, n name) bool {
		if want == nil {
			return !n.set || !f.strict
		}
		return want(n)
	}
	return one(f.user, e.user) && one(f.client, e.client)
}

// AlterClientQuotas sets and removes quotas.
func (a *Access) AlterClientQuotas(ctx context.Context, c *Caller, req *kmsg.AlterClientQuotasRequest) *kmsg.AlterClientQuotasResponse {
	resp := req.ResponseKind().(*kmsg.AlterClientQuotasResponse)
	a.change.Lock()
	defer a.change.Unlock()
	refusal := a.refused(c, kmsg.ACLOperationAlterConfigs, false)
	changes := map[entity]map[string]float64{}
	at := map[entity]int{}
	var entries []keyed.Entry
	for _, x := range req.Entries {
		r := kmsg.AlterClientQuotasResponseEntry{}
		for _, part := range x.Entity {
			r.Entity = append(r.Entity, kmsg.AlterClientQuotasResponseEntryEntity{Type: part.Type, Name: part.Name})
		}
		e, values, why := a.alterQuotas(&x)
		_, twice := changes[e]
		switch {
		case refusal != nil:
			r.ErrorCode, r.ErrorMessage = text(refusal, "")
		case why != "":
			r.ErrorCode, r.ErrorMessage = text(kerr.InvalidRequest, why)
		case twice:
			r.ErrorCode, r.ErrorMessage = text(kerr.InvalidRequest, "Duplicate entity")
		case a.quotas.get(e) == nil && len(values) > 0 && len(a.quotas.list())+len(changes) >= maxQuotas:
			r.ErrorCode, r.ErrorMessage = text(kerr.PolicyViolation, "there are too many quotas: delete some, or use the default entity")
		default:
			changes[e], at[e] = values, len(resp.Entries)
			k := entry(quotaWord, e.stored(), nil)
			if len(values) > 0 {
				k.Value = mustJSON(values)
			}
			entries = append(entries, k)
		}
		resp.Entries = append(resp.Entries, r)
	}
	if req.ValidateOnly {
		return resp
	}
	if err := a.keep(ctx, entries); err != nil {
		for _, i := range at {
			resp.Entries[i].ErrorCode, resp.Entries[i].ErrorMessage = text(err, "")
		}
		return resp
	}
	for e, values := range changes {
		a.quotas.set(e, values)
	}
	return resp
}

// alterQuotas returns what the quotas of an entity are after the change; why says what is wrong with it.
func (a *Access) alterQuotas(x *kmsg.AlterClientQuotasRequestEntry) (e entity, values map[string]float64, why string) {
	if e, why = entityOf(x.Entity); why != "" {
		return e, nil, why
	}
	values = maps.Clone(a.quotas.get(e))
	if values == nil {
		values = map[string]float64{}
	}
	seen := map[string]bool{}
	for _, op := range x.Ops {
		use := useOf(op.Key)
		switch {
		case use == uses:
			return e, nil, "Invalid configuration key " + cut(op.Key)
		case seen[op.Key]:
			return e, nil, "Duplicate quota " + op.Key
		}
		seen[op.Key] = true
		if op.Remove {
			delete(values, op.Key)
			continue
		}
		switch {
		case !(op.Value > 0) || math.IsInf(op.Value, 0):
			return e, nil, "Quota " + op.Key + " must be greater than 0"
		case (use == Produced || use == Fetched) && (op.Value != math.Trunc(op.Value) || op.Value > math.MaxInt64):
			return e, nil, op.Key + " must be a Long value"
		}
		values[op.Key] = op.Value
	}
	return e, values, ""
}

func useOf(quota string) Use {
	for u := range uses {
		if quotaName(u) == quota {
			return u
		}
	}
	return uses
}

func entityOf(parts []kmsg.AlterClientQuotasRequestEntryEntity) (e entity, why string) {
	if len(parts) == 0 {
		return e, "Invalid empty client quota entity"
	}
	for _, p := range parts {
		part := &e.user
		switch p.Type {
		case partUser:
		case partClient:
			part = &e.client
		case "ip":
			return e, "this broker has no quotas on connections by ip: bound them by its settings"
		default:
			return e, "Unhandled client quota entity type: " + cut(p.Type)
		}
		switch {
		case part.set:
			return e, "Invalid client quota entity, duplicate type " + p.Type
		case p.Name != nil && (*p.Name == "" || len(*p.Name) > maxName || !validName(*p.Name)):
			return e, "Invalid " + p.Type + ": a name has 1 to 1024 bytes of UTF-8"
		case p.Name == nil:
			*part = standard()
		default:
			*part = named(*p.Name)
		}
	}
	return e, ""
}
