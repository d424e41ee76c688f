package parse_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"millrace/sql/ast"
	"millrace/sql/parse"
)

// Each line is what Format makes of itself.
const canonical = `
SELECT a, b AS c FROM t
SELECT * FROM t AS x (a, b)
SELECT t.*, COUNT(*) FROM t
SELECT DISTINCT a FROM db.t WHERE a = 1 AND b <> 'it''s' OR NOT c
SELECT a + b * c - (d - e), (a + b) * c, a || b * c, - a, - - 1, a % 2
SELECT a = b IS NULL, a = b IS NOT TRUE, NOT a IS NULL, (NOT a) IS NULL, a = (NOT b)
SELECT a IS DISTINCT FROM b, a IS NOT DISTINCT FROM b + 1, a IS JSON OBJECT
SELECT a BETWEEN 1 AND 2 AND b NOT BETWEEN SYMMETRIC c AND d + 1
SELECT a IN (1, 2), a NOT IN (SELECT b FROM t), (a, b) IN ((1, 2), (3, 4))
SELECT a LIKE '%x' ESCAPE '\', a NOT SIMILAR TO 'b'
SELECT a = SOME (1, 2), a > ALL (SELECT b FROM t), EXISTS (SELECT 1), (SELECT 1)
SELECT CASE WHEN a THEN 1 ELSE 2 END, CASE a WHEN 1 THEN 2 END
SELECT CAST(a AS DECIMAL(10, 2)), TRY_CAST('x' AS ROW<a INT NOT NULL, b ARRAY<STRING>>)
SELECT INTERVAL '1' DAY, INTERVAL -'1 02' DAY(3) TO HOUR, INTERVAL '1.5' SECOND(2, 1), INTERVAL '1' DAY TO SECOND(3)
SELECT DATE '2020-01-01', TIME '10:00:00', TIMESTAMP '2020-01-01 00:00:00', X'0AFF', 1, 1.5, 1e3, NULL, TRUE, UNKNOWN
SELECT EXTRACT(DAY FROM a), FLOOR(a TO HOUR), CEIL(a), TIMESTAMPDIFF(DAY, a, b), POSITION('a' IN b)
SELECT TRIM(BOTH ' ' FROM a), TRIM(a), OVERLAY(a PLACING b FROM 1 FOR 2), SUBSTRING(a, 1, 2)
SELECT JSON_VALUE(a, '$.b' RETURNING INT NULL ON EMPTY DEFAULT 1 ON ERROR), JSON_OBJECT(KEY 'a' VALUE 1 ABSENT ON NULL)
SELECT COUNT(DISTINCT a) FILTER (WHERE b > 1), SUM(a) OVER (PARTITION BY b ORDER BY c DESC NULLS LAST RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW)
SELECT LISTAGG(a) WITHIN GROUP (ORDER BY b), LAST_VALUE(a) IGNORE NULLS OVER w FROM t WINDOW w AS (ORDER BY ts)
SELECT ARRAY[1, 2][1], MAP['a', 1]['a'], (1, 2), ROW(1), a[1].b, (f(x)).y, CURRENT_TIMESTAMP, db.f(1)
SELECT SUM(a) OVER v FROM t WINDOW w AS (ORDER BY ts), v AS (w)
SELECT a FROM t GROUP BY a, TUMBLE(ts, INTERVAL '1' HOUR) HAVING COUNT(*) > 1
SELECT a FROM t GROUP BY GROUPING SETS((a, b), a, ()), CUBE(a, b), ROLLUP(a)
SELECT * FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '10' SECOND)) AS w
SELECT * FROM TABLE(HOP(DATA => TABLE t, TIMECOL => DESCRIPTOR(ts), SLIDE => INTERVAL '5' SECOND, SIZE => INTERVAL '10' SECOND))
SELECT * FROM TABLE(SESSION(TABLE t PARTITION BY (a, b), DESCRIPTOR(ts), INTERVAL '5' SECOND))
SELECT * FROM a INNER JOIN b ON a.x = b.x LEFT JOIN c USING (y), d CROSS JOIN e
SELECT * FROM a INNER JOIN (b INNER JOIN c ON TRUE) ON FALSE
SELECT * FROM o INNER JOIN r FOR SYSTEM_TIME AS OF o.ts AS r ON o.c = r.c
SELECT * FROM t, LATERAL TABLE(f(a)) AS f (x, y), UNNEST(b) WITH ORDINALITY AS u (i, n)
SELECT * FROM (SELECT 1 UNION ALL SELECT 2) AS q
SELECT a FROM t UNION (SELECT b FROM u EXCEPT SELECT c FROM v) INTERSECT SELECT d FROM w ORDER BY a LIMIT 10 OFFSET 5 ROWS
WITH q (a) AS (SELECT 1), r AS (TABLE t) SELECT * FROM q, r
SELECT /*+ LOOKUP('table' = 'x'), BROADCAST(x), STATE_TTL('x' = '1 d') */ * FROM t /*+ OPTIONS('k' = 'v') */ AS x
VALUES (1, 'a'), (2, 'b')
INSERT INTO t SELECT * FROM s
INSERT INTO t (a, b) VALUES (1, DEFAULT)
INSERT OVERWRITE t PARTITION (p = 'x', q) (a) SELECT 1
SET 'k' = 'v'
SET
RESET 'k'
DROP TEMPORARY VIEW IF EXISTS v
DESCRIBE EXTENDED t
EXPLAIN CHANGELOG_MODE, ESTIMATED_COST SELECT 1
SHOW TABLES FROM db NOT LIKE 'a%'
SHOW CREATE TABLE t
SHOW COLUMNS FROM t
SHOW CURRENT DATABASE
SHOW PROCEDURES NOT ILIKE 'a%'
EXECUTE INSERT INTO t SELECT 1
ALTER TABLE IF EXISTS db.t RENAME TO u
ALTER TABLE t RENAME a TO b
ALTER TABLE t ADD (a INT NOT NULL COMMENT 'x' FIRST, b AS a + 1 AFTER a, WATERMARK FOR c AS c, CONSTRAINT k PRIMARY KEY (a) NOT ENFORCED)
ALTER TABLE t MODIFY (a STRING METADATA FROM 'k' VIRTUAL AFTER b)
ALTER TABLE t DROP (a, b)
ALTER TABLE t DROP PRIMARY KEY
ALTER TABLE t DROP CONSTRAINT k
ALTER TABLE t DROP WATERMARK
ALTER TABLE t SET ('k' = 'v')
ALTER TABLE t RESET ('k', 'l')
ALTER VIEW v RENAME TO w
ALTER VIEW v AS SELECT 1
CREATE DATABASE IF NOT EXISTS default_catalog.d COMMENT 'x' WITH ('k' = 'v')
ALTER DATABASE d SET ('k' = 'v')
DROP DATABASE IF EXISTS d CASCADE
USE d
USE CATALOG default_catalog
USE catalog
CREATE TEMPORARY VIEW IF NOT EXISTS v (a, ` + "`b c`" + `) COMMENT 'x' AS SELECT 1, 2
SELECT ` + "`value`, `at`, `a``b`" + ` FROM ` + "`select`"

