package kafka

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// tools are the programs that come with Kafka, each a process of its own as its scripts start it.
type tools struct {
	t    *testing.T
	addr string
}

// Classes that the scripts of Kafka's distribution start, by the names of these.
const (
	kafkaTopics       = "org.apache.kafka.tools.TopicCommand"
	kafkaConfigs      = "kafka.admin.ConfigCommand"
	kafkaGroups       = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"
	kafkaGetOffsets   = "org.apache.kafka.tools.GetOffsetShell"
	kafkaDelete       = "org.apache.kafka.tools.DeleteRecordsCommand"
	kafkaLogDirs      = "org.apache.kafka.tools.LogDirsCommand"
	kafkaTransactions = "org.apache.kafka.tools.TransactionsCommand"
	kafkaFeatures     = "org.apache.kafka.tools.FeatureCommand"
	kafkaVersions     = "org.apache.kafka.tools.BrokerApiVersionsCommand"
	kafkaCluster      = "org.apache.kafka.tools.ClusterTool"
	consoleProducer   = "org.apache.kafka.tools.ConsoleProducer"
	consoleConsumer   = "org.apache.kafka.tools.consumer.ConsoleConsumer"
	verifiableProduce = "org.apache.kafka.tools.VerifiableProducer"
	verifiableConsume = "org.apache.kafka.tools.VerifiableConsumer"
	producerPerf      = "org.apache.kafka.tools.ProducerPerformance"
	consumerPerf      = "org.apache.kafka.tools.ConsumerPerformance"
	compatibility     = "org.apache.kafka.tools.ClientCompatibilityTest"
	copier            = "org.apache.kafka.tools.TransactionalMessageCopier"
)

// run runs a tool, which must end well, and returns what it wrote.
func (k tools) run(stdin, class string, args ...string) string {
	k.t.Helper()
	command := append(append(java(k.t, k.t.TempDir()), class), args...)
	out, err := outside(k.t, stdin, command[0], command[1:]...)
	if err != nil {
		k.t.Fatalf("%s: %v", class, err)
	}
	return out
}

// on runs a tool on the broker.
func (k tools) on(class string, args ...string) string {
	k.t.Helper()
	return k.run("", class, append([]string{"--bootstrap-server", k.addr}, args...)...)
}

// says wants parts of an answer, as regular expressions.
func (k tools) says(out string, want ...string) {
	k.t.Helper()
	for _, w := range want {
		if !regexp.MustCompile("(?m)" + w).MatchString(out) {
			k.t.Errorf("want %s in:\n%s", w, out)
		}
	}
}

func TestTools(t *testing.T) {
	eachTool(t, map[string]func(tools){"Console": tools.console, "Topics": tools.topics})
}

// TestHeavyTools are the rest: each process costs a second.
func TestHeavyTools(t *testing.T) {
	eachTool(t, map[string]func(tools){
		"Groups": tools.groups, "Cluster": tools.cluster, "Transactions": tools.transactions, "Verifiable": tools.verifiable,
		"Performance": tools.performance, "Compatibility": tools.compatible, "Copier": tools.copies,
	})
}

func eachTool(t *testing.T, tests map[string]func(tools)) {
	onEach(t, func(t *testing.T, addr string) {
		for name, f := range tests {
			t.Run(name, func(t *testing.T) { t.Parallel(); f(tools{t, addr}) })
		}
	})
}

