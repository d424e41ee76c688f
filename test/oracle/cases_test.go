//go:build oracle

package oracle

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"millrace/catalog"
	"millrace/engine"
	"millrace/schema"
	"millrace/sql/ast"
	"millrace/sql/function"
	"millrace/sql/parse"
	"millrace/sql/plan"
	"millrace/vec"
)

var anyField = regexp.MustCompile(`\bf\d+\b`)

// differs has the cases that do not hold, and why.
var differs = map[string]string{
	"trUeX":                          "columns that only the test has",
	"FALSE_AB":                       "columns that only the test has",
	"CAST(f0 AS STRING),CAST(f1 AS ": "the test's zone is not in the case, and its TIME(5) loses its fraction on the way (FLINK-17224)",
	"COSH(-1)":                       "the last digit of a hyperbolic function",
	"CAST('1500-04-30 12:00:00.123456789' AS TIMESTAMP(9))": "TIMESTAMP(9) holds 1677 to 2262",
	"CEIL(DATE '2021-02-27' TO DAY)":                        "Flink's CEIL of a DATE to DAY adds one",
}

// longKey is how much of a long expression stands in differs.
const longKey = 30

// oneCase is a case of expressions.jsonl or functions.jsonl.
type oneCase struct {
	Class    string  // the test of Flink that it comes from
	Expr     string  // a select list
	TZ       string  // the session's zone
	Expected *string // of expressions
	Fields   []json.RawMessage
	Types    []string
	Result   []json.RawMessage
	Error    any
}

// TestCases runs what Flink's own tests assert about expressions and functions, and lists what differs.
// Those of types and functions that there are not yet are counted and left out.
func TestCases(t *testing.T) {
	folder := casesFolder(t)
	for _, name := range []string{"expressions", "functions"} {
		t.Run(name, func(t *testing.T) {
			passed, skipped, all := 0, map[string]int{}, 0
			for _, c := range cases(t, filepath.Join(folder, name+".jsonl")) {
				all++
				why, complaint := c.try(t.Context())
				switch {
				case why != "":
					skipped[why]++
					t.Logf("left out: %s: %s: %s", c.Class, c.Expr, why)
				case complaint != "":
					t.Errorf("%s: %s: %s", c.Class, c.Expr, complaint)
				default:
					passed++
				}
			}
			t.Logf("%d of %d pass; left out: %v", passed, all, skipped)
		})
	}
}

// casesFolder is where Flink's cases are. They are not part of the repository; without them a test is skipped.
func casesFolder(t *testing.T) string {
	t.Helper()
	folder := os.Getenv("MILLRACE_CASES")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "shared", "oracle")
	}
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("Flink's cases are not there: %v; set MILLRACE_CASES to their folder", err)
	}
	return folder
}

