package topic

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/access"
	"millrace/broker/partition"
)

const (
	onTopic  = kmsg.ConfigResourceTypeTopic
	onBroker = kmsg.ConfigResourceTypeBroker
)

func (w *world) describeOne(c *access.Caller, kind kmsg.ConfigResourceType, name string, keys ...string) kmsg.DescribeConfigsResponseResource {
	req := kmsg.NewPtrDescribeConfigsRequest()
	req.Version, req.IncludeSynonyms, req.IncludeDocumentation = 4, true, true
	req.Resources = []kmsg.DescribeConfigsRequestResource{{ResourceType: kind, ResourceName: name, ConfigNames: keys}}
	return w.DescribeConfigs(ctx(), c, req).Resources[0]
}

// What Kafka 4.3.1 answers of a topic for which nothing is set: name, default, type and the broker's setting.
const kafkaDefaults = `cleanup.policy delete LIST log.cleanup.policy
compression.gzip.level -1 INT compression.gzip.level
compression.lz4.level 9 INT compression.lz4.level
compression.type producer STRING compression.type
compression.zstd.level 3 INT compression.zstd.level
delete.retention.ms 86400000 LONG log.cleaner.delete.retention.ms
file.delete.delay.ms 60000 LONG log.segment.delete.delay.ms
flush.messages 9223372036854775807 LONG log.flush.interval.messages
flush.ms 9223372036854775807 LONG log.flush.interval.ms
follower.replication.throttled.replicas  LIST 
index.interval.bytes 4096 INT log.index.interval.bytes
leader.replication.throttled.replicas  LIST 
local.retention.bytes -2 LONG log.local.retention.bytes
local.retention.ms -2 LONG log.local.retention.ms
max.compaction.lag.ms 9223372036854775807 LONG log.cleaner.max.compaction.lag.ms
max.message.bytes 1048588 INT message.max.bytes
message.timestamp.after.max.ms 3600000 LONG log.message.timestamp.after.max.ms
message.timestamp.before.max.ms 9223372036854775807 LONG log.message.timestamp.before.max.ms
message.timestamp.type CreateTime STRING log.message.timestamp.type
min.cleanable.dirty.ratio 0.5 DOUBLE log.cleaner.min.cleanable.ratio
min.compaction.lag.ms 0 LONG log.cleaner.min.compaction.lag.ms
min.insync.replicas 1 INT min.insync.replicas
preallocate false BOOLEAN log.preallocate
remote.log.copy.disable false BOOLEAN 
remote.log.delete.on.disable false BOOLEAN 
remote.storage.enable false BOOLEAN 
retention.bytes -1 LONG log.retention.bytes
retention.ms 604800000 LONG log.retention.ms
segment.bytes 1073741824 INT log.segment.bytes
segment.index.bytes 10485760 INT log.index.size.max.bytes
segment.jitter.ms 0 LONG log.roll.jitter.ms
segment.ms 604800000 LONG log.roll.ms
unclean.leader.election.enable false BOOLEAN unclean.leader.election.enable`

func TestSettingsAreThoseOfKafka(t *testing.T) {
	w := newWorld(t, nil)
	w.mustCreate("t", 1)
	r := w.describeOne(nil, onTopic, "t")
	answers(t, "describe", r.ErrorCode, nil)
	var got []string
	for _, c := range r.Configs {
		synonym := ""
		if len(c.ConfigSynonyms) > 0 {
			synonym = c.ConfigSynonyms[0].Name
		}
		got = append(got, fmt.Sprintf("%s %s %v %s", c.Name, *c.Value, c.ConfigType, synonym))
		if c.ReadOnly || c.IsSensitive || !c.IsDefault || c.Source != kmsg.ConfigSourceDefaultConfig || c.Documentation == nil || !strings.HasSuffix(*c.Documentation, ".") {
			t.Errorf("%+v", c)
		}
	}
	if s := strings.Join(got, "\n"); s != kafkaDefaults {
		t.Errorf("settings:\n%s\nwant\n%s", s, kafkaDefaults)
	}
	// Each default is a value that may be set.
	for _, s := range w.table.list {
		if v, err := s.parse(s.std); err != nil || v != s.std {
			t.Errorf("%s does not take its own default: %q, %v", s.name, v, err)
		}
	}
}