func TestCanonicalFormRoundTrips(t *testing.T) {
	for line := range strings.SplitSeq(strings.TrimSpace(canonical), "\n") {
		s, err := parse.Statement(line)
		if err != nil {
			t.Errorf("parse %s: %v", line, err)
			continue
		}
		if got := ast.Format(s); got != line {
			t.Errorf("Format:\n got %s\nwant %s", got, line)
		}
	}
}

func TestSynonymsAndSugar(t *testing.T) {
	f := func(sql, want string) {
		t.Helper()
		s, err := parse.Statement(sql)
		if err != nil {
			t.Errorf("parse %s: %v", sql, err)
			return
		}
		if got := ast.Format(s); got != want {
			t.Errorf("parse %s:\n got %s\nwant %s", sql, got, want)
		}
	}
	f("select a b from t x where a != 2;", "SELECT a AS b FROM t AS x WHERE a <> 2")
	f("SELECT CAST(a AS TIMESTAMP(3) WITH LOCAL TIME ZONE)", "SELECT CAST(a AS TIMESTAMP_LTZ(3))")
	f("SELECT CAST(a AS INTEGER ARRAY), CAST(b AS NUMERIC(5)), CAST(c AS CHARACTER VARYING(3))",
		"SELECT CAST(a AS ARRAY<INT>), CAST(b AS DECIMAL(5)), CAST(c AS VARCHAR(3))")
	f("SELECT CAST(a AS ROW(b INT 'note')), CAST(c AS DOUBLE PRECISION)", "SELECT CAST(a AS ROW<b INT 'note'>), CAST(c AS DOUBLE)")
	f(`SELECT U&'\0041\+01F600', u&'!00e9' UESCAPE '!'`, "SELECT 'A\U0001F600', 'é'")
	f("SELECT 'a'\n'b', x'0a'", "SELECT 'ab', X'0A'")
	f("SELECT .5, 5., 1E-3, case when a=1 then 9else 8 end", "SELECT .5, 5., 1E-3, CASE WHEN a = 1 THEN 9 ELSE 8 END")
	f("SELECT TRIM(LEADING FROM a), TRIM('x' FROM a), TRIM(BOTH a)",
		"SELECT TRIM(LEADING ' ' FROM a), TRIM(BOTH 'x' FROM a), TRIM(BOTH ' ' FROM a)")
	f("SELECT timestampadd(SQL_TSI_DAY, 1, a), substring(a from 2 for 3), ceiling(a to day)",
		"SELECT timestampadd(DAY, 1, a), substring(a, 2, 3), CEIL(a TO DAY)")
	f("SELECT JSON_OBJECT('a': 1), JSON_QUERY(a, 'b' WITH WRAPPER)",
		"SELECT JSON_OBJECT(KEY 'a' VALUE 1), JSON_QUERY(a, 'b' WITH UNCONDITIONAL ARRAY WRAPPER)")
	f("SELECT a FROM t ORDER BY a ASC FETCH FIRST 3 ROWS ONLY", "SELECT a FROM t ORDER BY a LIMIT 3")
	f("VALUES 1, ROW(2)", "VALUES (1), (2)")
	f("((SELECT 1) UNION (SELECT 2))", "SELECT 1 UNION SELECT 2")
	f("SELECT ((SELECT 1) UNION (SELECT 2)), ((SELECT 1) + 1), a IN ((SELECT 1) UNION SELECT 2)",
		"SELECT (SELECT 1 UNION SELECT 2), (SELECT 1) + 1, a IN (SELECT 1 UNION SELECT 2)")
	f("SELECT * FROM ((SELECT 1) UNION (SELECT 2)) q, ((SELECT 1) a JOIN b ON TRUE), (t) x",
		"SELECT * FROM (SELECT 1 UNION SELECT 2) AS q, (SELECT 1) AS a INNER JOIN b ON TRUE, t AS x")
	f("SELECT 2 /* two */ -- rest\n*3", "SELECT 2 * 3")
	f("SELECT 2*/*c*/3", "SELECT 2 * 3")
	f("CREATE TABLE t LIKE s (INCLUDING ALL EXCLUDING OPTIONS)", "CREATE TABLE t\nLIKE s (INCLUDING ALL EXCLUDING OPTIONS)")
	f("SELECT INTERVAL '2' DAYS, INTERVAL '1:1' HOURS TO SECONDS(3)", "SELECT INTERVAL '2' DAY, INTERVAL '1:1' HOUR TO SECOND(3)")
	f("SELECT DECIMAL '-1.50', DECIMAL' 2 ', N'x'", "SELECT - 1.50, 2, 'x'")
	f("SELECT {d '2020-01-01'}, {t '1:2:3'}, {ts '2020-01-01 00:00:00'}, {fn f(1)}",
		"SELECT DATE '2020-01-01', TIME '1:2:3', TIMESTAMP '2020-01-01 00:00:00', f(1)")
	f("SELECT CASE a WHEN 1, 2 THEN 3 END", "SELECT CASE a WHEN 1 THEN 3 WHEN 2 THEN 3 END")
	f("SELECT LAST_VALUE(a IGNORE NULLS)", "SELECT LAST_VALUE(a) IGNORE NULLS")
	f("SELECT PERIOD (a, b) OVERLAPS (c, d)", "SELECT (a, b) OVERLAPS (c, d)")
	f("DESC t", "DESCRIBE t")
	f("ALTER TABLE t ADD a INT AFTER b", "ALTER TABLE t ADD (a INT AFTER b)")
	f("ALTER TABLE t DROP a", "ALTER TABLE t DROP (a)")
	f("DROP DATABASE d RESTRICT", "DROP DATABASE d")
	f("REPLACE TABLE t AS SELECT 1", "REPLACE TABLE t\nAS SELECT 1")
	f("CREATE TABLE t (a INT CONSTRAINT k PRIMARY KEY NOT ENFORCED COMMENT 'x')",
		"CREATE TABLE t (\n  a INT CONSTRAINT k PRIMARY KEY NOT ENFORCED COMMENT 'x'\n)")
	f("EXPLAIN PLAN FOR SELECT 1", "EXPLAIN SELECT 1")
	f("BEGIN STATEMENT SET; INSERT INTO a SELECT 1; INSERT INTO b SELECT 2; END;",
		"EXECUTE STATEMENT SET BEGIN\nINSERT INTO a SELECT 1;\nINSERT INTO b SELECT 2;\nEND")
	f("EXPLAIN STATEMENT SET BEGIN INSERT INTO a SELECT 1; END", "EXPLAIN STATEMENT SET BEGIN\nINSERT INTO a SELECT 1;\nEND")
}

