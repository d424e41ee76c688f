package flink

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const handed = "CREATE TABLE `in put` (id STRING, ts TIMESTAMP(3)) WITH ('connector' = 'kafka');\n" +
	"CREATE TEMPORARY TABLE passing (id STRING) WITH ('connector' = 'kafka');\n" +
	"INSERT INTO a SELECT id, COUNT(*) FROM TABLE( TUMBLE(TABLE `in put`, DESCRIPTOR(ts), INTERVAL '1' MINUTE) ) AS w GROUP BY id, window_start, window_end;\n" +
	"BEGIN STATEMENT SET; INSERT INTO b SELECT id, COUNT(*) FROM TABLE(HOP(TABLE `in put`, DESCRIPTOR(ts), INTERVAL '1' MINUTE, INTERVAL '2' MINUTE)) GROUP BY id, window_start, window_end; END;\n" +
	"INSERT INTO c SELECT id FROM passing;"

func TestStartAt(t *testing.T) {
	s := read(t, handed)
	from := map[string]map[int32]int64{"in put": {1: 7, 0: 42}}
	out, err := s.StartAt([]Start{{Tables: from, After: "2026-11-20 10:00:00.001"}, {Tables: from, After: "2026-11-20 10:00:00.001"}, {}})
	if err != nil {
		t.Fatal(err)
	}
	alter := "ALTER TABLE `in put` SET ('scan.startup.mode' = 'specific-offsets', 'scan.startup.specific-offsets' = 'partition:0,offset:42;partition:1,offset:7', 'properties.isolation.level' = 'read_committed')"
	if diff := cmp.Diff([]string{alter}, out.Statements[2].first); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for at, want := range map[int]string{
		2: "FROM (SELECT * FROM TABLE( TUMBLE(TABLE `in put`, DESCRIPTOR(ts), INTERVAL '1' MINUTE) ) WHERE window_end > TIMESTAMP '2026-11-20 10:00:00.001') AS w GROUP BY",
		3: "EXECUTE STATEMENT SET BEGIN INSERT INTO b SELECT id, COUNT(*) FROM (SELECT * FROM TABLE(HOP(TABLE `in put`, DESCRIPTOR(ts), INTERVAL '1' MINUTE, INTERVAL '2' MINUTE)) WHERE window_end > TIMESTAMP '2026-11-20 10:00:00.001') GROUP BY",
	} {
		if one := out.Statements[at]; !strings.Contains(one.sent, want) || !strings.Contains(one.explained, "WHERE window_end > TIMESTAMP") {
			t.Errorf("want %q in\n%s\nand\n%s", want, one.sent, one.explained)
		}
	}
	if strings.Contains(s.Statements[2].sent, "window_end > ") || s.Statements[2].first != nil {
		t.Errorf("the script itself has changed: %+v", s.Statements[2])
	}
	cut, err := out.CutAt([]Cut{{Group: "g", Tables: []string{"in put"}}, {}, {}})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		alter, "SET 'execution.checkpointing.interval' = '365 d'", "SET 'execution.checkpointing.min-pause' = '365 d'",
		"ALTER TABLE `in put` SET ('properties.group.id' = 'g', 'properties.commit.offsets.on.checkpoint' = 'true')",
	}
	if diff := cmp.Diff(want, cut.Statements[2].first); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	f := func(starts []Start, want string) {
		t.Helper()
		if _, err := s.StartAt(starts); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	f([]Start{{}}, "3 jobs on Flink and 1 here")
	f([]Start{{}, {}, {Tables: map[string]map[int32]int64{"passing": {0: 1}}}}, "is TEMPORARY")
	f([]Start{{}, {}, {Tables: map[string]map[int32]int64{"none": {0: 1}}}}, "does not make table none")
	f([]Start{{}, {}, {After: "x"}}, "0 windowing functions")
}
