package access

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// rule is an ACL. It is comparable: two that are equal are one.
type rule struct {
	Kind      kmsg.ACLResourceType        `json:"resource"`
	Name      string                      `json:"name"`
	Pattern   kmsg.ACLResourcePatternType `json:"pattern"`
	Principal string                      `json:"principal"`
	Host      string                      `json:"host"`
	Op        kmsg.ACLOperation           `json:"operation"`
	Allow     bool                        `json:"allow"`
}

// wildcard stands for every name, principal (behind User:) and host.
const wildcard = "*"

// Rules are the ACLs of the broker.
type Rules struct {
	superusers map[string]bool
	unruled    bool

	mu  sync.RWMutex
	all map[rule]bool
	// named finds the rules of one resource: literal names, prefixes and the wildcard.
	named map[pattern][]rule
	// prefixes are the lengths of prefixes that there are, so that a name is cut only where it may hit; how many rules have each.
	prefixes map[prefixLength]int
}

type pattern struct {
	kind    kmsg.ACLResourceType
	pattern kmsg.ACLResourcePatternType
	name    string
}

type prefixLength struct {
	kind   kmsg.ACLResourceType
	length int
}

func newRules(cfg Config) *Rules {
	r := &Rules{
		superusers: map[string]bool{}, unruled: cfg.AllowUnruled,
		all: map[rule]bool{}, named: map[pattern][]rule{}, prefixes: map[prefixLength]int{},
	}
	for _, name := range cfg.Superusers {
		r.superusers[strings.TrimPrefix(name, "User:")] = true
	}
	return r
}

func (r rule) pattern() pattern { return pattern{r.Kind, r.Pattern, r.Name} }

func (r *Rules) add(x rule) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.all[x] {
		return
	}
	r.all[x] = true
	p := x.pattern()
	r.named[p] = append(r.named[p], x)
	if x.Pattern == kmsg.ACLResourcePatternTypePrefixed {
		r.prefixes[prefixLength{x.Kind, len(x.Name)}]++
	}
}

func (r *Rules) remove(x rule) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.all[x] {
		return
	}
	delete(r.all, x)
	p := x.pattern()
	left := slices.DeleteFunc(r.named[p], func(o rule) bool { return o == x })
	if r.named[p] = left; len(left) == 0 {
		delete(r.named, p)
	}
	if x.Pattern == kmsg.ACLResourcePatternTypePrefixed {
		n := prefixLength{x.Kind, len(x.Name)}
		if r.prefixes[n]--; r.prefixes[n] == 0 {
			delete(r.prefixes, n)
		}
	}
}

func (r *Rules) has(x rule) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.all[x]
}

// list returns all rules, in no order.
func (r *Rules) list() []rule {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.Collect(maps.Keys(r.all))
}

func (r *Rules) count() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.all)
}

// allows decides as Kafka's StandardAuthorizer: superusers may; a rule that denies wins over those that allow; where
// rules name the resource and none is about the caller, it may not.
func (r *Rules) allows(c *Caller, op kmsg.ACLOperation, kind kmsg.ACLResourceType, name string) bool {
	if r.superusers[c.User] {
		return true
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	v := verdict{caller: c, op: op}
	v.look(r.named[pattern{kind, kmsg.ACLResourcePatternTypeLiteral, name}])
	if name != wildcard {
		v.look(r.named[pattern{kind, kmsg.ACLResourcePatternTypeLiteral, wildcard}])
	}
	for n := range r.prefixes {
		if n.kind == kind && n.length <= len(name) {
			v.look(r.named[pattern{kind, kmsg.ACLResourcePatternTypePrefixed, name[:n.length]}])
		}
	}
	if v.denied || v.allowed {
		return !v.denied
	}
	return !v.ruled && r.unruled
}

type verdict struct {
	caller                 *Caller
	op                     kmsg.ACLOperation
	ruled, allowed, denied bool
}

func (v *verdict) look(rules []rule) {
	for _, x := range rules {
		v.ruled = true
		if !x.about(v.caller) || !x.covers(v.op) {
			continue
		}
		if x.Allow {
			v.allowed = true
		} else {
			v.denied = true
		}
	}
}

func (r rule) about(c *Caller) bool {
	user, ok := strings.CutPrefix(r.Principal, "User:")
	return ok && (user == c.User || user == wildcard) && (r.Host == wildcard || r.Host == c.Host)
}

// covers says whether the rule decides about an operation. Who is allowed to read, write, delete or alter may
// describe, too; who is denied to may still.
func (r rule) covers(op kmsg.ACLOperation) bool {
	if r.Op == kmsg.ACLOperationAll || r.Op == op {
		return true
	}
	if !r.Allow {
		return false
	}
	switch op {
	case kmsg.ACLOperationDescribe:
		return r.Op == kmsg.ACLOperationRead || r.Op == kmsg.ACLOperationWrite || r.Op == kmsg.ACLOperationDelete || r.Op == kmsg.ACLOperationAlter
	case kmsg.ACLOperationDescribeConfigs:
		return r.Op == kmsg.ACLOperationAlterConfigs
	}
	return false
}

// allowsAny is Authorizer.authorizeByResourceType: an allowed name or prefix that no denial covers whole.
func (r *Rules) allowsAny(c *Caller, op kmsg.ACLOperation, kind kmsg.ACLResourceType) bool {
	if r.superusers[c.User] || r.allows(c, op, kind, "hardcode") {
		return true
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	var denied, allowed []pattern
	for p, rules := range r.named {
		if p.kind != kind {
			continue
		}
		for _, x := range rules {
			// As in Kafka, only the operation itself and ALL count here, implied ones do not.
			if !x.about(c) || x.Op != op && x.Op != kmsg.ACLOperationAll {
				continue
			}
			if x.Allow {
				allowed = append(allowed, p)
			} else {
				denied = append(denied, p)
			}
		}
	}
	return slices.ContainsFunc(allowed, func(a pattern) bool {
		return !slices.ContainsFunc(denied, func(d pattern) bool { return d.contains(a) })
	})
}

// contains says whether all that o names is named by p.
func (p pattern) contains(o pattern) bool {
	literal := p.pattern == kmsg.ACLResourcePatternTypeLiteral
	switch {
	case literal && p.name == wildcard:
		return true
	case literal || o.pattern == kmsg.ACLResourcePatternTypeLiteral && o.name == wildcard:
		return p == o
	}
	return strings.HasPrefix(o.name, p.name)
}