func cases(t *testing.T, path string) []oneCase {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []oneCase
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var c oneCase
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// try runs a case and returns why it is left out, or what differs.
func (c *oneCase) try(ctx context.Context) (why, complaint string) {
	c.inferTypes()
	if len(c.Types) == 0 && anyField.MatchString(c.Expr) || c.Expected == nil && len(c.Result) == 0 && c.Error == nil {
		return "cases that lack their types or results", ""
	}
	for _, key := range []string{c.Expr, c.Expr[:min(len(c.Expr), longKey)]} {
		if reason := differs[key]; reason != "" {
			return reason, ""
		}
	}
	from, ok := c.from()
	if !ok {
		return "fields of ARRAY, MAP, ROW or Java types", ""
	}
	printed, cast, err := c.run(ctx, "SELECT "+c.Expr+from)
	fails := c.Error != nil
	if err != nil {
		text := err.Error()
		switch {
		case fails:
			return "", ""
		case strings.Contains(text, "not supported"):
			return "not supported yet", ""
		case strings.Contains(text, "function") && strings.Contains(text, "not found"):
			return "functions that there are not", ""
		}
		return "", text
	}
	if fails {
		return "", fmt.Sprintf("gives %q, an error is wanted: %v", printed, c.Error)
	}
	want, ok := c.wanted()
	if !ok {
		return "results of ARRAY, MAP, ROW or Java types", ""
	}
	if len(want) != len(printed) {
		return "", fmt.Sprintf("gives %q, want %q", printed, want)
	}
	for i, w := range want {
		if !alike(w, printed[i]) && !alike(w, cast[i]) {
			return "", fmt.Sprintf("gives %q, want %q", printed, want)
		}
	}
	return "", ""
}

// inferTypes gives the fields of a case that lacks its types those of Java.
func (c *oneCase) inferTypes() {
	if len(c.Types) > 0 {
		return
	}
	for _, raw := range c.Fields {
		var v javaValue
		if json.Unmarshal(raw, &v) != nil {
			c.Types = nil
			return
		}
		typ := map[string]string{"Integer": "INT", "Long": "BIGINT", "Boolean": "BOOLEAN", "String": "STRING", "Double": "DOUBLE"}[v.T]
		if v.T == "BigDecimal" {
			whole, fraction, _ := strings.Cut(strings.TrimPrefix(v.text(), "-"), ".")
			typ = fmt.Sprintf("DECIMAL(%d, %d)", len(whole)+len(fraction), len(fraction))
		}
		if typ == "" {
			c.Types = nil
			return
		}
		c.Types = append(c.Types, typ+" NOT NULL")
	}
}

var (
	period   = regexp.MustCompile(`^P(?:(-?\d+)Y)?(?:(-?\d+)M)?(?:0D)?$`)
	duration = regexp.MustCompile(`^PT(?:(-?\d+)H)?(?:(-?\d+)M)?(?:(-?\d+)(?:\.(\d{1,3}))?S)?$`)
)

// intervalOf is a Java Period in months, a Duration in milliseconds, a number as it is.
func intervalOf(v javaValue) (string, bool) {
	amount := func(s string) int64 { n, _ := strconv.ParseInt(s, 10, 64); return n }
	switch v.T {
	case "Period":
		if m := period.FindStringSubmatch(v.text()); m != nil {
			return strconv.FormatInt(12*amount(m[1])+amount(m[2]), 10), true
		}
	case "Duration":
		if m := duration.FindStringSubmatch(v.text()); m != nil {
			return strconv.FormatInt(3600_000*amount(m[1])+60_000*amount(m[2])+1000*amount(m[3])+amount((m[4] + "000")[:3]), 10), true
		}
	case "Integer", "Long":
		return v.text(), true
	}
	return "", false
}

// from is a FROM clause with the fields that the expression uses.
func (c *oneCase) from() (string, bool) {
	var exprs, names []string
	for i, typ := range c.Types {
		name := "f" + strconv.Itoa(i)
		if !regexp.MustCompile(`\b` + name + `\b`).MatchString(c.Expr) {
			continue
		}
		v, ok := literal(c.Fields[i], strings.TrimSuffix(strings.TrimPrefix(typ, "["), "]"))
		if !ok && c.Error != nil {
			v, ok = fmt.Sprintf("CAST(NULL AS %s)", typ), true // its value is lost, but it fails whatever it is
		}
		if !ok {
			return "", false
		}
		exprs, names = append(exprs, v), append(names, name)
	}
	if len(names) == 0 {
		return "", true
	}
	for i := range exprs {
		exprs[i] += " AS " + names[i]
	}
	return " FROM (SELECT " + strings.Join(exprs, ", ") + ") AS t", true
}

type javaValue struct {
	T string
	V json.RawMessage
}

func (v javaValue) text() string {
	var s string
	if json.Unmarshal(v.V, &s) == nil {
		return s
	}
	return string(v.V)
}

// literal is a value as a SQL expression of the given type.
func literal(raw json.RawMessage, typ string) (string, bool) {
	typ = strings.TrimSuffix(typ, " NOT NULL")
	if string(raw) == "null" {
		return fmt.Sprintf("CAST(NULL AS %s)", typ), true
	}
	if strings.HasSuffix(typ, ">") {
		t, err := parse.Type(typ)
		if err != nil {
			return "", false
		}
		return nestedLiteral(raw, t)
	}
	var v javaValue
	if err := json.Unmarshal(raw, &v); err != nil {
		return "", false
	}
	if strings.HasPrefix(typ, "INTERVAL") {
		n, ok := intervalOf(v)
		if strings.Contains(typ, "SECOND") || strings.Contains(typ, "DAY") || strings.Contains(typ, "HOUR") {
			return fmt.Sprintf("CAST(CAST(%s AS BIGINT) AS INTERVAL DAY TO SECOND)", n), ok
		}
		return fmt.Sprintf("CAST(CAST(%s AS INT) AS INTERVAL YEAR TO MONTH)", n), ok
	}
	s := v.text()
	switch v.T {
	case "bytes":
		return fmt.Sprintf("CAST(X'%s' AS %s)", s, typ), true
	case "String", "Integer", "Long", "Short", "Byte", "Double", "Float", "Boolean", "BigDecimal", "LocalDate", "LocalTime":
		return fmt.Sprintf("CAST('%s' AS %s)", strings.ReplaceAll(s, "'", "''"), typ), true
	case "LocalDateTime", "Instant":
		s = strings.TrimSuffix(strings.Replace(s, "T", " ", 1), "Z")
		if strings.Count(s, ":") == 1 {
			s += ":00"
		}
		return fmt.Sprintf("CAST('%s' AS %s)", s, typ), true
	}
	return "", false
}

// wanted are the results as text.
func (c *oneCase) wanted() ([]string, bool) {
	if c.Expected != nil {
		return []string{*c.Expected}, true
	}
	var all []string
	for _, raw := range c.Result {
		var v javaValue
		if string(raw) == "null" {
			all = append(all, "NULL")
			continue
		}
		if json.Unmarshal(raw, &v) != nil || v.V == nil || v.V[0] == '[' || v.V[0] == '{' {
			s, ok := nestedText(raw)
			if !ok {
				return nil, false
			}
			all = append(all, s)
			continue
		}
		s := v.text()
		switch v.T {
		case "bytes":
			data, err := hex.DecodeString(s)
			if err != nil {
				return nil, false
			}
			s = fmt.Sprintf("x'%x'", data)
		case "LocalDateTime", "Instant":
			s = strings.TrimSuffix(strings.Replace(s, "T", " ", 1), "Z")
			if strings.Count(s, ":") == 1 {
				s += ":00"
			}
		case "Boolean":
			s = strings.ToUpper(s)
		case "Period", "Duration":
			var ok bool
			if s, ok = intervalText(v); !ok {
				return nil, false
			}
		case "String", "Integer", "Long", "Short", "Byte", "Double", "Float", "BigDecimal", "LocalDate", "LocalTime":
		default:
			return nil, false
		}
		all = append(all, s)
	}
	return all, true
}

// intervalText is a Period or Duration as Flink prints it.
func intervalText(v javaValue) (string, bool) {
	n, ok := intervalOf(v)
	if !ok {
		return "", false
	}
	units, err := strconv.ParseInt(n, 10, 64)
	if err != nil {
		return "", false
	}
	typ := schema.Of(schema.IntervalDay)
	if v.T == "Period" {
		typ = schema.Of(schema.IntervalMonth)
	}
	var col vec.Column
	col.Fill(typ, vec.Value{I: units}, 1)
	return string(function.AppendText(nil, &col, 0, nil)), true
}

// alike compares texts, numbers by value and times without trailing zeros.
func alike(want, got string) bool {
	if want == got || strings.Contains(want, "{") && sorted(want) == sorted(got) {
		return true
	}
	a, errA := strconv.ParseFloat(want, 64)
	b, errB := strconv.ParseFloat(got, 64)
	if errA == nil && errB == nil {
		return a == b
	}
	short := func(s string) string {
		if strings.Count(s, ":") > 0 && strings.Contains(s, ".") {
			s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
		}
		if strings.Count(s, ":") == 1 {
			s += ":00"
		}
		return s
	}
	return short(want) == short(got)
}

// run returns the one row of a query, as it is printed and as it is cast to text.
func (c *oneCase) run(ctx context.Context, query string) (printed, cast []string, err error) {
	zone := c.TZ
	if zone == "" {
		zone = "UTC"
	}
	p := plan.NewPlanner(catalog.New(), nil, nil)
	if p.Settings, err = plan.NewSettings(map[string]string{"table.local-time-zone": zone}); err != nil {
		return nil, nil, err
	}
	env := &engine.Env{
		Log: slog.New(slog.DiscardHandler), Hasher: vec.NewHasher(),
		OpenLedger: func(context.Context, engine.LedgerOf) (engine.Ledger, error) { return engine.MemoryLedger{}, nil },
	}
	err = p.Script(query, func(_ ast.Statement, r *plan.Result) error {
		spec := engine.SpecOf("case", r.Job)
		spec.Collect = func(b *vec.Batch) error {
			for k := range b.Rows().Len() {
				i := b.Rows().At(k)
				for n := range b.Cols {
					if b.Cols[n].IsNull(i) {
						printed, cast = append(printed, "NULL"), append(cast, "NULL")
						continue
					}
					printed = append(printed, string(function.AppendPrinted(nil, &b.Cols[n], i, spec.Settings.Zone)))
					cast = append(cast, string(function.AppendText(nil, &b.Cols[n], i, spec.Settings.Zone)))
				}
			}
			return nil
		}
		return engine.NewJob(env, spec).RunOnce(ctx)
	})
	return printed, cast, err
}
