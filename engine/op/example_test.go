package op_test

import (
	"strings"
	"testing"
	"time"

	"millrace/sql/function"
	"millrace/vec"
)

// TestExamples runs the example of every scalar function: "expression = answer".
func TestExamples(t *testing.T) {
	for _, f := range function.All() {
		at := strings.LastIndex(f.Example, " = ")
		if at < 0 || f.Doc == "" {
			t.Errorf("%s: example %q or its doc is missing", f.Name, f.Example)
			continue
		}
		if !strings.Contains(strings.ToUpper(f.Example), strings.Split(f.Name, " ")[0]) {
			t.Errorf("%s: example %q does not use it", f.Name, f.Example)
		}
		check(t, "("+f.Example[:at]+") IS NOT DISTINCT FROM ("+f.Example[at+3:]+")", "TRUE")
	}
}

// check evaluates an expression over one row, and compares its text form.
func check(t *testing.T, expr, want string) {
	t.Helper()
	b, err := query("SELECT "+expr, "UTC")
	if err != nil {
		t.Errorf("%s: %v", expr, err)
		return
	}
	if got := string(function.AppendText(nil, &b.Cols[0], 0, time.UTC)); got != want {
		t.Errorf("%s = %s, want %s", expr, got, want)
	}
}

// TestAnswers holds answers that were measured on a real Flink.
func TestAnswers(t *testing.T) {
	f := func(expr, want string) {
		t.Helper()
		check(t, expr, want)
	}
	// Numbers.
	f("5 / 2", "2")
	f("-7 / 2", "-3")
	f("MOD(-5, 3)", "-2")
	f("2147483647 + 2", "-2147483647")
	f("CAST(100 AS TINYINT) + CAST(100 AS TINYINT)", "-56")
	f("1.1 + 2.25", "3.35")
	f("1.5 * 2.25", "3.375")
	f("CAST(1 AS DECIMAL(10,2)) / CAST(3 AS DECIMAL(10,2))", "0.3333333333333")
	f("ROUND(2.5)", "3")
	f("ROUND(-2.5)", "-3")
	f("ROUND(125.315E0, 2)", "125.32")
	f("TRUNCATE(42, -1)", "40")
	f("ROUND(CAST(123 AS TINYINT), -2)", "100")
	f("0.1E0 + 0.2E0", "0.30000000000000004")
	f("POWER(2, 10)", "1024.0")
	f("LOG2(10)", "3.3219280948873626")
	f("RAND(1)", "0.7308781907032909")
	f("1 = 1.0", "TRUE")
	f("LEAST(1.5, 2)", "1.5")
	// Casts.
	f("CAST(300 AS TINYINT)", "44")
	f("CAST(1e20 AS INT)", "2147483647")
	f("CAST(1e20 AS BIGINT)", "9223372036854775807")
	f("CAST(-3.99 AS INT)", "-3")
	f("CAST(' 12 ' AS INT)", "12")
	f("CAST('3.75' AS INT)", "3")
	f("CAST('ab' AS CHAR(4)) || '|'", "ab  |")
	f("CAST('abcdef' AS VARCHAR(3))", "abc")
	f("CAST('x' AS CHAR(3)) = 'x'", "FALSE")
	f("CAST(1e10 AS STRING)", "1.0E10")
	f("CAST(1e-5 AS STRING)", "1.0E-5")
	f("CAST(1e2 AS STRING)", "100.0")
	f("CAST(CAST(1.1 AS DECIMAL(10,2)) AS STRING)", "1.10")
	f("TRY_CAST('abc' AS INT)", "NULL")
	f("TRY_CAST('2024-13-01' AS DATE)", "NULL")
	f("CAST(123456 AS DECIMAL(5,2))", "NULL")
	f("CAST(INTERVAL '1' DAY AS STRING)", "+1 00:00:00.000")
	// NULL.
	f("3 IN (1, CAST(NULL AS INT))", "NULL")
	f("NOT (3 IN (1, CAST(NULL AS INT)))", "NULL")
	f("'a' || CAST(NULL AS STRING)", "NULL")
	f("CONCAT_WS('-', 'a', CAST(NULL AS STRING), 'b')", "a-b")
	f("CASE WHEN CAST(NULL AS BOOLEAN) THEN 1 ELSE 2 END", "2")
	// Text.
	f("CHAR_LENGTH('h\u00e9\u00e9')", "3")
	f("LEFT('abc', 10)", "abc")
	f("LPAD('hi', 1, '??')", "h")
	f("SPLIT_INDEX('a,b,c', ',', 1)", "b")
	f("UPPER('\u00df')", "S")
	f("SUBSTRING('abc', 0, 2)", "ab")
	f("OVERLAY('123456789' PLACING 'abc' FROM 2 FOR -1)", "1abc")
	f("REGEXP_REPLACE('foobar', 'o+', '$1')", "f$1bar")
	// Times.
	f("TIMESTAMPDIFF(MONTH, DATE '2020-01-31', DATE '2020-02-29')", "1")
	f("TO_TIMESTAMP('2024-02-30 00:00:00')", "2024-02-29 00:00:00.000")
	f("TO_DATE('2024-02-30')", "NULL")
	f("FLOOR(TIMESTAMP '2024-05-17 12:00:00' TO WEEK)", "2024-05-12 00:00:00")
	f("DAYOFWEEK(DATE '2024-05-19')", "1")
	f("TIMESTAMP '2020-01-31 00:00:00' + INTERVAL '1' MONTH", "2020-02-29 00:00:00")
	f("TIMESTAMP '2020-01-01 00:00:00' = '2020-01-01 00:00:00'", "TRUE")
	f("TO_TIMESTAMP('20170915000000', 'yyyyMMddHHmmss')", "2017-09-15 00:00:00.000")
	f("DATE_FORMAT(TIMESTAMP '2024-05-07 15:04:05.678', 'EEE d MMM yy, h:mm a SSS')", "Tue 7 May 24, 3:04 PM 678")
}

