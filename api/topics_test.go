package api

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"millrace/fault"
)

// fakeAdmin has one topic and one group, and notes what it was asked for.
type fakeAdmin struct {
	created TopicRequest
	changed TopicChange
	deleted []string
	before  int64
	reset   GroupReset
}

func (f *fakeAdmin) Topic(_ context.Context, name string) (TopicDetail, error) {
	if name != "notes" {
		return TopicDetail{}, fault.New(fault.NotFound, "topic %q does not exist", name)
	}
	size := int64(700)
	return TopicDetail{
		Topic:  Topic{Name: name, Partitions: 1, Records: 7, Bytes: &size},
		Layout: []TopicPartition{{Partition: 0, Start: 1, End: 8, Stable: 8, Bytes: &size}},
	}, nil
}

func (f *fakeAdmin) CreateTopic(_ context.Context, t TopicRequest) error {
	f.created = t
	return nil
}

func (f *fakeAdmin) ChangeTopic(_ context.Context, name string, c TopicChange) error {
	f.changed = c
	return nil
}

func (f *fakeAdmin) DeleteTopic(_ context.Context, name string) error {
	if strings.HasPrefix(name, "__millrace") {
		return fault.New(fault.Denied, "delete topic %s: the platform keeps its own state in it", name)
	}
	f.deleted = append(f.deleted, "topic "+name)
	return nil
}

func (f *fakeAdmin) DeleteRecords(_ context.Context, name string, partition int32, before int64) error {
	f.deleted, f.before = append(f.deleted, "records "+name), before
	return nil
}

func (f *fakeAdmin) Groups(context.Context) ([]Group, error) {
	return []Group{{Name: "readers", Kind: "classic", State: "Stable", Members: 2, Lag: 5}}, nil
}

func (f *fakeAdmin) Group(_ context.Context, name string) (GroupDetail, error) {
	if name != "my/readers" {
		return GroupDetail{}, fault.New(fault.NotFound, "group %q does not exist", name)
	}
	return GroupDetail{Group: Group{Name: name}, MemberList: []GroupMember{{ID: "m"}}}, nil
}

func (f *fakeAdmin) ResetGroup(_ context.Context, name string, r GroupReset) ([]MovedOffset, error) {
	f.reset = r
	if name == "busy" {
		return nil, fault.New(fault.Conflict, "reset group busy: it has members").WithHint("stop them first")
	}
	return []MovedOffset{{"notes", 0, 5, 1, 7}, {"notes", 1, -1, 0, 3}}, nil
}

func (f *fakeAdmin) DeleteGroup(_ context.Context, name string) error {
	f.deleted = append(f.deleted, "group "+name)
	return nil
}

func (f *fakeAdmin) DeleteGroupOffsets(_ context.Context, name, topic string) (int, error) {
	f.deleted = append(f.deleted, "offsets "+name+" "+topic)
	return 2, nil
}

func TestTopicDetail(t *testing.T) {
	b := newBench(t)
	want := map[string]any{
		"name": "notes", "partitions": 1.0, "records": 7.0, "bytes": 700.0, "internal": false, "protected": false, "configs": []any{}, "readers": []any{},
		"layout": []any{map[string]any{"partition": 0.0, "start": 1.0, "end": 8.0, "stable": 8.0, "bytes": 700.0, "leader": 0.0, "replicas": []any{}, "in_sync": []any{}}},
	}
	if diff := cmp.Diff(want, b.want(200, b.ask("GET", "/api/topics/notes", ""))); diff != "" {
		t.Error(diff)
	}
	b.want(404, b.ask("GET", "/api/topics/other", ""))
	b.want(422, b.ask("GET", "/api/topics/a%2Fb", ""))
}

func TestChangeTopics(t *testing.T) {
	b := newBench(t)
	b.want(200, b.ask("POST", "/api/topics", `{"name": "notes", "partitions": 2, "configs": {"retention.ms": "1000"}}`))
	if diff := cmp.Diff(TopicRequest{Name: "notes", Partitions: 2, Configs: map[string]string{"retention.ms": "1000"}}, b.admin.created); diff != "" {
		t.Error(diff)
	}
	b.want(422, b.ask("POST", "/api/topics", `{"name": "no/name"}`))
	b.want(422, b.ask("POST", "/api/topics", `{"name": "notes", "partitions": 1001}`))
	b.want(200, b.ask("PATCH", "/api/topics/notes", `{"partitions": 4, "configs": {"retention.ms": null, "cleanup.policy": "compact"}}`))
	compact := "compact"
	if diff := cmp.Diff(TopicChange{4, map[string]*string{"retention.ms": nil, "cleanup.policy": &compact}}, b.admin.changed); diff != "" {
		t.Error(diff)
	}
	b.want(422, b.ask("PATCH", "/api/topics/notes", `{}`))
	b.want(204, b.ask("DELETE", "/api/topics/notes", ""))
	b.want(403, b.ask("DELETE", "/api/topics/__millrace_epochs", ""))
	b.want(204, b.ask("DELETE", "/api/topics/notes/records?partition=0&before=7", ""))
	if b.admin.before != 7 {
		t.Errorf("deleted before %d", b.admin.before)
	}
	for _, line := range []string{"topic created", "topic changed", "topic deleted", "records deleted"} {
		if n := strings.Count(b.log.String(), line); n != 1 {
			t.Errorf("%d audit lines %q", n, line)
		}
	}
}