// console sends and reads lines, and looks where groups and topics stand.
func (k tools) console() {
	topic := createTopic(k.t, k.addr, "in", 2)
	k.run(lines(0, 200), consoleProducer, "--bootstrap-server", k.addr, "--topic", topic, "--reader-property", "parse.key=true", "--compression-codec", "zstd")
	read := func(count int, more ...string) []string {
		args := append([]string{
			"--topic", topic, "--max-messages", strconv.Itoa(count), "--timeout-ms", "30000", "--group", k.t.Name(),
			"--isolation-level", "read_committed", "--formatter-property", "print.key=true",
		}, more...)
		return strings.Split(strings.TrimSpace(k.on(consoleConsumer, args...)), "\n")
	}
	seen := map[string]int{}
	for _, line := range append(read(120, "--from-beginning"), read(80, "--from-beginning")...) {
		seen[line]++
	}
	for line := range strings.Lines(lines(0, 200)) {
		if n := seen[strings.TrimSpace(line)]; n != 1 {
			k.t.Errorf("%q is read %d times, want once", line, n)
		}
	}
	k.says(k.on(kafkaGroups, "--describe", "--group", k.t.Name()), regexp.QuoteMeta(topic)+` +0 +(\d+) +(\d+) +0 `, regexp.QuoteMeta(topic)+` +1 +(\d+) +(\d+) +0 `)
	total := 0
	for line := range strings.Lines(k.on(kafkaGetOffsets, "--topic", topic)) {
		var p, end int
		if _, err := fmt.Sscanf(line, topic+":%d:%d", &p, &end); err != nil {
			k.t.Errorf("kafka-get-offsets wrote %q: %v", line, err)
		}
		total += end
	}
	if total != 200 {
		k.t.Errorf("kafka-get-offsets says %d records, want 200", total)
	}
}

func (k tools) topics() {
	topic := strings.ReplaceAll(k.t.Name(), "/", ".")
	k.says(k.on(kafkaTopics, "--create", "--topic", topic, "--partitions", "3", "--replication-factor", "1", "--config", "retention.ms=3600000"), "Created topic")
	k.on(kafkaTopics, "--alter", "--topic", topic, "--partitions", "5")
	k.on(kafkaConfigs, "--entity-type", "topics", "--entity-name", topic, "--alter", "--add-config", "max.message.bytes=2000000,cleanup.policy=[compact,delete]")
	k.says(k.on(kafkaTopics, "--describe", "--topic", topic), `PartitionCount: 5\b`, `ReplicationFactor: 1\b`, `retention.ms=3600000`,
		`max.message.bytes=2000000`, `Partition: 4\s+Leader: \d+\s+Replicas: \d+\s+Isr: \d+`)
	k.says(k.on(kafkaConfigs, "--entity-type", "topics", "--entity-name", topic, "--describe"), `cleanup.policy=compact,delete .*DYNAMIC_TOPIC_CONFIG`)
	k.on(kafkaConfigs, "--entity-type", "topics", "--entity-name", topic, "--alter", "--delete-config", "retention.ms")
	if out := k.on(kafkaConfigs, "--entity-type", "topics", "--entity-name", topic, "--describe"); strings.Contains(out, "retention.ms=3600000") {
		k.t.Errorf("a deleted setting is still there:\n%s", out)
	}
	k.says(k.on(kafkaTopics, "--list"), "^"+regexp.QuoteMeta(topic)+"$")
	k.on(kafkaTopics, "--delete", "--topic", topic)
	eventually(k.t, settle, func() error {
		if out := k.on(kafkaTopics, "--list"); strings.Contains(out, topic) {
			return fmt.Errorf("a deleted topic is still listed:\n%s", out)
		}
		return nil
	})
}

