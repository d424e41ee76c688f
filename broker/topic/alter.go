package topic

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/access"
)

// edit is what a request does to one setting.
type edit struct {
	name  string
	op    kmsg.IncrementalAlterConfigOp
	value *string
}

// target is what a request changes the settings of.
type target struct {
	kind kmsg.ConfigResourceType
	name string
}

// AlterConfigs replaces all settings of topics and the broker: those that the request does not name go back to their defaults.
func (t *Topics) AlterConfigs(ctx context.Context, c *access.Caller, req *kmsg.AlterConfigsRequest) *kmsg.AlterConfigsResponse {
	resp := req.ResponseKind().(*kmsg.AlterConfigsResponse)
	t.change.Lock()
	defer t.change.Unlock()
	times := map[target]int{}
	for _, r := range req.Resources {
		times[target{r.ResourceType, r.ResourceName}]++
	}
	for _, r := range req.Resources {
		on := target{r.ResourceType, r.ResourceName}
		var changes []edit
		for _, cfg := range r.Configs {
			changes = append(changes, edit{cfg.Name, kmsg.IncrementalAlterConfigOpSet, cfg.Value})
		}
		err := t.alter(ctx, c, on, times[on] > 1, changes, true, req.ValidateOnly)
		answer := kmsg.AlterConfigsResponseResource{ResourceType: r.ResourceType, ResourceName: r.ResourceName}
		answer.ErrorCode, answer.ErrorMessage = told(err)
		resp.Resources = append(resp.Resources, answer)
	}
	return resp
}

// IncrementalAlterConfigs changes single settings of topics and the broker (KIP-339).
func (t *Topics) IncrementalAlterConfigs(ctx context.Context, c *access.Caller, req *kmsg.IncrementalAlterConfigsRequest) *kmsg.IncrementalAlterConfigsResponse {
	resp := req.ResponseKind().(*kmsg.IncrementalAlterConfigsResponse)
	t.change.Lock()
	defer t.change.Unlock()
	times := map[target]int{}
	for _, r := range req.Resources {
		times[target{r.ResourceType, r.ResourceName}]++
	}
	for _, r := range req.Resources {
		on := target{r.ResourceType, r.ResourceName}
		var changes []edit
		for _, cfg := range r.Configs {
			changes = append(changes, edit{cfg.Name, cfg.Op, cfg.Value})
		}
		err := t.alter(ctx, c, on, times[on] > 1, changes, false, req.ValidateOnly)
		answer := kmsg.IncrementalAlterConfigsResponseResource{ResourceType: r.ResourceType, ResourceName: r.ResourceName}
		answer.ErrorCode, answer.ErrorMessage = told(err)
		resp.Resources = append(resp.Resources, answer)
	}
	return resp
}

// alter changes the settings of one target, all or none of them. anew forgets what was set before. The caller holds change.
func (t *Topics) alter(ctx context.Context, c *access.Caller, on target, twice bool, changes []edit, anew, validateOnly bool) error {
	if err := t.mayAlter(c, on); err != nil {
		return err
	}
	if twice {
		return refuse(kerr.InvalidRequest, "Each resource must appear at most once.")
	}
	for i, ch := range changes {
		if slices.ContainsFunc(changes[:i], func(o edit) bool { return o.name == ch.name }) {
			return refuse(kerr.InvalidRequest, "Error due to duplicate config keys: "+cut(ch.name))
		}
	}
	if on.kind == kmsg.ConfigResourceTypeTopic {
		return t.alterTopic(ctx, on.name, changes, anew, validateOnly)
	}
	return t.alterBroker(ctx, on.name, changes, anew, validateOnly)
}

func (t *Topics) mayAlter(c *access.Caller, on target) error {
	const op = kmsg.ACLOperationAlterConfigs
	switch on.kind {
	case kmsg.ConfigResourceTypeTopic:
		if !may(c, op, on.name) {
			return refuse(kerr.TopicAuthorizationFailed, textForbidden)
		}
		if err := checkName(on.name); err != nil {
			return err
		}
		if _, _, ok := t.Lookup(on.name); !ok {
			return refuse(kerr.UnknownTopicOrPartition, "The topic '"+on.name+"' does not exist.")
		}
		return nil
	case kmsg.ConfigResourceTypeBroker:
		if !c.May(op, aclCluster, access.Cluster) {
			return refuse(kerr.ClusterAuthorizationFailed, textForbidden)
		}
		return checkNode(on.name)
	case kmsg.ConfigResourceTypeGroupConfig:
		if !c.May(op, aclGroup, on.name) {
			return refuse(kerr.GroupAuthorizationFailed, textForbidden)
		}
	default:
		if !c.May(op, aclCluster, access.Cluster) {
			return refuse(kerr.ClusterAuthorizationFailed, textForbidden)
		}
	}
	return noResource(on.kind)
}

