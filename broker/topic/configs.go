package topic

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/access"
	"millrace/broker/partition"
)

// DescribeConfigs answers what settings topics and the broker have, and who says so (ConfigHelper).
func (t *Topics) DescribeConfigs(_ context.Context, c *access.Caller, req *kmsg.DescribeConfigsRequest) *kmsg.DescribeConfigsResponse {
	resp := req.ResponseKind().(*kmsg.DescribeConfigsResponse)
	for i := range req.Resources {
		r := &req.Resources[i]
		answer := kmsg.NewDescribeConfigsResponseResource()
		answer.ResourceType, answer.ResourceName = r.ResourceType, r.ResourceName
		configs, err := t.describe(c, r)
		answer.ErrorCode, answer.ErrorMessage = told(err)
		answer.Configs = []kmsg.DescribeConfigsResponseResourceConfig{}
		for _, cfg := range configs {
			if len(r.ConfigNames) > 0 && !slices.Contains(r.ConfigNames, cfg.Name) {
				continue
			}
			if !req.IncludeSynonyms {
				cfg.ConfigSynonyms = nil
			}
			if !req.IncludeDocumentation {
				cfg.Documentation = nil
			}
			answer.Configs = append(answer.Configs, cfg)
		}
		resp.Resources = append(resp.Resources, answer)
	}
	return resp
}

func (t *Topics) describe(c *access.Caller, r *kmsg.DescribeConfigsRequestResource) ([]kmsg.DescribeConfigsResponseResourceConfig, error) {
	const op = kmsg.ACLOperationDescribeConfigs
	switch r.ResourceType {
	case kmsg.ConfigResourceTypeTopic:
		if !may(c, op, r.ResourceName) {
			return nil, refuse(kerr.TopicAuthorizationFailed, textForbidden)
		}
		if err := checkName(r.ResourceName); err != nil {
			return nil, err
		}
		x, ok := t.view(r.ResourceName)
		if !ok {
			return nil, refuse(kerr.UnknownTopicOrPartition, textUnknown)
		}
		return t.describeTopic(x.set), nil
	case kmsg.ConfigResourceTypeBroker:
		if !c.May(op, aclCluster, access.Cluster) {
			return nil, refuse(kerr.ClusterAuthorizationFailed, textForbidden)
		}
		if err := checkNode(r.ResourceName); err != nil {
			return nil, err
		}
		return t.describeBroker(r.ResourceName), nil
	case kmsg.ConfigResourceTypeGroupConfig:
		if !c.May(op, aclGroup, r.ResourceName) {
			return nil, refuse(kerr.GroupAuthorizationFailed, textForbidden)
		}
		return nil, nil // no group has settings of its own
	case kmsg.ConfigResourceTypeClientMetrics:
		if !c.May(op, aclCluster, access.Cluster) {
			return nil, refuse(kerr.ClusterAuthorizationFailed, textForbidden)
		}
		return nil, nil // there are no subscriptions
	}
	return nil, noResource(r.ResourceType)
}

// checkNode says what is wrong with the name of a broker: "" stands for every one.
func checkNode(name string) error {
	if name == "" || name == nodeName() {
		return nil
	}
	if _, err := strconv.Atoi(name); err != nil {
		return refuse(kerr.InvalidRequest, "Broker id must be an integer, but it is: "+cut(name))
	}
	return refuse(kerr.InvalidRequest, "Unexpected broker id, expected "+nodeName()+" or empty string, but received "+cut(name))
}

func noResource(kind kmsg.ConfigResourceType) error {
	return refuse(kerr.InvalidRequest, "Unsupported resource type: "+kind.String())
}

func (t *Topics) describeTopic(set map[string]string) []kmsg.DescribeConfigsResponseResourceConfig {
	t.mu.RLock()
	defer t.mu.RUnlock()
	var all []kmsg.DescribeConfigsResponseResourceConfig
	for _, s := range t.table.list {
		values := t.values(s, set)
		cfg := describeSetting(s, s.name, values)
		if s.broker == "" {
			cfg.ConfigSynonyms = synonyms(values[:len(values)-1]) // the broker has no such setting that could be a default
		}
		all = append(all, cfg)
	}
	return all
}

func describeSetting(s *setting, name string, values []value) kmsg.DescribeConfigsResponseResourceConfig {
	cfg := kmsg.NewDescribeConfigsResponseResourceConfig()
	first := values[0]
	cfg.Name, cfg.Value, cfg.Source, cfg.ConfigType, cfg.Documentation = name, &first.text, first.source, s.kind, &s.doc
	cfg.IsDefault = first.source == kmsg.ConfigSourceDefaultConfig
	cfg.ConfigSynonyms = synonyms(values)
	return cfg
}

func synonyms(values []value) []kmsg.DescribeConfigsResponseResourceConfigConfigSynonym {
	all := []kmsg.DescribeConfigsResponseResourceConfigConfigSynonym{}
	for _, v := range values {
		all = append(all, kmsg.DescribeConfigsResponseResourceConfigConfigSynonym{Name: v.name, Value: &v.text, Source: v.source})
	}
	return all
}