// groups lists, describes, resets and deletes a group, and deletes records.
func (k tools) groups() {
	topic, group := createTopic(k.t, k.addr, "in", 1), strings.ReplaceAll(k.t.Name(), "/", ".")
	k.run(lines(0, 100), consoleProducer, "--bootstrap-server", k.addr, "--topic", topic)
	read := func(count int) string {
		return k.on(consoleConsumer, "--topic", topic, "--max-messages", strconv.Itoa(count), "--timeout-ms", "30000", "--group", group, "--from-beginning")
	}
	read(60)
	k.says(k.on(kafkaGroups, "--list", "--state"), regexp.QuoteMeta(group)+` +.*Empty`)
	k.says(k.on(kafkaGroups, "--describe", "--group", group), regexp.QuoteMeta(topic)+` +0 +60 +100 +40 `)
	k.says(k.on(kafkaGroups, "--describe", "--group", group, "--state"), regexp.QuoteMeta(group)+`.* Empty +0`)
	k.says(k.on(kafkaGroups, "--reset-offsets", "--group", group, "--topic", topic, "--shift-by", "-20", "--execute"), regexp.QuoteMeta(topic)+` +0 +40\b`)
	if out := read(60); strings.Count(out, "\n") != 60 || !strings.Contains(out, `{"id": 40}`) {
		k.t.Errorf("after the reset the group reads:\n%s", out)
	}
	file := filepath.Join(k.t.TempDir(), "offsets.json")
	text := fmt.Sprintf(`{"version": 1, "partitions": [{"topic": %q, "partition": 0, "offset": 30}]}`, topic)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		k.t.Fatal(err)
	}
	k.says(k.on(kafkaDelete, "--offset-json-file", file), `low_watermark: 30`)
	k.says(k.on(kafkaGetOffsets, "--topic", topic, "--time", "earliest"), regexp.QuoteMeta(topic)+":0:30")
	k.says(k.on(kafkaGetOffsets, "--topic", topic, "--time", "latest"), regexp.QuoteMeta(topic)+":0:100")
	k.says(k.on(kafkaGroups, "--delete", "--group", group), `Deletion of requested consumer groups .* was successful`)
	if out := k.on(kafkaGroups, "--list"); strings.Contains(out, group) {
		k.t.Errorf("a deleted group is still listed:\n%s", out)
	}
}

// cluster asks what the broker is and can.
func (k tools) cluster() {
	topic := createTopic(k.t, k.addr, "in", 2)
	k.run(lines(0, 100), consoleProducer, "--bootstrap-server", k.addr, "--topic", topic)
	k.says(k.run("", kafkaCluster, "cluster-id", "--bootstrap-server", k.addr), `Cluster ID: \S+`)
	k.says(k.on(kafkaVersions), `Produce\(0\): .*\[usable: 1[2-9]\]`, `Fetch\(1\): `, `ConsumerGroupHeartbeat\(68\): `, `EndTxn\(26\): 0 to 5`)
	k.says(k.on(kafkaFeatures, "describe"), `Feature: transaction.version.*FinalizedVersionLevel: 2`, `Feature: group.version.*FinalizedVersionLevel: 1`)
	var dirs struct {
		Brokers []struct {
			LogDirs []struct {
				Error      *string
				Partitions []struct {
					Partition string
					Size      int64
				}
			}
		}
	}
	out := k.on(kafkaLogDirs, "--describe", "--topic-list", topic)
	if err := json.Unmarshal([]byte(out[strings.Index(out, "{"):]), &dirs); err != nil {
		k.t.Fatalf("kafka-log-dirs wrote %s: %v", out, err)
	}
	var size int64
	for _, b := range dirs.Brokers {
		for _, d := range b.LogDirs {
			for _, p := range d.Partitions {
				size += p.Size
			}
		}
	}
	if size == 0 {
		k.t.Errorf("kafka-log-dirs says that %s is empty: %s", topic, out)
	}
}

// transactions looks at one that is open, from all sides.
func (k tools) transactions() {
	topic, txid := createTopic(k.t, k.addr, "in", 1), strings.ReplaceAll(k.t.Name(), "/", ".")
	s := settings{Addr: k.addr, Topic: topic, Partitions: 1, TxID: txid, Count: 10}
	open := franz().play(k.t, "hold", s)
	open.until(func() error {
		if len(open.said("ready")) == 0 {
			return fmt.Errorf("no open transaction")
		}
		return nil
	})
	k.says(k.on(kafkaTransactions, "list"), regexp.QuoteMeta(txid)+`\s+\d+\s+\d+\s+Ongoing`)
	k.says(k.on(kafkaTransactions, "describe", "--transactional-id", txid), `Ongoing`, regexp.QuoteMeta(topic)+"-0")
	k.says(k.on(kafkaTransactions, "describe-producers", "--topic", topic, "--partition", "0"), `^\d+\s+\d+\s+-?\d+\s+9\s+\d+\s+0`)
	open.leave()
	k.says(k.on(kafkaTransactions, "describe", "--transactional-id", txid), `CompleteCommit`)
	if err := newLedger().ids(0, 10).holds(k.t, k.addr, topic); err != nil {
		k.t.Error(err)
	}
}