func TestSeekRecords(t *testing.T) {
	b := newBench(t)
	f := func(query string, want RecordQuery) {
		t.Helper()
		b.want(200, b.ask("GET", "/api/topics/sensors.stats/records"+query, ""))
		if diff := cmp.Diff(want, b.fake.sought); diff != "" {
			t.Errorf("%s: %s", query, diff)
		}
	}
	const at = "2026-11-20T10:00:00Z"
	f("", RecordQuery{Limit: 50, Newest: true, Partition: -1})
	f("?offset=earliest&limit=3", RecordQuery{Limit: 3, Partition: -1})
	f("?offset=77&partition=2", RecordQuery{Limit: 50, Offset: 77, Partition: 2})
	f("?from="+at+"&upto=10m", RecordQuery{Limit: 50, From: at, Upto: "10m", Partition: -1})
	f("?filter=a%20b&filter_key=k&regex=true", RecordQuery{Limit: 50, Newest: true, Partition: -1, Text: "a b", Key: "k", Regex: true})
	got := b.want(200, b.ask("GET", "/api/topics/sensors.stats/records?filter=x", ""))
	if got["complete"] != false || got["scanned"] != 3.0 {
		t.Errorf("complete %v, scanned %v", got["complete"], got["scanned"])
	}
	b.want(422, b.ask("GET", "/api/topics/sensors.stats/records?offset=-1", ""))
	b.want(422, b.ask("GET", "/api/topics/sensors.stats/records?partition=-2", ""))
}

func TestGroups(t *testing.T) {
	b := newBench(t)
	got := b.want(200, b.ask("GET", "/api/groups", ""))
	want := map[string]any{"groups": []any{map[string]any{
		"name": "readers", "kind": "classic", "state": "Stable", "protocol": "", "assignor": "", "members": 2.0, "topics": []any{}, "lag": 5.0, "protected": false,
	}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	got = b.want(200, b.ask("GET", "/api/groups/my%2Freaders", ""))
	if diff := cmp.Diff([]any{map[string]any{"id": "m", "client": "", "host": "", "assigned": []any{}}}, got["member_list"]); diff != "" {
		t.Error(diff)
	}
	b.want(404, b.ask("GET", "/api/groups/other", ""))

	got = b.want(200, b.ask("POST", "/api/groups/readers/offsets", `{"to": "earliest", "topic": "notes", "partitions": [0, 1], "dry_run": true}`))
	if len(got["moved"].([]any)) != 2 || got["lag"] != 10.0 {
		t.Errorf("%v", got)
	}
	if diff := cmp.Diff(GroupReset{"earliest", "notes", []int32{0, 1}, true}, b.admin.reset); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(b.log.String(), "audit") {
		t.Error("a dry run is noted as a change")
	}
	b.want(200, b.ask("POST", "/api/groups/readers/offsets", `{"to": "-5"}`))
	if got := b.want(409, b.ask("POST", "/api/groups/busy/offsets", `{"to": "latest"}`)); got["hint"] == "" {
		t.Errorf("%v", got)
	}
	b.want(422, b.ask("POST", "/api/groups/readers/offsets", `{}`))
	got = b.want(200, b.ask("DELETE", "/api/groups/readers/offsets?topic=notes", ""))
	if got["partitions"] != 2.0 {
		t.Errorf("%v", got)
	}
	b.want(422, b.ask("DELETE", "/api/groups/readers/offsets", ""))
	b.want(204, b.ask("DELETE", "/api/groups/readers", ""))
	if diff := cmp.Diff([]string{"offsets readers notes", "group readers"}, b.admin.deleted); diff != "" {
		t.Error(diff)
	}
	for _, line := range []string{"group reset", "group offsets deleted", "group deleted"} {
		if n := strings.Count(b.log.String(), line); n != 1 {
			t.Errorf("%d audit lines %q", n, line)
		}
	}
}

func TestTopicsWithoutAdmin(t *testing.T) {
	b := newBench(t, func(d *Deps) { d.Admin = nil })
	b.want(404, b.ask("GET", "/api/groups", ""))
	b.want(404, b.ask("DELETE", "/api/topics/notes", ""))
}
