package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"millrace/broker"
)

// onBroker runs command lines against a broker of their own.
type onBroker struct {
	t    *testing.T
	addr string
}

func newOnBroker(t *testing.T) onBroker {
	t.Helper()
	b, err := broker.Open(broker.Config{Dir: t.TempDir(), Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return onBroker{t, b.Addr()}
}

// run runs a command line with an input, holds its exit code and returns what it printed.
func (b onBroker) run(code int, in string, args ...string) (stdout, stderr string) {
	b.t.Helper()
	var out, errs bytes.Buffer
	if got := run(b.t.Context(), append(args, "--kafka", b.addr), strings.NewReader(in), &out, &errs, nil); got != code {
		b.t.Fatalf("%v: exit code %d, want %d: %s%s", args, got, code, out.String(), errs.String())
	}
	return out.String(), errs.String()
}

func TestTopicCommands(t *testing.T) {
	b := newOnBroker(t)
	b.run(0, "", "topic", "create", "notes", "--partitions", "2", "--set", "retention.ms=3600000", "--set", "cleanup.policy=delete")
	_, errs := b.run(1, "", "topic", "create", "notes")
	holds(t, errs, "create topic notes", "exists")
	_, errs = b.run(1, "", "topic", "create", "no notes")
	holds(t, errs, "hint: up to 249 letters")
	b.run(0, "one\ntwo\nthree\n", "topic", "produce", "notes", "--partition", "1")
	out, _ := b.run(0, "", "topic", "list")
	holds(t, out, "TOPIC", "notes", "2", "3")
	out, _ = b.run(0, "", "topic", "list", "--output", "json")
	holds(t, out, `"name": "notes"`, `"records": 3`)
	out, _ = b.run(0, "", "topic", "describe", "notes")
	holds(t, out, "notes: 2 partitions, 3 records", "retention.ms", "3600000", "topic")
	if strings.Contains(out, "segment.bytes") {
		t.Errorf("settings of all topics:\n%s", out)
	}
	out, _ = b.run(0, "", "topic", "describe", "notes", "--all")
	holds(t, out, "default")
	out, _ = b.run(0, "", "topic", "describe", "notes", "--output", "json")
	holds(t, out, `"partition": 1`, `"end": 3`, `"source": "topic"`)

	out, _ = b.run(0, "", "topic", "alter", "notes", "--set", "retention.ms=-1", "--unset", "cleanup.policy", "--partitions", "3")
	holds(t, out, "cleanup.policy, retention.ms changed", "3 partitions")
	_, errs = b.run(1, "", "topic", "alter", "notes", "--partitions", "2")
	holds(t, errs, "it has 3", "can only grow")
	b.run(1, "", "topic", "alter", "notes")
	b.run(1, "", "topic", "alter", "notes", "--set", "a=b", "--unset", "a")

	b.run(0, "notes\n", "topic", "delete", "notes", "--records", "--partition", "1", "--before", "2")
	if out, _ = b.run(0, "", "topic", "tail", "notes"); out != "three\n" {
		t.Errorf("left: %q", out)
	}
	b.run(1, "", "topic", "delete", "notes", "--before", "2")
	_, errs = b.run(1, "no\n", "topic", "delete", "notes")
	holds(t, errs, "Type its name", "nothing was deleted")
	b.run(0, "notes\n", "topic", "delete", "notes")
	_, errs = b.run(1, "", "topic", "describe", "notes")
	holds(t, errs, "notes")
	for _, args := range [][]string{{"delete", "--yes"}, {"create"}, {"alter", "--partitions", "9"}} {
		_, errs = b.run(1, "", append([]string{"topic", args[0], "__millrace_epochs"}, args[1:]...)...)
		holds(t, errs, "the platform keeps its own state in it", "hint:")
	}
}

func TestTopicTail(t *testing.T) {
	b := newOnBroker(t)
	b.run(0, "", "topic", "create", "notes", "--partitions", "2")
	b.run(0, strings.Join([]string{
		`{"key": "a", "value": "Hot one", "partition": 0, "timestamp": "2026-11-20T10:00:00Z", "headers": [{"key": "from", "value": "kitchen"}]}`,
		`{"key": "b", "value": "cold two", "partition": 1, "timestamp": "2026-11-20T10:01:00Z"}`,
		`{"key": "a", "value": "hot three", "partition": 0, "timestamp": "2026-11-20T10:02:00Z"}`,
		`{"key": "b", "value": null, "partition": 1, "timestamp": "2026-11-20T10:03:00Z"}`,
		`{"key": null, "value_base64": "/wA=", "partition": 1, "timestamp": "2026-11-20T10:04:00Z"}`,
	}, "\n"), "topic", "produce", "notes", "--json")
	f := func(want string, args ...string) {
		t.Helper()
		out, _ := b.run(0, "", append([]string{"topic", "tail", "notes"}, args...)...)
		if diff := cmp.Diff(want, out); diff != "" {
			t.Errorf("%v: %s", args, diff)
		}
	}
	f("hot three\n\xff\x00\n", "-n", "1")
	f("Hot one\nhot three\n", "--filter", "hot")
	f("Hot one\n", "--filter", "KITCHEN")
	f("hot three\n", "--filter", "^hot", "--regex")
	f("cold two\n", "-n", "1", "--filter", "two", "--filter-key", "b")
	f("b\tcold two\nb\t\n", "--keys", "--filter-key", "b")
	f("2026-11-20T10:00:00.000Z\t0:0\ta\tfrom=kitchen\tHot one\n", "--keys", "--headers", "--timestamps", "--filter", "one")
	f("hot three\n", "-p", "0", "--offset", "1")
	f("Hot one\n", "--offset", "earliest", "-p", "0", "--limit", "1")
	f("", "--offset", "latest")
	f("hot three\n", "--from", "2026-11-20T10:01:30Z", "-p", "0")
	f("cold two\n", "--from", "2026-11-20T10:00:30Z", "--to", "2026-11-20T10:02:00Z")
	f("", "--to", "87600h")
	f(`{"topic":"notes","partition":0,"offset":0,"timestamp":"2026-11-20T10:00:00Z","key":"a","value":"Hot one","headers":[{"key":"from","value":"kitchen"}]}`+"\n",
		"--output", "json", "--filter", "one")
	f("Hot one\nhot three\n", "-f", "--offset", "0", "-p", "0", "--limit", "2")

	bad := func(want string, args ...string) {
		t.Helper()
		_, errs := b.run(1, "", append([]string{"topic", "tail", "notes"}, args...)...)
		holds(t, errs, want)
	}
	bad("is no offset", "--offset", "noon")
	bad("is no time", "--from", "noon")
	bad("--follow has no end", "-f", "--to", "1m")
	bad("no regular expression", "--filter", "(", "--regex")
	bad("it has no partition 7", "-p", "7")
	b.run(2, "", "topic", "tail", "notes", "--offset", "1", "--from", "1m")
	b.run(1, "", "topic", "tail", "none")
}

func TestTopicRoundTrip(t *testing.T) {
	b := newOnBroker(t)
	b.run(0, "", "topic", "create", "one", "--partitions", "2")
	b.run(0, "", "topic", "create", "two", "--partitions", "2")
	b.run(0, "a:1\nb:\nc:3\n", "topic", "produce", "one", "--key", ":", "--null", "-H", "unit=°C, or K", "-H", "empty=")
	b.run(0, `{"key_base64": "/w==", "value": "", "headers": [{"key": "x", "value": null}]}`, "topic", "produce", "one", "--json")
	first, _ := b.run(0, "", "topic", "tail", "one", "--output", "json")
	b.run(0, first, "topic", "produce", "two", "--json")
	second, _ := b.run(0, "", "topic", "tail", "two", "--output", "json")
	if diff := cmp.Diff(first, strings.ReplaceAll(second, `"topic":"two"`, `"topic":"one"`)); diff != "" {
		t.Error(diff)
	}
	holds(t, first, `"key":"b","value":null`, `"value":"°C, or K"`, `"key_base64":"/w=="`, `"value":""`)

	_, errs := b.run(1, "{\"key\": \"a\"}\n\nhalf {\n", "topic", "produce", "two", "--json")
	holds(t, errs, "nothing was written", "line 3", "hint:")
	b.run(1, "x\n", "topic", "produce", "two", "--header", "unit")
	b.run(1, "x\n", "topic", "produce", "two", "--partition", "9")
	b.run(1, "x\n", "topic", "produce", "two", "--null")
	b.run(1, `{"key": "a", "key_base64": "YQ=="}`, "topic", "produce", "two", "--json")
}

func TestGroupCommands(t *testing.T) {
	b := newOnBroker(t)
	b.run(0, "", "topic", "create", "notes", "--partitions", "2")
	b.run(0, "1\n2\n3\n4\n", "topic", "produce", "notes", "-p", "1")
	_, errs := b.run(1, "", "group", "reset", "readers", "--to", "earliest")
	holds(t, errs, "there is no such group")
	out, errs := b.run(0, "", "group", "reset", "readers", "--to", "1", "--topic", "notes", "--dry-run")
	holds(t, out, "BEFORE", "notes  1          -       1      3")
	holds(t, errs, "nothing was changed")
	if out, _ = b.run(0, "", "group", "list"); strings.Contains(out, "readers") {
		t.Errorf("a dry run made a group:\n%s", out)
	}
	b.run(0, "", "group", "reset", "readers", "--to", "1", "--topic", "notes", "-p", "1")
	out, _ = b.run(0, "", "group", "reset", "readers", "--to=+1", "--output", "json")
	holds(t, out, `"before": 1`, `"after": 2`, `"lag": 2`)
	b.run(0, "", "group", "reset", "readers", "--to=-1")
	out, _ = b.run(0, "", "group", "list")
	holds(t, out, "readers  Empty  classic  0        3")
	out, _ = b.run(0, "", "group", "describe", "readers")
	holds(t, out, "readers: Empty, classic, assignor -", "lag 3", "notes  1          1       4    3")
	out, _ = b.run(0, "", "group", "lag")
	holds(t, out, "readers  total")
	out, _ = b.run(0, "", "group", "lag", "readers", "--output", "json")
	holds(t, out, `"lag": 3`)
	_, errs = b.run(1, "", "group", "lag", "others")
	holds(t, errs, "there is no such group", "hint:")
	_, errs = b.run(1, "", "group", "reset", "readers", "--to", "noon")
	holds(t, errs, "no place in a topic", "hint: one of earliest")
	b.run(2, "", "group", "reset", "readers")
	out, _ = b.run(0, "", "topic", "describe", "notes")
	holds(t, out, "GROUP", "readers")
	out, _ = b.run(0, "", "group", "delete", "readers", "--topic", "notes")
	holds(t, out, "no place in 1 partitions of notes")
	b.run(0, "", "group", "reset", "readers", "--to", "latest", "--topic", "notes")
	b.run(0, "", "group", "delete", "readers")
	b.run(1, "", "group", "delete", "readers")
	_, errs = b.run(1, "", "group", "delete", "__millrace_work")
	holds(t, errs, "its own state")
}