func TestCreateTable(t *testing.T) {
	const sql = "CREATE TABLE IF NOT EXISTS cat.db.`t t` (\n" +
		"  id STRING NOT NULL COMMENT 'who',\n" +
		"  n DECIMAL(10, 2),\n" +
		"  r ROW<a INT, b ROW<c TIMESTAMP_LTZ(3)>>,\n" +
		"  part INT METADATA FROM 'partition' VIRTUAL,\n" +
		"  `timestamp` TIMESTAMP_LTZ(3) METADATA,\n" +
		"  ts AS TO_TIMESTAMP(id) COMMENT 'when',\n" +
		"  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND,\n" +
		"  CONSTRAINT pk PRIMARY KEY (id, n) NOT ENFORCED\n" +
		")\nCOMMENT 'c'\nDISTRIBUTED BY HASH (id) INTO 4 BUCKETS\nPARTITIONED BY (part)\nWITH (\n" +
		"  'connector' = 'kafka',\n  'topic' = 'a;b'\n)"
	s, err := parse.Statement(sql)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sql, ast.Format(s)); diff != "" {
		t.Errorf("Format (-want +got):\n%s", diff)
	}
}

func TestErrors(t *testing.T) {
	f := func(sql, want string) {
		t.Helper()
		_, err := parse.Script(sql)
		if err == nil {
			t.Errorf("parse %s: no error, want %s", sql, want)
			return
		}
		if got := err.Error(); got != want {
			t.Errorf("parse %s:\n got %s\nwant %s", sql, got, want)
		}
	}
	f("SELECT at FROM t", "line 1, column 8: unexpected AT: want an expression (AT is a reserved word: as a name it is written `at`)")
	f("CREATE TABLE t (value INT)",
		"line 1, column 17: unexpected VALUE: want a column name (VALUE is a reserved word: as a name it is written `value`)")
	f("SELECT one FROM t", "line 1, column 8: unexpected ONE: want an expression (ONE is a reserved word: as a name it is written `one`)")
	f("SELECT a\nFROM", "line 2, column 5: unexpected end: want table")
	f("SELEC a", `line 1, column 1: unexpected "SELEC": want a statement (did you mean SELECT?)`)
	f("INSERT ITNO t SELECT 1", `line 1, column 8: unexpected "ITNO": want INTO (did you mean INTO?)`)
	f("SELECT 'abc", "line 1, column 8: the string does not end")
	f("SELECT /* abc", "line 1, column 8: the comment does not end")
	f(`SELECT "a"`, `line 1, column 8: a string stands in single quotes, a name in back-ticks: unexpected "`)
	f("SELECT 'é' é §", `line 1, column 14: unexpected character "§"`)
	f("CREATE TABLE t (a TEXT)", `line 1, column 19: unknown data type "TEXT" (Flink's name is STRING)`)
	f("CREATE TABLE t (a STRNG)", `line 1, column 19: unknown data type "STRNG" (did you mean STRING?)`)
	f("CREATE TABLE t (a INT, a INT)", `line 1, column 24: column "a" is defined twice`)
	f("CREATE TABLE t (a INT, PRIMARY KEY (a))",
		"line 1, column 39: a PRIMARY KEY is not checked here, and must say so (write PRIMARY KEY ... NOT ENFORCED)")
	f("CREATE TABLE t (a INT) WITH ('k' = 'v', 'k' = 'w')", `line 1, column 41: option "k" is given twice`)
	f("SET a = b", "line 1, column 5: the key of a setting stands in single quotes (write SET 'key' = 'value')")
	f("ADD JAR 'x.jar'", "line 1, column 1: ADD JAR is not supported (no Java code is loaded here: use the built-in functions)")
	f("COMPILE PLAN 'x' FOR INSERT INTO t SELECT 1",
		"line 1, column 1: COMPILE PLAN is not supported (run the statement itself: what a job is going on from is kept with its checkpoints)")
	f("ALTER TABLE t ADD PARTITION (p = 1)",
		"line 1, column 19: the catalog keeps no partitions of tables (a table's partitions come with its data)")
	f("ALTER TABLE t DROP a.b", "line 1, column 20: a field of a ROW column cannot be changed alone (MODIFY the whole column)")
	f("ALTER TABLE t ADD (a INT, a AS 1)", `line 1, column 27: column "a" comes twice`)
	f("ALTER TABLE t RENAM a TO b",
		`line 1, column 15: unexpected "RENAM": want ADD, MODIFY, DROP, RENAME, SET or RESET (did you mean RENAME?)`)
	f("CREATE TABLE t (a INT UNIQUE)",
		"line 1, column 23: UNIQUE constraints are not supported (Flink knows them neither; write PRIMARY KEY ... NOT ENFORCED)")
	f("CREATE TABLE t (a INT, WATERMARK FOR a AS (SELECT 1))",
		"line 1, column 43: there can be no query in a CREATE TABLE's expressions")
	f("EXPLAIN CHANGELOG_MODE, CHANGELOG_MODE SELECT 1", "line 1, column 25: CHANGELOG_MODE comes twice")
	f("SELECT /*+ STATE_TLT('t' = '1d') */ * FROM t", "line 1, column 12: hint STATE_TLT is not known (did you mean STATE_TTL?)")
	f("SELECT /*+ STATE_TTL('u' = '1d') */ * FROM t, a AS u2",
		`line 1, column 22: there is no table "u" in FROM (use the alias, if the table has one)`)
	f("SELECT /*+ STATE_TTL('t' = 'soon') */ * FROM t",
		`line 1, column 22: option "t" of hint STATE_TTL: "soon" is no duration like '10 s', '5 min' or '200 ms'`)
	f("SELECT /*+ LOOKUP('async' = 'true') */ * FROM t",
		`line 1, column 12: option "table" of hint LOOKUP is missing (name the table, or its alias, as FROM does: LOOKUP('table' = 'c'))`)
	f("SELECT /*+ LOOKUP('table' = 't', 'retry-predicate' = 'lookup_miss') */ * FROM t",
		"line 1, column 12: hint LOOKUP says only in part how to try again "+
			"(give retry-predicate, retry-strategy, fixed-delay and max-attempts, or none of them)")
	f("SELECT /*+ LOOKUP('table' = 't', 'time-out' = '1s') */ * FROM t",
		`line 1, column 34: option "time-out" is not known to hint LOOKUP (did you mean "timeout"?)`)
	f("SELECT /*+ BROADCAST */ * FROM t", "line 1, column 12: hint BROADCAST wants the names of tables (write BROADCAST(t))")
	f("SELECT /*+ OPTIONS('k' = 'v') */ * FROM t",
		"line 1, column 12: hint OPTIONS does not stand behind SELECT (write it behind the table that it is about)")
	f("SHOW TABLES ILIKE 'a'", "line 1, column 13: SHOW TABLES takes no ILIKE, as in Flink (use LIKE)")
	f("USE a.b.c", "line 1, column 5: the name of a database has at most two parts: catalog.database")
	f("REPLACE TABLE t (a INT)", "line 1, column 1: REPLACE TABLE wants AS and a query")
	f("SELECT X'0'", "line 1, column 8: a binary string is an even number of hexadecimal digits")
	f("SELECT INTERVAL '1' FORTNIGHT",
		`line 1, column 21: unexpected "FORTNIGHT": want YEAR, QUARTER, MONTH, WEEK, DAY, HOUR, MINUTE or SECOND`)
	f("SELECT INTERVAL '2' MONTH TO DAY", "line 1, column 27: there is no interval MONTH TO DAY "+
		"(it is YEAR TO MONTH, or DAY, HOUR or MINUTE TO a smaller one down to SECOND)")
	f("SELECT DEFAULT", "line 1, column 8: unexpected DEFAULT: want an expression (DEFAULT is a reserved word: as a name it is written `DEFAULT`)")
	f("SELECT 1 WHERE TRUE", "line 1, column 10: WHERE without FROM")
	f("SELECT a FROM t WHERE a ILIKE 'x'", "line 1, column 25: ILIKE is not supported, as in Flink (write LOWER(x) LIKE LOWER(pattern))")
	f("SELECT DECIMAL '1e3'", `line 1, column 16: "1e3" is no DECIMAL (write digits, and a point among them)`)
	f("SELECT {x '1'}", `line 1, column 9: unexpected "x" in braces (write {d '...'}, {t '...'}, {ts '...'} or {fn f(...)})`)
	f("WITH RECURSIVE a AS (SELECT 1) SELECT * FROM a", "line 1, column 6: a query that reads itself is not supported, as in Flink")
	f("SELECT a FROM t x y", `line 1, column 19: unexpected "y": want ";"`)
	f("SELECT "+strings.Repeat("(", 300)+"1", "line 1, column 261: nested more than 256 levels deep")
	f("SELECT 1; SELECT FROM t;\nSELECT 2; SELECT a b c;",
		"line 1, column 18: unexpected FROM: want an expression\nline 2, column 22: unexpected \"c\": want \";\"")
	f("EXECUTE STATEMENT SET BEGIN INSERT INTO a SELEC 1; INSERT INTO b SELECT 2; END; SELECT;",
		"line 1, column 43: unexpected \"SELEC\": want SELECT, VALUES or a query in parentheses (did you mean SELECT?)\n"+
			"line 1, column 87: unexpected \";\": want an expression")
}