func (w *world) alterOne(c *access.Caller, kind kmsg.ConfigResourceType, name string, op kmsg.IncrementalAlterConfigOp, key string, v *string) int16 {
	req := kmsg.NewPtrIncrementalAlterConfigsRequest()
	req.Resources = []kmsg.IncrementalAlterConfigsRequestResource{{
		ResourceType: kind, ResourceName: name, Configs: []kmsg.IncrementalAlterConfigsRequestResourceConfig{{Name: key, Op: op, Value: v}},
	}}
	return w.IncrementalAlterConfigs(ctx(), c, req).Resources[0].ErrorCode
}

const (
	set      = kmsg.IncrementalAlterConfigOpSet
	remove   = kmsg.IncrementalAlterConfigOpDelete
	add      = kmsg.IncrementalAlterConfigOpAppend
	subtract = kmsg.IncrementalAlterConfigOpSubtract
)

func TestWhichValuesAreTaken(t *testing.T) {
	w := newWorld(t, nil)
	w.mustCreate("t", 1)
	for _, tt := range []struct {
		key  string
		good string
		bad  string
	}{
		{"cleanup.policy", "delete;compact;delete,compact;compact , delete;delete,delete;", "x;delete,x;delete,"},
		{"retention.ms", "-1;0;1;9223372036854775807", "-2;9223372036854775808;1.5;x;"},
		{"retention.bytes", "-1;0", "-2"},
		{"segment.bytes", "1048576;2147483647", "1048575;2147483648"},
		{"segment.ms", "1", "0"},
		{"segment.jitter.ms", "0;5", "-1"},
		{"segment.index.bytes", "4", "3"},
		{"index.interval.bytes", "0", "-1"},
		{"max.message.bytes", "0;1000", "-1"},
		{"message.timestamp.type", "CreateTime;LogAppendTime", "createtime;x"},
		{"message.timestamp.before.max.ms", "0", "-1"},
		{"message.timestamp.after.max.ms", "0", "-1"},
		{"compression.type", "producer", "gzip;zstd;uncompressed;x"},
		{"compression.gzip.level", "-1;1;9", "0;10;-2"},
		{"compression.lz4.level", "1;17", "0;18"},
		{"compression.zstd.level", "-131072;22", "23"},
		{"min.cleanable.dirty.ratio", "0;0.25;1", "-0.1;1.1;NaN;x"},
		{"min.compaction.lag.ms", "0", "-1"},
		{"max.compaction.lag.ms", "1", "0"},
		{"delete.retention.ms", "0", "-1"},
		{"file.delete.delay.ms", "0", "-1"},
		{"min.insync.replicas", "1", "2;0"},
		{"unclean.leader.election.enable", "true;FALSE", "yes"},
		{"preallocate", "false", "true"},
		{"flush.messages", "1;9223372036854775807", "0"},
		{"flush.ms", "0", "-1"},
		{"leader.replication.throttled.replicas", "*;0:0;0:0,1:0;", "x;0;0:;:0"},
		{"follower.replication.throttled.replicas", "*", "0:x"},
		{"remote.storage.enable", "false", "true"},
		{"remote.log.copy.disable", "false", "true"},
		{"remote.log.delete.on.disable", "false", "true"},
		{"local.retention.ms", "-2;-1;0", "-3"},
		{"local.retention.bytes", "-2;-1;0", "-3"},
	} {
		for _, v := range strings.Split(tt.good, ";") {
			answers(t, tt.key+"="+v, w.alterOne(nil, onTopic, "t", set, tt.key, &v), nil)
			answers(t, "back", w.alterOne(nil, onTopic, "t", remove, tt.key, nil), nil)
		}
		for _, v := range strings.Split(tt.bad, ";") {
			answers(t, tt.key+"="+v, w.alterOne(nil, onTopic, "t", set, tt.key, &v), kerr.InvalidConfig)
		}
		if c := w.describeOne(nil, onTopic, "t", tt.key).Configs; len(c) != 1 || !c[0].IsDefault {
			t.Errorf("%s is left at %+v", tt.key, c)
		}
	}
}

