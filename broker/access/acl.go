package access

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/keyed"
)

// text makes the message of an answer.
func text(err error, more string) (code int16, message *string) {
	e := kerr.TypedErrorForCode(codeOf(err))
	if more == "" && e != nil {
		more = e.Description
	}
	return codeOf(err), &more
}

func codeOf(err error) int16 {
	if e, ok := err.(*kerr.Error); ok {
		return e.Code
	}
	return kerr.KafkaStorageError.Code // the disk's: a client may try again
}

// refused says why a request about the whole cluster is not answered.
func (a *Access) refused(c *Caller, op kmsg.ACLOperation, byRules bool) error {
	if !c.May(op, kmsg.ACLResourceTypeCluster, Cluster) {
		return kerr.ClusterAuthorizationFailed
	}
	if byRules && !a.cfg.Authorize {
		return kerr.SecurityDisabled
	}
	return nil
}

const noAuthorizer = "No Authorizer is configured on the broker"

func describeRefusal(err error) string {
	if err == kerr.SecurityDisabled {
		return noAuthorizer
	}
	return "Cluster authorization failed."
}

// DescribeACLs answers which rules match a filter.
func (a *Access) DescribeACLs(_ context.Context, c *Caller, req *kmsg.DescribeACLsRequest) *kmsg.DescribeACLsResponse {
	resp := req.ResponseKind().(*kmsg.DescribeACLsResponse)
	if err := a.refused(c, kmsg.ACLOperationDescribe, true); err != nil {
		resp.ErrorCode, resp.ErrorMessage = text(err, describeRefusal(err))
		return resp
	}
	f := filter{
		req.ResourceType, req.ResourceName, req.ResourcePatternType, req.Principal, req.Host, req.Operation, req.PermissionType,
	}
	if why := f.wrong(); why != "" {
		resp.ErrorCode, resp.ErrorMessage = text(kerr.InvalidRequest, why)
		return resp
	}
	var last *kmsg.DescribeACLsResponseResource
	for _, r := range f.matches(a.rules.list()) {
		if last == nil || (pattern{last.ResourceType, last.ResourcePatternType, last.ResourceName}) != r.pattern() {
			resp.Resources = append(resp.Resources, kmsg.DescribeACLsResponseResource{
				ResourceType: r.Kind, ResourceName: r.Name, ResourcePatternType: r.Pattern,
			})
			last = &resp.Resources[len(resp.Resources)-1]
		}
		last.ACLs = append(last.ACLs, kmsg.DescribeACLsResponseResourceACL{
			Principal: r.Principal, Host: r.Host, Operation: r.Op, PermissionType: r.permission(),
		})
	}
	return resp
}

func (r rule) permission() kmsg.ACLPermissionType {
	if r.Allow {
		return kmsg.ACLPermissionTypeAllow
	}
	return kmsg.ACLPermissionTypeDeny
}

// CreateACLs adds rules. Those that are there already stay.
func (a *Access) CreateACLs(ctx context.Context, c *Caller, req *kmsg.CreateACLsRequest) *kmsg.CreateACLsResponse {
	resp := req.ResponseKind().(*kmsg.CreateACLsResponse)
	resp.Results = make([]kmsg.CreateACLsResponseResult, len(req.Creations))
	if err := a.refused(c, kmsg.ACLOperationAlter, true); err != nil {
		for i := range resp.Results {
			resp.Results[i].ErrorCode, resp.Results[i].ErrorMessage = text(err, describeRefusal(err))
		}
		return resp
	}
	a.change.Lock()
	defer a.change.Unlock()
	var fresh []rule
	var entries []keyed.Entry
	indexes := map[int]bool{}
	seen := map[rule]bool{}
	for i := range req.Creations {
		r, why := ruleOf(&req.Creations[i])
		res := &resp.Results[i]
		switch {
		case why != "":
			res.ErrorCode, res.ErrorMessage = text(kerr.InvalidRequest, why)
		case a.rules.has(r) || seen[r]:
		case a.rules.count()+len(fresh) >= maxRules:
			res.ErrorCode, res.ErrorMessage = text(kerr.PolicyViolation, "there are too many ACLs: delete some, or use prefixes")
		default:
			seen[r], indexes[i] = true, true
			fresh = append(fresh, r)
			entries = append(entries, entry(ruleWord, r, struct{}{}))
		}
	}
	if err := a.keep(ctx, entries); err != nil {
		for i := range indexes {
			resp.Results[i].ErrorCode, resp.Results[i].ErrorMessage = text(err, err.Error())
		}
		return resp
	}
	for _, r := range fresh {
		a.rules.add(r)
	}
	return resp
}