func TestScriptKeepsTheStatementsThatAreRight(t *testing.T) {
	statements, err := parse.Script("SELECT 1; SELECT; -- ;\n /* ; */ SELECT ';';;")
	var first *parse.Error
	if !errors.As(err, &first) || first.Pos.Column != 17 {
		t.Errorf("error %v, want one at column 17", err)
	}
	if len(statements) != 2 {
		t.Errorf("%d statements, want 2", len(statements))
	}
}

func TestSnippetPointsAtTheError(t *testing.T) {
	_, err := parse.Script("SELECT 1;\n\tSELECT é, value FROM t")
	var e *parse.Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v, want a *parse.Error", err)
	}
	if want := "\tSELECT é, value FROM t\n\t          ^^^^^"; e.Snippet() != want {
		t.Errorf("Snippet:\n%s\nwant\n%s", e.Snippet(), want)
	}
}

func TestSpansCoverTheirText(t *testing.T) {
	const sql = "SELECT a + b.c AS x,\n  COUNT( * ) FROM t AS u WHERE EXISTS (SELECT 1)  ;"
	statements, err := parse.Script(sql)
	if err != nil {
		t.Fatal(err)
	}
	q := statements[0].(*ast.Query)
	sel := q.Body.(*ast.Select)
	f := func(n ast.Node, want string) {
		t.Helper()
		s := n.Extent()
		if got := sql[s.Pos.Offset:s.End.Offset]; got != want {
			t.Errorf("span of %T is %q, want %q", n, got, want)
		}
	}
	f(q, strings.TrimRight(sql, " ;"))
	f(sel.Items[0], "a + b.c AS x")
	f(sel.Items[0].X.(*ast.Binary).Y, "b.c")
	f(sel.Items[1].X, "COUNT( * )")
	f(sel.From, "t AS u")
	f(sel.Where, "EXISTS (SELECT 1)")
	if pos := sel.Items[1].Pos; pos.Line != 2 || pos.Column != 3 {
		t.Errorf("position %+v, want line 2, column 3", pos)
	}
}