func TestFlushSettingsAreTakenWhereTheyHold(t *testing.T) {
	for flush, taken := range map[partition.Flush][2]bool{
		partition.FlushAlways: {true, true}, partition.FlushInterval: {false, true}, partition.FlushSystem: {false, false},
	} {
		w := newWorld(t, func(c *Config) { c.Env.Flush, c.Env.Every = flush, 1e9 })
		w.mustCreate("t", 1)
		for i, key := range []string{"flush.messages", "flush.ms"} {
			want := kerr.InvalidConfig
			if taken[i] {
				want = nil
			}
			answers(t, fmt.Sprint(key, " under policy ", flush), w.alterOne(nil, onTopic, "t", set, key, str("1000")), want)
		}
		if flush == partition.FlushInterval {
			answers(t, "sooner than the policy", w.alterOne(nil, onTopic, "t", set, "flush.ms", str("999")), kerr.InvalidConfig)
		}
	}
}

func TestSettingsChange(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Defaults = map[string]string{"retention.ms": "77"} })
	id := w.mustCreate("t", 2, "segment.ms", "5").TopicID
	value := func(key string) string {
		var all []string
		for _, s := range w.describeOne(nil, onTopic, "t", key).Configs[0].ConfigSynonyms {
			all = append(all, fmt.Sprint(s.Name, "=", *s.Value, "/", int8(s.Source)))
		}
		return strings.Join(all, " ")
	}
	steps := []struct {
		kind kmsg.ConfigResourceType
		name string
		op   kmsg.IncrementalAlterConfigOp
		key  string
		v    string
		want string // of retention.ms
	}{
		{onTopic, "t", set, "retention.ms", "1", "retention.ms=1/1 log.retention.ms=77/4 log.retention.ms=604800000/5"},
		{onBroker, "", set, "log.retention.ms", "2", "retention.ms=1/1 log.retention.ms=2/3 log.retention.ms=77/4 log.retention.ms=604800000/5"},
		{onBroker, "0", set, "log.retention.ms", "3", "retention.ms=1/1 log.retention.ms=3/2 log.retention.ms=2/3 log.retention.ms=77/4 log.retention.ms=604800000/5"},
		{onTopic, "t", remove, "retention.ms", "", "log.retention.ms=3/2 log.retention.ms=2/3 log.retention.ms=77/4 log.retention.ms=604800000/5"},
		{onBroker, "0", remove, "log.retention.ms", "", "log.retention.ms=2/3 log.retention.ms=77/4 log.retention.ms=604800000/5"},
	}
	for _, s := range steps {
		answers(t, fmt.Sprintf("%+v", s), w.alterOne(nil, s.kind, s.name, s.op, s.key, &s.v), nil)
		if got := value("retention.ms"); got != s.want {
			t.Errorf("%+v: %s", s, got)
		}
		w.restart(func(c *Config) { c.Defaults = map[string]string{"retention.ms": "77"} })
		if got := value("retention.ms"); got != s.want {
			t.Errorf("%+v after a restart: %s", s, got)
		}
	}
	if r := w.describeOne(nil, onBroker, ""); len(r.Configs) != 1 || r.Configs[0].Name != "log.retention.ms" || *r.Configs[0].Value != "2" {
		t.Errorf("of every broker: %+v", r.Configs)
	}
	for _, s := range []struct {
		op   kmsg.IncrementalAlterConfigOp
		v    string
		want string
	}{
		{add, "compact", "delete,compact"}, {add, "compact", "delete,compact"}, {subtract, "delete", "compact"}, {subtract, "compact,x", ""}, {add, "delete", "delete"},
	} {
		answers(t, "change a list", w.alterOne(nil, onTopic, "t", s.op, "cleanup.policy", &s.v), nil)
		if c := w.describeOne(nil, onTopic, "t", "cleanup.policy").Configs[0]; *c.Value != s.want {
			t.Errorf("%v %s gives %q, want %q", s.op, s.v, *c.Value, s.want)
		}
	}
	old := kmsg.NewPtrAlterConfigsRequest()
	old.Resources = []kmsg.AlterConfigsRequestResource{{ResourceType: onTopic, ResourceName: "t", Configs: []kmsg.AlterConfigsRequestResourceConfig{{Name: "max.message.bytes", Value: str("9")}}}}
	answers(t, "replace all", w.AlterConfigs(ctx(), nil, old).Resources[0].ErrorCode, nil)
	for key, want := range map[string]string{"segment.ms": "log.roll.ms=604800000/5", "max.message.bytes": "max.message.bytes=9/1 message.max.bytes=1048588/5"} {
		if got := value(key); got != want {
			t.Errorf("after replacing all, %s: %s, want %s", key, got, want)
		}
	}
	if got, _, _ := w.Lookup("t"); got != id || w.Name(id) != "t" {
		t.Error("the id has changed with the settings")
	}
}

