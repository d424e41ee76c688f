package plan_test

import (
	"errors"
	"testing"
	"time"

	"millrace/fault"
	"millrace/sql/ast"
	"millrace/sql/parse"
	"millrace/sql/plan"
)

func TestLiterals(t *testing.T) {
	f := func(sql, want string) {
		t.Helper()
		got := ""
		err := newPlanner().Script("SELECT "+sql, func(_ ast.Statement, r *plan.Result) error {
			e := r.Job.Sinks[0].Input.(*plan.Values).Rows[0][0]
			got = e.String() + " " + e.Type().String()
			return nil
		})
		var e *parse.Error
		if errors.As(err, &e) {
			got = e.Message
		}
		if got != want {
			t.Errorf("%s is %s, want %s", sql, got, want)
		}
	}
	f("2147483647", "2147483647 INT NOT NULL")
	f("2147483648", "2147483648 BIGINT NOT NULL")
	f("-2147483648", "-2147483648 INT NOT NULL")
	f("9223372036854775808", "9223372036854775808 DECIMAL(19, 0) NOT NULL")
	f("1.10", "1.10 DECIMAL(3, 2) NOT NULL")
	f("0.05", "0.05 DECIMAL(2, 2) NOT NULL")
	f("1e-3", "1E-03 DOUBLE NOT NULL")
	f("'héé'", "'héé' CHAR(3) NOT NULL")
	f("X'0aff'", "X'0AFF' BINARY(2) NOT NULL")
	f("NULL", "NULL NULL")
	f("UNKNOWN", "NULL BOOLEAN")
	f("DATE '1969-12-31'", "DATE '1969-12-31' DATE NOT NULL")
	f("DATE '2020-02-30'", `"2020-02-30" is not a DATE`)
	f("TIME '9:05:07.25'", "TIME '09:05:07.25' TIME(2) NOT NULL")
	f("TIMESTAMP '1969-12-31 23:59:59.5'", "TIMESTAMP '1969-12-31 23:59:59.5' TIMESTAMP(1) NOT NULL")
	f("TIMESTAMP '2020-01-01 00:00:00.123456789'", "TIMESTAMP '2020-01-01 00:00:00.123456789' TIMESTAMP(9) NOT NULL")
	f("INTERVAL '1 02:03:04.5' DAY TO SECOND", "INTERVAL '93784.5' SECOND INTERVAL DAY TO SECOND(3) NOT NULL")
	f("INTERVAL -'10:30' MINUTE TO SECOND", "INTERVAL '-630' SECOND INTERVAL DAY TO SECOND(3) NOT NULL")
	f("INTERVAL '0.001' SECOND", "INTERVAL '0.001' SECOND INTERVAL DAY TO SECOND(3) NOT NULL")
	f("INTERVAL '2-10' YEAR TO MONTH", "INTERVAL '34' MONTH INTERVAL YEAR TO MONTH NOT NULL")
	f("INTERVAL '1' WEEK", "INTERVAL '604800' SECOND INTERVAL DAY TO SECOND(3) NOT NULL")
	f("INTERVAL '1-2' DAY", `"1-2" is not an interval of INTERVAL DAY`)
	f("INTERVAL '1' YEAR TO SECOND", "there is no interval YEAR TO SECOND")
	f("123456789012345678901234567890123456789", "123456789012345678901234567890123456789 has more than 38 digits")
}

func TestSettings(t *testing.T) {
	s, err := plan.NewSettings(map[string]string{
		"table.local-time-zone": "GMT+05:30", "execution.checkpointing.interval": "1 s", "parallelism.default": "3",
		"table.exec.sink.not-null-enforcer": "DROP", "execution.runtime-mode": "batch", "state.backend": "rocksdb",
	})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Unix(0, 0).In(s.Zone()).Format("15:04")
	if at != "05:30" || s.Checkpoint() != time.Second || s.Parallelism() != 3 || !s.DropNulls() || !s.Batch() {
		t.Errorf("settings %v read as zone %s, %s, %d, %t, %t", s.Values(), at, s.Checkpoint(), s.Parallelism(), s.DropNulls(), s.Batch())
	}
	for key, value := range map[string]string{
		"table.local-time-zone": "+05:30", "parallelism.default": "many", "no.such.key": "1",
	} {
		if _, err := plan.NewSettings(map[string]string{key: value}); !errors.Is(err, fault.Invalid) {
			t.Errorf("SET %s = %s: %v, want an invalid fault", key, value, err)
		}
	}
	var zero plan.Settings
	if zero.Batch() || zero.Checkpoint() != 0 || zero.Parallelism() < 1 || zero.JobName([]string{"a", "b"}) != "insert-into_a,b" {
		t.Error("the zero Settings are not the defaults")
	}
}