// describeBroker returns the settings of the broker; of node "", which stands for every one, only what requests have set.
func (t *Topics) describeBroker(node string) []kmsg.DescribeConfigsResponseResourceConfig {
	t.mu.RLock()
	defer t.mu.RUnlock()
	var all []kmsg.DescribeConfigsResponseResourceConfig
	for _, name := range sortedKeys(t.table.broker) {
		s := t.table.broker[name]
		if node != "" {
			all = append(all, describeSetting(s, name, t.values(s, nil)))
		} else if v, ok := t.broker[""][name]; ok {
			all = append(all, describeSetting(s, name, []value{{name, v, kmsg.ConfigSourceDynamicDefaultBrokerConfig}}))
		}
	}
	if node == "" {
		return all
	}
	shown := t.shown()
	for _, name := range sortedKeys(shown) {
		cfg := kmsg.NewDescribeConfigsResponseResourceConfig()
		v := shown[name]
		cfg.Name, cfg.Value, cfg.Source, cfg.ReadOnly, cfg.ConfigType = name, &v, kmsg.ConfigSourceStaticBrokerConfig, true, kindOf(v)
		cfg.ConfigSynonyms = synonyms([]value{{name, v, kmsg.ConfigSourceStaticBrokerConfig}})
		cfg.Documentation = kmsg.StringPtr("Set by the broker's own configuration.")
		all = append(all, cfg)
	}
	return all
}

// shown returns the settings that clients may read and not change.
func (t *Topics) shown() map[string]string {
	all := map[string]string{
		"node.id": nodeName(), "broker.id": nodeName(), "process.roles": "broker,controller",
		"advertised.listeners":       fmt.Sprintf("PLAINTEXT://%s:%d", t.cfg.Host, t.cfg.Port),
		"log.dirs":                   t.cfg.Dir,
		"num.partitions":             strconv.Itoa(t.cfg.Partitions),
		"default.replication.factor": "1", "offsets.topic.replication.factor": "1", "transaction.state.log.replication.factor": "1",
		"auto.create.topics.enable":        strconv.FormatBool(!t.cfg.NoAutoCreate),
		"delete.topic.enable":              "true",
		"max.request.partition.size.limit": strconv.Itoa(maxPage),
	}
	if t.cfg.Env.Flush == partition.FlushInterval {
		all["log.flush.scheduler.interval.ms"] = num(t.cfg.Env.Every.Milliseconds())
	}
	for name, v := range t.cfg.Broker {
		all[name] = v
	}
	return all
}

// kindOf guesses the type of a setting that is only shown.
func kindOf(v string) kmsg.ConfigType {
	if v == "true" || v == "false" {
		return kmsg.ConfigTypeBoolean
	}
	if n, err := strconv.ParseInt(v, 10, 64); err == nil {
		if n == int64(int32(n)) {
			return kmsg.ConfigTypeInt
		}
		return kmsg.ConfigTypeLong
	}
	return kmsg.ConfigTypeString
}

// ListConfigResources lists what has settings: topics, the broker, groups (none), subscriptions of metrics (none) (KIP-1142).
func (t *Topics) ListConfigResources(_ context.Context, c *access.Caller, req *kmsg.ListConfigResourcesRequest) *kmsg.ListConfigResourcesResponse {
	resp := req.ResponseKind().(*kmsg.ListConfigResourcesResponse)
	resp.ConfigResources = []kmsg.ListConfigResourcesResponseConfigResource{}
	if !c.May(kmsg.ACLOperationDescribeConfigs, aclCluster, access.Cluster) {
		resp.ErrorCode = kerr.ClusterAuthorizationFailed.Code
		return resp
	}
	types := req.ResourceTypes
	switch {
	case req.Version == 0:
		types = []int8{int8(kmsg.ConfigResourceTypeClientMetrics)}
	case len(types) == 0:
		types = []int8{
			int8(kmsg.ConfigResourceTypeTopic), int8(kmsg.ConfigResourceTypeBroker), int8(kmsg.ConfigResourceTypeBrokerLogger),
			int8(kmsg.ConfigResourceTypeClientMetrics), int8(kmsg.ConfigResourceTypeGroupConfig),
		}
	}
	add := func(name string, kind int8) {
		resp.ConfigResources = append(resp.ConfigResources, kmsg.ListConfigResourcesResponseConfigResource{Name: name, Type: kind})
	}
	for i, kind := range types {
		if slices.Contains(types[:i], kind) {
			continue
		}
		switch kmsg.ConfigResourceType(kind) {
		case kmsg.ConfigResourceTypeTopic:
			for _, name := range t.Names() {
				if may(c, kmsg.ACLOperationDescribeConfigs, name) {
					add(name, kind)
				}
			}
		case kmsg.ConfigResourceTypeBroker, kmsg.ConfigResourceTypeBrokerLogger:
			add(nodeName(), kind)
		case kmsg.ConfigResourceTypeClientMetrics, kmsg.ConfigResourceTypeGroupConfig:
		default:
			resp.ErrorCode = kerr.UnsupportedVersion.Code
			resp.ConfigResources = []kmsg.ListConfigResourcesResponseConfigResource{}
			return resp
		}
	}
	return resp
}