func TestErrorsOfSettings(t *testing.T) {
	w := newWorld(t, nil)
	w.mustCreate("t", 1)
	for _, tt := range []struct {
		kind kmsg.ConfigResourceType
		name string
		op   kmsg.IncrementalAlterConfigOp
		key  string
		v    *string
		want *kerr.Error
	}{
		{onTopic, "none", set, "retention.ms", str("1"), kerr.UnknownTopicOrPartition},
		{onTopic, "..", set, "retention.ms", str("1"), kerr.InvalidTopicException},
		{onTopic, "t", set, "unknown", str("1"), kerr.InvalidConfig},
		{onTopic, "t", set, "retention.ms", nil, kerr.InvalidRequest},
		{onTopic, "t", add, "retention.ms", str("1"), kerr.InvalidConfig},
		{onTopic, "t", 9, "retention.ms", str("1"), kerr.InvalidRequest},
		{onBroker, "1", set, "log.retention.ms", str("1"), kerr.InvalidRequest},
		{onBroker, "x", set, "log.retention.ms", str("1"), kerr.InvalidRequest},
		{onBroker, "0", set, "retention.ms", str("1"), kerr.InvalidConfig},
		{onBroker, "0", set, "log.dirs", str("1"), kerr.InvalidRequest},
		{onBroker, "0", set, "log.retention.ms", str("-2"), kerr.InvalidConfig},
		{kmsg.ConfigResourceTypeBrokerLogger, "0", set, "root", str("INFO"), kerr.InvalidRequest},
		{kmsg.ConfigResourceTypeGroupConfig, "g", set, "consumer.session.timeout.ms", str("1"), kerr.InvalidRequest},
	} {
		answers(t, fmt.Sprintf("%+v", tt), w.alterOne(nil, tt.kind, tt.name, tt.op, tt.key, tt.v), tt.want)
	}
	answers(t, "take away what is not known", w.alterOne(nil, onTopic, "t", remove, "unknown", nil), nil)
	anna := guarded(t, "anna")
	answers(t, "a topic without leave", w.alterOne(anna, onTopic, "t", set, "retention.ms", str("1")), kerr.TopicAuthorizationFailed)
	answers(t, "the broker without leave", w.alterOne(anna, onBroker, "0", set, "log.retention.ms", str("1")), kerr.ClusterAuthorizationFailed)
	answers(t, "see a topic without leave", w.describeOne(anna, onTopic, "t").ErrorCode, kerr.TopicAuthorizationFailed)
	answers(t, "see the broker without leave", w.describeOne(anna, onBroker, "0").ErrorCode, kerr.ClusterAuthorizationFailed)
	answers(t, "see no topic", w.describeOne(nil, onTopic, "none").ErrorCode, kerr.UnknownTopicOrPartition)
	answers(t, "see a bad name", w.describeOne(nil, onTopic, "..").ErrorCode, kerr.InvalidTopicException)
	answers(t, "see another broker", w.describeOne(nil, onBroker, "7").ErrorCode, kerr.InvalidRequest)

	req := kmsg.NewPtrIncrementalAlterConfigsRequest()
	one := kmsg.IncrementalAlterConfigsRequestResource{ResourceType: onTopic, ResourceName: "t", Configs: []kmsg.IncrementalAlterConfigsRequestResourceConfig{
		{Name: "segment.ms", Value: str("5")}, {Name: "retention.ms", Value: str("x")},
	}}
	req.Resources = []kmsg.IncrementalAlterConfigsRequestResource{one}
	answers(t, "one of two is wrong", w.IncrementalAlterConfigs(ctx(), nil, req).Resources[0].ErrorCode, kerr.InvalidConfig)
	one.Configs[1] = one.Configs[0]
	answers(t, "a setting twice", w.IncrementalAlterConfigs(ctx(), nil, req).Resources[0].ErrorCode, kerr.InvalidRequest)
	one.Configs = one.Configs[:1]
	req.Resources = []kmsg.IncrementalAlterConfigsRequestResource{one, one}
	answers(t, "a topic twice", w.IncrementalAlterConfigs(ctx(), nil, req).Resources[0].ErrorCode, kerr.InvalidRequest)
	req.Resources, req.ValidateOnly = req.Resources[:1], true
	answers(t, "validate", w.IncrementalAlterConfigs(ctx(), nil, req).Resources[0].ErrorCode, nil)
	if c := w.describeOne(nil, onTopic, "t", "segment.ms").Configs[0]; !c.IsDefault {
		t.Errorf("a setting was changed by requests that did not: %s", *c.Value)
	}
}