func TestInputIsBounded(t *testing.T) {
	if _, err := parse.Script(strings.Repeat(" ", parse.MaxBytes+1)); err == nil {
		t.Error("a script above MaxBytes was accepted")
	}
	for _, sql := range []string{
		"SELECT 1" + strings.Repeat("+1", 5000),
		"SELECT a" + strings.Repeat(".b", 300) + strings.Repeat("[1]", 300),
		"SELECT " + strings.Repeat("- ", 1000) + "1",
		"SELECT 1" + strings.Repeat(" UNION SELECT 1", 5000),
		"SELECT CAST(a AS " + strings.Repeat("ARRAY<", 1000),
		"SELECT * FROM " + strings.Repeat("(", 1000) + "SELECT 1",
		strings.Repeat("EXPLAIN EXECUTE ", 1000) + "SELECT 1",
	} {
		if _, err := parse.Script(sql); err == nil {
			t.Errorf("parse %.40s...: no error", sql)
		}
	}
}

func FuzzScript(f *testing.F) {
	for line := range strings.SplitSeq(strings.TrimSpace(canonical), "\n") {
		f.Add(line)
	}
	f.Add("EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1; END;")
	f.Add("CREATE TABLE t (a INT METADATA, b AS a, WATERMARK FOR b AS b) WITH ('a'='b')")
	f.Fuzz(func(t *testing.T, sql string) {
		statements, _ := parse.Script(sql)
		for _, s := range statements {
			text := ast.Format(s)
			again, err := parse.Statement(text)
			if err != nil {
				t.Fatalf("parse of the formatted text: %v\nfrom %s\nto   %s", err, sql, text)
			}
			if diff := cmp.Diff(s, again, cmpopts.IgnoreTypes(ast.Span{}), cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("format changed the tree of %s\nto %s\n%s", sql, text, diff)
			}
		}
	})
}