// ruleOf checks a rule as AclApis and AclControlManager do; why says what is wrong with it.
func ruleOf(x *kmsg.CreateACLsRequestCreation) (r rule, why string) {
	kind, name, ok := strings.Cut(x.Principal, ":")
	switch {
	case x.ResourceType <= kmsg.ACLResourceTypeAny || x.ResourceType > kmsg.ACLResourceTypeUser:
		return r, "Invalid resourceType " + x.ResourceType.String()
	case x.ResourcePatternType != kmsg.ACLResourcePatternTypeLiteral && x.ResourcePatternType != kmsg.ACLResourcePatternTypePrefixed:
		return r, "Invalid patternType " + x.ResourcePatternType.String()
	case x.Operation <= kmsg.ACLOperationAny || x.Operation > lastOperation:
		return r, "Invalid operation " + x.Operation.String()
	case x.PermissionType != kmsg.ACLPermissionTypeAllow && x.PermissionType != kmsg.ACLPermissionTypeDeny:
		return r, "Invalid permissionType " + x.PermissionType.String()
	case x.ResourceName == "":
		return r, "Resource name should not be empty"
	case x.ResourceType == kmsg.ACLResourceTypeCluster && x.ResourceName != Cluster:
		return r, "The only valid name for the CLUSTER resource is kafka-cluster"
	case !ok || kind == "" || name == "":
		return r, "Could not parse principal from `" + cut(x.Principal) + "` (no colon is present separating the principal type from the principal name)"
	case x.Host == "":
		return r, "Invalid empty host"
	}
	for _, s := range []string{x.ResourceName, x.Principal, x.Host} {
		if len(s) > maxName || !validName(s) {
			return r, "a name has up to 1024 bytes of UTF-8: " + cut(s)
		}
	}
	return rule{
		x.ResourceType, x.ResourceName, x.ResourcePatternType, x.Principal, x.Host, x.Operation,
		x.PermissionType == kmsg.ACLPermissionTypeAllow,
	}, ""
}

// lastOperation is TWO_PHASE_COMMIT (KIP-939).
const lastOperation = kmsg.ACLOperation(15)

// cut bounds what an answer repeats of a request.
func cut(s string) string {
	if len(s) > 100 {
		s = s[:100] + "…"
	}
	return strings.ToValidUTF8(s, "?")
}