func TestTheBrokerSettingsAreShown(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Broker = map[string]string{"transaction.max.timeout.ms": "900000"} })
	r := w.describeOne(nil, onBroker, "0")
	shown := map[string]string{}
	for _, c := range r.Configs {
		shown[c.Name] = fmt.Sprint(*c.Value, " ", c.ReadOnly)
	}
	for name, want := range map[string]string{
		"node.id": "0 true", "num.partitions": "3 true", "transaction.max.timeout.ms": "900000 true", "log.retention.ms": "604800000 false",
		"default.replication.factor": "1 true", "auto.create.topics.enable": "true true", "min.insync.replicas": "1 false",
	} {
		if shown[name] != want {
			t.Errorf("%s is %s, want %s", name, shown[name], want)
		}
	}
}

func TestWhatHasSettings(t *testing.T) {
	w := newWorld(t, nil)
	w.mustCreate("b", 1)
	w.mustCreate("a", 1)
	list := func(c *access.Caller, version int16, types ...int8) (string, int16) {
		req := kmsg.NewPtrListConfigResourcesRequest()
		req.Version, req.ResourceTypes = version, types
		resp := w.ListConfigResources(ctx(), c, req)
		var all []string
		for _, r := range resp.ConfigResources {
			all = append(all, fmt.Sprint(r.Name, ":", r.Type))
		}
		return strings.Join(all, " "), resp.ErrorCode
	}
	for _, tt := range []struct {
		version int16
		types   []int8
		want    string
	}{
		{1, nil, "a:2 b:2 0:4 0:8"}, {0, nil, ""}, {1, []int8{2, 2}, "a:2 b:2"}, {1, []int8{4}, "0:4"}, {1, []int8{32}, ""},
	} {
		if got, code := list(nil, tt.version, tt.types...); got != tt.want || code != 0 {
			t.Errorf("version %d, %v: %s, code %d", tt.version, tt.types, got, code)
		}
	}
	_, code := list(nil, 1, 99)
	answers(t, "an unknown type", code, kerr.UnsupportedVersion)
	_, code = list(guarded(t, "anna"), 1)
	answers(t, "without leave", code, kerr.ClusterAuthorizationFailed)
}

func TestWhatSettingsMean(t *testing.T) {
	w := newWorld(t, nil)
	meaning := func(set map[string]string) partition.Config {
		kept, err := w.checkSet(set)
		if err != nil {
			t.Fatal(err)
		}
		return w.meaning("t", 1, kept)
	}
	std := meaning(nil)
	if !std.Delete || std.Compact || std.SegmentBytes != 1<<30 || std.RetentionAge.Hours() != 168 || std.RetentionBytes != -1 || std.LogAppendTime || std.MaxBatchBytes != 1048588 ||
		std.AfterMax.Hours() != 1 || std.BeforeMax <= 0 || std.DirtyRatio != 0.5 || std.MaxCompactLag <= 0 || std.IndexInterval != 4096 || std.SegmentAge.Hours() != 168 {
		t.Errorf("defaults mean %+v", std)
	}
	c := meaning(map[string]string{"cleanup.policy": "", "retention.ms": "-1", "message.timestamp.type": "LogAppendTime"})
	if c.Delete || c.Compact || c.RetentionAge >= 0 || !c.LogAppendTime {
		t.Errorf("no policy means %+v", c)
	}
	c = meaning(map[string]string{"segment.index.bytes": "800", "index.interval.bytes": "1000"})
	if c.SegmentBytes != 100_000 {
		t.Errorf("an index of 100 entries every 1000 bytes is full at %d", c.SegmentBytes)
	}
	ages := []int64{}
	for i := range 20 {
		kept := map[string]string{"segment.ms": "1000", "segment.jitter.ms": "500"}
		age := w.meaning("t", i, kept).SegmentAge.Milliseconds()
		if age < 500 || age > 1000 {
			t.Errorf("a segment of 1000 ms with a jitter of 500 lasts %d ms", age)
		}
		ages = append(ages, age)
	}
	if slices.Sort(ages); ages[0] == ages[len(ages)-1] {
		t.Error("jitter is the same for all partitions")
	}
}