func (t *Topics) alterTopic(ctx context.Context, name string, changes []edit, anew, validateOnly bool) error {
	x, _ := t.view(name) // it is there: mayAlter has looked, and change is held
	find := func(name string) (*setting, error) {
		if s := t.table.topic[name]; s != nil {
			return s, nil
		}
		return nil, refuse(kerr.InvalidConfig, "Unknown topic config name: "+cut(name))
	}
	now := func(s *setting) string {
		t.mu.RLock()
		defer t.mu.RUnlock()
		return t.values(s, x.set)[0].text
	}
	set, err := merge(x.set, changes, anew, find, now)
	if err != nil {
		return err
	}
	if err := t.checkTogether(set); err != nil || validateOnly {
		return err
	}
	r := x.record()
	r.Configs = set
	if err := t.keep(ctx, put(name, r)); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	y := x
	y.set = set
	t.names[name], t.ids[y.id] = &y, &y
	t.apply(&y)
	return nil
}

// apply tells the logs of a topic what its settings mean now. The caller holds mu.
func (t *Topics) apply(x *topic) {
	for i, l := range x.logs {
		l.SetConfig(t.meaning(x.name, i, x.set))
	}
}

func (t *Topics) alterBroker(ctx context.Context, node string, changes []edit, anew, validateOnly bool) error {
	find := func(name string) (*setting, error) {
		if s := t.table.broker[name]; s != nil {
			return &setting{name: name, broker: name, kind: s.kind, std: s.std, check: s.check}, nil
		}
		t.mu.RLock()
		defer t.mu.RUnlock()
		if _, ok := t.shown()[name]; ok {
			return nil, refuse(kerr.InvalidRequest, "Cannot update these configs dynamically: "+name)
		}
		return nil, refuse(kerr.InvalidConfig, "this broker has no setting "+cut(name)+" that could be changed while it runs")
	}
	t.mu.RLock()
	before := t.broker[node]
	t.mu.RUnlock()
	now := func(s *setting) string {
		t.mu.RLock()
		defer t.mu.RUnlock()
		return t.values(t.table.broker[s.broker], nil)[0].text
	}
	set, err := merge(before, changes, anew, find, now)
	if err != nil || validateOnly {
		return err
	}
	if err := t.keep(ctx, putBroker(node, set)); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	next := maps.Clone(t.broker)
	next[node] = set
	t.broker = next
	for _, x := range t.names {
		t.apply(x)
	}
	return nil
}

// merge returns settings after changes to them (ConfigurationControlManager.incrementalAlterConfigResource). now says what a setting is that was not set.
func merge(before map[string]string, changes []edit, anew bool, find func(string) (*setting, error), now func(*setting) string) (map[string]string, error) {
	set := map[string]string{}
	if !anew {
		maps.Copy(set, before)
	}
	for _, ch := range changes {
		if ch.op == kmsg.IncrementalAlterConfigOpDelete { // known or not, as in Kafka
			delete(set, ch.name)
			continue
		}
		s, err := find(ch.name)
		if err != nil {
			return nil, err
		}
		if ch.value == nil {
			return nil, refuse(kerr.InvalidRequest, "Null value not supported for : "+ch.name)
		}
		v := *ch.value
		switch ch.op {
		case kmsg.IncrementalAlterConfigOpSet:
		case kmsg.IncrementalAlterConfigOpAppend, kmsg.IncrementalAlterConfigOpSubtract:
			if v, err = mergeList(s, ch, set, now); err != nil {
				return nil, err
			}
		default:
			return nil, refuse(kerr.InvalidRequest, "Unknown operation on setting "+ch.name)
		}
		if set[ch.name], err = s.parse(v); err != nil {
			return nil, err
		}
	}
	return set, nil
}

func mergeList(s *setting, ch edit, set map[string]string, now func(*setting) string) (string, error) {
	op := "APPEND"
	if ch.op == kmsg.IncrementalAlterConfigOpSubtract {
		op = "SUBTRACT"
	}
	if s.kind != kmsg.ConfigTypeList {
		return "", refuse(kerr.InvalidConfig, "Can't "+op+" to key "+ch.name+" because its type is not LIST.")
	}
	have, ok := set[ch.name]
	if !ok {
		have = now(s)
	}
	items := splitList(have)
	for _, item := range splitList(*ch.value) {
		i := slices.Index(items, item)
		switch {
		case op == "APPEND" && i < 0:
			items = append(items, item)
		case op == "SUBTRACT" && i >= 0:
			items = slices.Delete(items, i, i+1)
		}
	}
	return strings.Join(items, ","), nil
}