// verifiable runs the pair with which Kafka tests itself, in groups of both protocols.
func (k tools) verifiable() {
	topic := createTopic(k.t, k.addr, "in", 3)
	out := k.on(verifiableProduce, "--topic", topic, "--max-messages", "2000", "--acks", "-1", "--repeating-keys", "17")
	k.says(out, `"name":"tool_data"`, `"sent":2000`, `"acked":2000`)
	for _, protocol := range []string{"CLASSIC", "CONSUMER"} {
		out := k.on(verifiableConsume, "--topic", topic, "--max-messages", "2000", "--group-id", k.t.Name()+protocol, "--group-protocol", protocol, "--verbose")
		seen := map[string]int{}
		for line := range strings.Lines(out) {
			var e struct{ Name, Value string }
			if json.Unmarshal([]byte(line), &e) == nil && e.Name == "record_data" {
				seen[e.Value]++
			}
		}
		for i := range 2000 {
			if n := seen[strconv.Itoa(i)]; n != 1 {
				k.t.Errorf("%s: %d is read %d times", protocol, i, n)
			}
		}
		k.says(out, `"name":"partitions_assigned"`, `"name":"offsets_committed".*"success":true`)
	}
}

func (k tools) performance() {
	topic := createTopic(k.t, k.addr, "in", 3)
	out := k.run("", producerPerf, "--topic", topic, "--num-records", "50000", "--record-size", "200", "--throughput", "-1", "--command-property",
		"bootstrap.servers="+k.addr, "acks=all", "compression.type=lz4")
	k.says(out, `^50000 records sent`)
	out = k.run("", producerPerf, "--topic", topic, "--num-records", "20000", "--record-size", "200", "--throughput", "-1", "--transaction-duration-ms", "50",
		"--transactional-id", topic, "--command-property", "bootstrap.servers="+k.addr)
	k.says(out, `^20000 records sent`)
	out = k.on(consumerPerf, "--topic", topic, "--num-records", "70000", "--command-property", "isolation.level=read_committed", "--hide-header")
	if fields := strings.Split(strings.TrimSpace(out), ","); len(fields) < 5 || strings.TrimSpace(fields[4]) != "70000" {
		k.t.Errorf("kafka-consumer-perf-test says %s, want 70000 records", out)
	}
}

// compatible is Kafka's own test of what a client finds on a broker.
func (k tools) compatible() {
	topic := strings.ReplaceAll(k.t.Name(), "/", ".")
	k.says(k.on(compatibility, "--topic", topic, "--offsets-for-times-supported", "True", "--cluster-id-supported", "True",
		"--expect-record-too-large-exception", "False", "--num-cluster-nodes", "1", "--create-topics-supported", "True",
		"--describe-acls-supported", "True", "--describe-configs-supported", "True", "--idempotent-producer-supported", "True"), "SUCCESS")
}

// copies carries records in transactions, some of which it aborts at random, and goes on after each end.
func (k tools) copies() {
	in, out := createTopic(k.t, k.addr, "in", 1), createTopic(k.t, k.addr, "out", 3)
	k.run(lines(0, 2000), consoleProducer, "--bootstrap-server", k.addr, "--topic", in, "--reader-property", "parse.key=true")
	for range 2 {
		k.says(k.run("", copier, "--broker-list", k.addr, "--input-topic", in, "--input-partition", "0", "--output-topic", out, "--max-messages", "1000",
			"--consumer-group", k.t.Name(), "--transactional-id", k.t.Name(), "--transaction-size", "50", "--enable-random-aborts", "--use-group-metadata"),
			`"consumed":1000`)
	}
	if err := newLedger().ids(0, 2000).holds(k.t, k.addr, out); err != nil {
		k.t.Error(err)
	}
}