// TestErrors holds the calls and values that must be refused.
func TestErrors(t *testing.T) {
	f := func(expr, want string) {
		t.Helper()
		_, err := query("SELECT "+expr+" FROM (VALUES (1, 'abc'), (0, '12')) AS t(n, s)", "UTC")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", expr, err, want)
		}
	}
	f("1 / n", "/ by zero")
	f("1.5 / n", "/ by zero")
	f("n % n", "/ by zero")
	f("CAST(s AS INT)", `cast "abc" to INT`)
	f("CAST(DATE '2024-01-01' AS INT)", "cannot be cast")
	f("n + s", "does not take")
	f("n = s", "does not take")
	f("s LIKE 'a#' ESCAPE '#'", "escape")
	f("UPPER(n)", "does not take")
}

// TestGuards shows that errors come only from the rows that reach an expression.
func TestGuards(t *testing.T) {
	f := func(expr string, want ...string) {
		t.Helper()
		b, err := query("SELECT "+expr+" FROM (VALUES (2, 'a'), (0, '5'), (CAST(NULL AS INT), 'c')) AS t(n, s)", "UTC")
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			return
		}
		for i, w := range want {
			if got := string(function.AppendText(nil, &b.Cols[0], i, time.UTC)); got != w {
				t.Errorf("%s in row %d = %s, want %s", expr, i, got, w)
			}
		}
	}
	f("n <> 0 AND 10 / n > 1", "TRUE", "FALSE", "NULL")
	f("n = 0 OR 10 / n > 1", "TRUE", "TRUE", "NULL")
	f("n IS NULL OR n = 0 OR 10 / n > 1", "TRUE", "TRUE", "TRUE")
	f("CASE WHEN n = 0 THEN -1 ELSE 10 / n END", "5", "-1", "NULL")
	f("CASE WHEN n = 0 THEN CAST(s AS INT) WHEN n = 2 THEN n END", "2", "5", "NULL")
	f("CASE WHEN n = 0 THEN 'zero' WHEN n > 0 THEN s || '!' END", "a!", "zero", "NULL")
	f("COALESCE(n, 7)", "2", "0", "7")
	f("10 / NULLIF(n, 0)", "5", "NULL", "NULL")
	f("IF(n = 2, s, UPPER(s))", "a", "5", "C")
	f("TRY_CAST(s AS INT)", "NULL", "5", "NULL")
	f("n = 2 AND CAST(NULL AS BOOLEAN)", "NULL", "FALSE", "NULL")
	f("n = 2 OR CAST(NULL AS BOOLEAN)", "TRUE", "NULL", "NULL")
}

// TestFilterNarrowsTheSelection also shows that a later condition is not computed for rows that an
// earlier one has dropped.
func TestFilterNarrowsTheSelection(t *testing.T) {
	b, err := query("SELECT n FROM (VALUES (1), (0), (2), (CAST(NULL AS INT)), (5)) AS t(n) WHERE n <> 0 AND 10 / n > 2", "UTC")
	if err != nil {
		t.Fatal(err)
	}
	var got []int32
	for i := range b.N {
		got = append(got, b.Cols[0].I32[i])
	}
	if len(got) != 2 || got[0] != 1 || got[1] != 2 {
		t.Errorf("kept %v, want [1 2]", got)
	}
	if b.Kind(0) != vec.Insert {
		t.Error("the row kind is wrong")
	}
}
