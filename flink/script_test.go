package flink

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"millrace/sql/parse"
)

func TestRead(t *testing.T) {
	source := `-- a comment; with a semicolon
SET 'pipeline.name' = 'mine';
/* ; */ INSERT INTO a SELECT ';' AS x, ` + "`b;c`" + ` FROM t; -- behind
RESET 'pipeline.name';;
EXECUTE STATEMENT SET BEGIN
  INSERT INTO x SELECT 1; INSERT INTO ` + "`db`.`y`" + ` SELECT 2;
END;
BEGIN STATEMENT SET; INSERT INTO a SELECT 1; /* ; */ INSERT INTO a SELECT 2; END;
CREATE TABLE c WITH ('connector' = 'print') AS SELECT * FROM t;
ALTER CATALOG what IS THIS;
INSERT INTO a /*+ OPTIONS('x' = ';') */ SELECT it''s FROM t`
	s := read(t, source)
	type row struct {
		Text, Name  string
		Job, Named  bool
		Line, Start int
	}
	var got []row
	for _, one := range s.Statements {
		text, _, _ := strings.Cut(one.sent, "\n")
		got = append(got, row{text, one.Name, one.Job, one.Named, one.at.Line, one.at.Column})
	}
	want := []row{
		{"SET 'pipeline.name' = 'mine'", "", false, false, 2, 1},
		{"INSERT INTO a SELECT ';' AS x, `b;c` FROM t", "mine", true, true, 3, 9},
		{"RESET 'pipeline.name'", "", false, false, 4, 1},
		{"EXECUTE STATEMENT SET BEGIN", "insert-into_x,y", true, false, 5, 1},
		{"EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1; /* ; */ INSERT INTO a SELECT 2; END", "insert-into_a", true, false, 8, 1},
		{"CREATE TABLE c WITH ('connector' = 'print') AS SELECT * FROM t", "insert-into_c", true, false, 9, 1},
		{"ALTER CATALOG what IS THIS", "", false, false, 10, 1},
		{"INSERT INTO a /*+ OPTIONS('x' = ';') */ SELECT it''s FROM t", "insert-into_a-2", true, false, 11, 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReadRefuses(t *testing.T) {
	f := func(source, want string) {
		t.Helper()
		_, err := Read(source, Bus{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", source, err, want)
		}
	}
	f("INSERT INTO a SELECT 'x", "line 1, column 22: the constant is not closed")
	f("INSERT INTO a SELECT `x", "the name is not closed")
	f("/* x", "the comment is not closed")
	f("\n EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1;", "line 2, column 2: the statement set has no END")
	f("CREATE TABLE t (n INT)", "no INSERT")
	f("SELECT 1", "nowhere to write")
	f(strings.Repeat(" ", parse.MaxBytes+1), "more than")
}

func TestBusIsFilledIn(t *testing.T) {
	bus := Bus{
		Servers: "kafka:9092", Own: func(servers string) bool { return servers == "127.0.0.1:9092" },
		Properties: map[string]string{"security.protocol": "SASL_PLAINTEXT", "sasl.jaas.config": `x password="it's";`},
	}
	f := func(with, want string) {
		t.Helper()
		s, err := Read("CREATE TABLE t (n INT) WITH ("+with+");INSERT INTO t SELECT 1", bus)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff("CREATE TABLE t (n INT) WITH ("+want+")", s.Statements[0].sent); diff != "" {
			t.Errorf("%s (-want +got):\n%s", with, diff)
		}
	}
	const filled = `'properties.sasl.jaas.config' = 'x password="it''s";', 'properties.security.protocol' = 'SASL_PLAINTEXT'`
	const servers = `'properties.bootstrap.servers' = 'kafka:9092'`
	f("'connector' = 'kafka', 'topic' = 'a'", "'connector' = 'kafka', "+servers+", "+filled+", 'topic' = 'a'")
	f("'topic' = 'ä', 'connector' = 'upsert-kafka'", "'topic' = 'ä', 'connector' = 'upsert-kafka', "+servers+", "+filled)
	f("'connector' = 'kafka', 'properties.bootstrap.servers' = '127.0.0.1:9092', 'properties.security.protocol' = 'SSL'",
		`'connector' = 'kafka', 'properties.sasl.jaas.config' = 'x password="it''s";', `+servers+", 'properties.security.protocol' = 'SSL'")
	f("'connector' = 'kafka', 'properties.bootstrap.servers' = 'other:9092'", "'connector' = 'kafka', 'properties.bootstrap.servers' = 'other:9092'")
	f("'connector' = 'print'", "'connector' = 'print'")
}

func FuzzRead(f *testing.F) {
	f.Add(twoJobs)
	f.Add("EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1; END; BEGIN STATEMENT SET; INSERT INTO `a`.b SELECT '/*'; END")
	f.Add("CREATE TABLE t (n INT) WITH ('connector' = 'kafka', 'password' = 'x''y');INSERT INTO t SELECT 1 -- x")
	f.Fuzz(func(t *testing.T, source string) {
		if len(source) > 1<<14 {
			t.Skip()
		}
		Redacted(source)
		s, err := Read(source, Bus{Servers: "k:1"})
		if err != nil {
			return
		}
		for _, one := range s.Statements {
			if !strings.HasPrefix(source[one.at.Offset:], one.Text) {
				t.Fatalf("%q is not at %+v", one.Text, one.at)
			}
			var e *parse.Error
			trace := "a.B: From line 1, column 1 to line 1, column 2: x"
			if err := s.refused(one, false, &statementError{trace, s.Hide}); !errors.As(err, &e) || e.Pos.Line != one.at.Line {
				t.Fatalf("%v, want line %d", err, one.at.Line)
			}
		}
	})
}