// DeleteACLs deletes the rules that match filters and says which.
func (a *Access) DeleteACLs(ctx context.Context, c *Caller, req *kmsg.DeleteACLsRequest) *kmsg.DeleteACLsResponse {
	resp := req.ResponseKind().(*kmsg.DeleteACLsResponse)
	resp.Results = make([]kmsg.DeleteACLsResponseResult, len(req.Filters))
	if err := a.refused(c, kmsg.ACLOperationAlter, true); err != nil {
		for i := range resp.Results {
			resp.Results[i].ErrorCode, resp.Results[i].ErrorMessage = text(err, describeRefusal(err))
		}
		return resp
	}
	a.change.Lock()
	defer a.change.Unlock()
	gone := map[rule]bool{}
	var entries []keyed.Entry
	for i := range req.Filters {
		x, res := &req.Filters[i], &resp.Results[i]
		f := filter{x.ResourceType, x.ResourceName, x.ResourcePatternType, x.Principal, x.Host, x.Operation, x.PermissionType}
		if why := f.wrong(); why != "" {
			res.ErrorCode, res.ErrorMessage = text(kerr.InvalidRequest, why)
			continue
		}
		for _, r := range f.matches(a.rules.list()) {
			if !gone[r] {
				gone[r] = true
				entries = append(entries, entry(ruleWord, r, nil))
			}
			res.MatchingACLs = append(res.MatchingACLs, kmsg.DeleteACLsResponseResultMatchingACL{
				ResourceType: r.Kind, ResourceName: r.Name, ResourcePatternType: r.Pattern,
				Principal: r.Principal, Host: r.Host, Operation: r.Op, PermissionType: r.permission(),
			})
		}
	}
	if err := a.keep(ctx, entries); err != nil {
		for i := range resp.Results {
			resp.Results[i] = kmsg.DeleteACLsResponseResult{}
			resp.Results[i].ErrorCode, resp.Results[i].ErrorMessage = text(err, err.Error())
		}
		return resp
	}
	for r := range gone {
		a.rules.remove(r)
	}
	return resp
}

// filter is an AclBindingFilter: what is nil or ANY matches everything.
type filter struct {
	kind       kmsg.ACLResourceType
	name       *string
	pattern    kmsg.ACLResourcePatternType
	principal  *string
	host       *string
	op         kmsg.ACLOperation
	permission kmsg.ACLPermissionType
}

func (f *filter) wrong() string {
	switch {
	case f.kind < kmsg.ACLResourceTypeAny || f.kind > kmsg.ACLResourceTypeUser:
		return "The AclBindingFilter has an unknown resource type"
	case f.pattern < kmsg.ACLResourcePatternTypeAny || f.pattern > kmsg.ACLResourcePatternTypePrefixed:
		return "The AclBindingFilter has an unknown pattern type"
	case f.op < kmsg.ACLOperationAny || f.op > lastOperation:
		return "The AclBindingFilter has an unknown operation"
	case f.permission < kmsg.ACLPermissionTypeAny || f.permission > kmsg.ACLPermissionTypeAllow:
		return "The AclBindingFilter has an unknown permission type"
	}
	return ""
}

// matches returns the rules that match, by resource.
func (f *filter) matches(rules []rule) []rule {
	rules = slices.DeleteFunc(rules, func(r rule) bool { return !f.match(r) })
	slices.SortFunc(rules, func(a, b rule) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Pattern, b.Pattern), cmp.Compare(a.Name, b.Name),
			cmp.Compare(a.Principal, b.Principal), cmp.Compare(a.Host, b.Host), cmp.Compare(a.Op, b.Op), cmp.Compare(a.permission(), b.permission()))
	})
	return rules
}

func (f *filter) match(r rule) bool {
	return (f.kind == kmsg.ACLResourceTypeAny || f.kind == r.Kind) &&
		f.matchName(r) &&
		(f.principal == nil || *f.principal == r.Principal) &&
		(f.host == nil || *f.host == r.Host) &&
		(f.op == kmsg.ACLOperationAny || f.op == r.Op) &&
		(f.permission == kmsg.ACLPermissionTypeAny || f.permission == r.permission())
}

func (f *filter) matchName(r rule) bool {
	switch f.pattern {
	case kmsg.ACLResourcePatternTypeAny:
		return f.name == nil || *f.name == r.Name
	case kmsg.ACLResourcePatternTypeMatch: // all that would decide about the name
		if f.name == nil || *f.name == r.Name {
			return true
		}
		if r.Pattern == kmsg.ACLResourcePatternTypePrefixed {
			return strings.HasPrefix(*f.name, r.Name)
		}
		return r.Name == wildcard
	}
	return f.pattern == r.Pattern && (f.name == nil || *f.name == r.Name)
}
