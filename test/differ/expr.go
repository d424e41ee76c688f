package differ

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// scope are the columns that an expression may use, written as they are referred to.
type scope []column

func (s scope) of(fits func(kind) bool) scope {
	var some scope
	for _, c := range s {
		if fits(c.kind) {
			some = append(some, c)
		}
	}
	return some
}

// qualified are columns of a table that is called alias.
func qualified(alias string, cols []column) scope {
	all := make(scope, len(cols))
	for i, c := range cols {
		c.name = alias + "." + c.name
		all[i] = c
	}
	return all
}

// expr gives an expression of a kind.
func (g *gen) expr(s scope, k kind, depth int) string {
	if depth <= 0 || g.chance(30) {
		return g.leaf(s, k)
	}
	if g.chance(12) && !k.nested() && k != binary {
		return g.conditional(s, k, depth-1)
	}
	switch {
	case k == boolean:
		return "(" + g.condition(s, depth) + ")"
	case k.whole():
		return g.wholeExpr(s, k, depth)
	case k == float || k == double:
		if e := g.floatExpr(s, k, depth); k == double || columnOf.MatchString(e) {
			return e
		}
		return g.leaf(s, k) // Flink cuts a FLOAT that is computed of constants to seven digits
	case k == decimal:
		return g.decimalExpr(s, depth)
	case k == text:
		return g.textExpr(s, depth)
	case k == date || k == clock || k == stamp || k == zoned:
		return g.timeExpr(s, k, depth)
	case k.nested():
		return g.nestedExpr(s, k, depth)
	}
	return g.leaf(s, k)
}

// columnOf finds a column.
var columnOf = regexp.MustCompile(`\b[abux]\.[a-z]+[0-9]*\b`)

// leaf is a column, or a literal.
func (g *gen) leaf(s scope, k kind) string {
	if cols := s.of(func(o kind) bool { return o == k }); len(cols) > 0 && g.chance(80) {
		return cols[g.IntN(len(cols))].name
	}
	if k.whole() && g.chance(60) {
		if cols := s.of(kind.whole); len(cols) > 0 {
			return cols[g.IntN(len(cols))].name
		}
	}
	return g.literal(k)
}

func (g *gen) literal(k kind) string {
	switch k {
	case boolean:
		return g.pick("TRUE", "FALSE")
	case tiny, small:
		return fmt.Sprintf("CAST(%d AS %s)", g.IntN(20), map[kind]string{tiny: "TINYINT", small: "SMALLINT"}[k])
	case integer:
		return strconv.Itoa(g.IntN(12))
	case big:
		return fmt.Sprintf("CAST(%d AS BIGINT)", g.IntN(3000))
	case float:
		return fmt.Sprintf("CAST(%g AS FLOAT)", float64(g.IntN(100))/4)
	case double:
		return fmt.Sprintf("%gE0", float64(g.IntN(100))/4)
	case decimal:
		return fmt.Sprintf("%d.%0*d", g.IntN(100), 1+g.IntN(3), g.IntN(9))
	case text:
		return literalText(g.pick(pool...))
	case binary:
		return g.pick("x'00ff'", "x'616263'")
	case date:
		return "DATE '" + g.day() + "'"
	case clock:
		return fmt.Sprintf("TIME '%02d:%02d:00'", g.IntN(24), g.IntN(60))
	case stamp:
		return fmt.Sprintf("TIMESTAMP '%s %02d:%02d:00'", g.day(), g.IntN(24), g.IntN(60))
	case zoned:
		return fmt.Sprintf("TO_TIMESTAMP_LTZ(%d, 3)", 1577836800000+int64(g.IntN(90_000_000)))
	case ints:
		return fmt.Sprintf("ARRAY[%d, %d]", g.IntN(5), g.IntN(5))
	case texts:
		return fmt.Sprintf("ARRAY[%s, %s]", literalText(g.pick(pool...)), literalText(g.pick(pool...)))
	case dict:
		return fmt.Sprintf("MAP['a', %d, 'b', %d]", g.IntN(5), g.IntN(5))
	default:
		return fmt.Sprintf("CAST(ROW(%d, %s) AS ROW<a INT, b STRING>)", g.IntN(5), literalText(g.pick(pool...)))
	}
}

func literalText(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// conditional is an expression of a kind that depends on a condition, or on what is null.
func (g *gen) conditional(s scope, k kind, depth int) string {
	e := func() string { return g.expr(s, k, depth) }
	switch g.IntN(6) {
	case 0:
		return fmt.Sprintf("CASE WHEN %s THEN %s WHEN %s THEN %s ELSE %s END", g.condition(s, depth), e(), g.condition(s, depth), e(), e())
	case 1:
		return fmt.Sprintf("CASE WHEN %s THEN %s END", g.condition(s, depth), e())
	case 2:
		return fmt.Sprintf("CASE %s WHEN 1 THEN %s WHEN 2 THEN %s ELSE %s END", g.expr(s, integer, depth), e(), e(), e())
	case 3:
		return fmt.Sprintf("COALESCE(%s, %s)", e(), e())
	case 4:
		return fmt.Sprintf("NULLIF(%s, %s)", e(), e())
	default:
		return fmt.Sprintf("IF(%s, %s, %s)", g.condition(s, depth), e(), e())
	}
}

// comparable gives the kind of a column that can be compared, so that comparisons are seldom of literals alone.
func (g *gen) comparable(s scope) kind {
	if cols := s.of(kind.ordered); len(cols) > 0 {
		return cols[g.IntN(len(cols))].kind
	}
	return integer
}

// condition is a boolean expression.
func (g *gen) condition(s scope, depth int) string {
	d := depth - 1
	k := g.comparable(s)
	switch g.IntN(18) {
	case 0, 1, 2:
		return fmt.Sprintf("%s %s %s", g.expr(s, k, d), g.pick("=", "<>", "<", "<=", ">", ">="), g.expr(s, k, d))
	case 3:
		if k.numeric() {
			return fmt.Sprintf("%s %s %s", g.expr(s, k, d), g.pick("=", "<>", "<", ">="), g.expr(s, tiny+kind(g.IntN(int(decimal-tiny)+1)), d))
		}
		return fmt.Sprintf("%s IS NULL", g.expr(s, k, d))
	case 4:
		return fmt.Sprintf("%s IS %sNULL", g.expr(s, k, d), g.pick("", "NOT "))
	case 5:
		return fmt.Sprintf("%s %sBETWEEN %s AND %s", g.expr(s, k, d), g.pick("", "NOT "), g.expr(s, k, d), g.expr(s, k, d))
	case 6:
		return fmt.Sprintf("%s %sIN (%s, %s, %s)", g.leaf(s, k), g.pick("", "NOT "), g.literal(k), g.literal(k), g.literal(k))
	case 7:
		return fmt.Sprintf("%s %sLIKE '%s'", g.expr(s, text, d), g.pick("", "NOT "), g.pick("a%", "%b%", "_b%", "%", "%1_", "a\\%b%"))
	case 8:
		return fmt.Sprintf("NOT (%s)", g.expr(s, boolean, d))
	case 9, 10:
		return fmt.Sprintf("(%s AND %s)", g.expr(s, boolean, d), g.expr(s, boolean, d))
	case 11, 12:
		return fmt.Sprintf("(%s OR %s)", g.expr(s, boolean, d), g.expr(s, boolean, d))
	case 13:
		return fmt.Sprintf("(%s) IS %s%s", g.expr(s, boolean, d), g.pick("", "NOT "), g.pick("TRUE", "FALSE", "UNKNOWN"))
	case 14:
		return fmt.Sprintf("%s IS %sDISTINCT FROM %s", g.expr(s, k, d), g.pick("", "NOT "), g.expr(s, k, d))
	case 15:
		return fmt.Sprintf("REGEXP(%s, '%s')", g.expr(s, text, d), g.pick("^a", "[0-9]+", "b$", "a|b", "^\\\\w+$"))
	case 16:
		return fmt.Sprintf("%s %sSIMILAR TO '%s'", g.leaf(s, text), g.pick("", "NOT "), g.pick("a%", "(a|b)%", "[a-c]+"))
	default:
		return fmt.Sprintf("%s(%s, %s)", g.pick("STARTSWITH", "ENDSWITH"), g.expr(s, text, d), g.literal(text))
	}
}

func (g *gen) wholeExpr(s scope, k kind, depth int) string {
	d := depth - 1
	nested := s.of(kind.nested)
	if len(nested) > 0 && g.chance(40) {
		return g.element(s, nested[g.IntN(len(nested))], d)
	}
	e := func() string { return g.expr(s, k, d) }
	switch g.IntN(20) {
	case 0, 1, 2:
		return fmt.Sprintf("(%s %s %s)", e(), g.pick("+", "-", "*"), e())
	case 3:
		return fmt.Sprintf("(%s / %d)", e(), 1+g.IntN(5))
	case 4:
		return fmt.Sprintf("MOD(%s, %d)", e(), 2+g.IntN(5))
	case 5:
		return fmt.Sprintf("(%s %% %d)", e(), 2+g.IntN(5))
	case 6:
		return fmt.Sprintf("ABS(%s)", e())
	case 7:
		return fmt.Sprintf("CHAR_LENGTH(%s)", g.expr(s, text, d))
	case 8:
		return fmt.Sprintf("EXTRACT(%s FROM %s)", g.pick("YEAR", "MONTH", "DAY", "QUARTER", "WEEK", "DOW", "DOY", "ISODOW"), g.expr(s, g.pickKind(date, stamp), d))
	case 9:
		return fmt.Sprintf("%s(%s)", g.pick("HOUR", "MINUTE", "SECOND"), g.expr(s, g.pickKind(clock, stamp), d))
	case 10:
		return fmt.Sprintf("CAST(%s AS %s)", g.expr(s, g.pickKind(tiny, integer, big, float, double, decimal, boolean), d), g.pick("TINYINT", "SMALLINT", "INT", "BIGINT"))
	case 11:
		return fmt.Sprintf("TRY_CAST(%s AS %s)", g.expr(s, text, d), g.pick("INT", "BIGINT", "SMALLINT"))
	case 12:
		return fmt.Sprintf("POSITION(%s IN %s)", g.literal(text), g.expr(s, text, d))
	case 13:
		return fmt.Sprintf("TIMESTAMPDIFF(%s, %s, %s)", g.pick("SECOND", "MINUTE", "HOUR", "DAY", "MONTH", "YEAR"), g.expr(s, stamp, d), g.expr(s, stamp, d))
	case 14:
		return fmt.Sprintf("%s(%s, %s)", g.pick("GREATEST", "LEAST"), e(), e())
	case 15:
		return fmt.Sprintf("SIGN(%s)", e())
	case 16:
		return fmt.Sprintf("(- %s)", e())
	case 17:
		return fmt.Sprintf("ASCII(%s)", g.expr(s, text, d))
	case 18:
		return fmt.Sprintf("(%s - MOD(%s, 3))", e(), e())
	default:
		return fmt.Sprintf("LOCATE(%s, %s)", g.literal(text), g.expr(s, text, d))
	}
}

// element is a number within a nested column.
func (g *gen) element(s scope, c column, depth int) string {
	switch c.kind {
	case ints:
		return g.pick("CARDINALITY("+c.name+")", c.name+"[1]", c.name+"[2]", "ARRAY_MAX("+c.name+")",
			fmt.Sprintf("ARRAY_POSITION(%s, %d)", c.name, g.IntN(5)))
	case texts:
		return g.pick("CARDINALITY("+c.name+")", "CHAR_LENGTH("+c.name+"[1])", "ARRAY_POSITION("+c.name+", 'a')")
	case dict:
		return g.pick("CARDINALITY("+c.name+")", c.name+"['a']", c.name+"['zz']", fmt.Sprintf("%s[%s]", c.name, g.expr(s, text, depth)))
	default:
		return g.pick(c.name+".a", "CHAR_LENGTH("+c.name+".b)")
	}
}

func (g *gen) floatExpr(s scope, k kind, depth int) string {
	d := depth - 1
	e := func() string { return g.expr(s, k, d) }
	switch g.IntN(11) {
	case 0, 1, 2:
		return fmt.Sprintf("(%s %s %s)", e(), g.pick("+", "-", "*"), e())
	case 3:
		return fmt.Sprintf("(%s / %d)", e(), 1+g.IntN(7))
	case 4:
		return fmt.Sprintf("CAST(%s AS %s)", g.expr(s, g.pickKind(integer, big, decimal, float, double), d), g.pick("DOUBLE", "FLOAT"))
	case 5:
		return fmt.Sprintf("ROUND(%s, %d)", e(), g.IntN(3))
	case 6:
		return fmt.Sprintf("SQRT(ABS(%s))", e())
	case 7:
		return fmt.Sprintf("%s(%s)", g.pick("FLOOR", "CEIL", "ABS", "SIGN"), e())
	case 8:
		return fmt.Sprintf("ROUND(%s(%s / 100), 6)", g.pick("EXP", "SIN", "COS", "TAN", "ATAN"), e())
	case 9:
		return fmt.Sprintf("(%s %s %s)", e(), g.pick("+", "*"), g.expr(s, g.pickKind(integer, big, decimal, float), d))
	default:
		return fmt.Sprintf("TRY_CAST(%s AS DOUBLE)", g.expr(s, text, d))
	}
}

func (g *gen) decimalExpr(s scope, depth int) string {
	d := depth - 1
	e := func() string { return g.expr(s, decimal, d) }
	switch g.IntN(11) {
	case 0, 1:
		return fmt.Sprintf("(%s %s %s)", e(), g.pick("+", "-"), e())
	case 2:
		return fmt.Sprintf("(%s * %s)", e(), e())
	case 3:
		return fmt.Sprintf("(%s / %s)", e(), g.pick("3", "2.5", "7.00", "0.3"))
	case 4:
		return fmt.Sprintf("ROUND(%s, %d)", e(), g.IntN(4)-1)
	case 5:
		return fmt.Sprintf("TRUNCATE(%s, %d)", e(), g.IntN(3))
	case 6:
		return fmt.Sprintf("%s(%s)", g.pick("FLOOR", "CEIL", "ABS", "-"), e())
	case 7:
		return fmt.Sprintf("CAST(%s AS DECIMAL(%s))", g.expr(s, g.pickKind(integer, tiny, big, decimal, double), d), g.pick("10, 2", "5, 1", "20, 0", "38, 18"))
	case 8:
		return fmt.Sprintf("(%s %s %s)", e(), g.pick("+", "-", "*"), g.expr(s, g.pickKind(integer, big, tiny), d))
	case 9:
		return fmt.Sprintf("%s(%s, %s)", g.pick("GREATEST", "LEAST", "COALESCE"), e(), e())
	default: // no TRY_CAST: behind a row that it could read, Flink gives 0.00 for one that it cannot
		return fmt.Sprintf("CAST(%s AS DECIMAL(12, 3))", e())
	}
}

func (g *gen) textExpr(s scope, depth int) string {
	d := depth - 1
	e := func() string { return g.expr(s, text, d) }
	switch g.IntN(27) {
	case 0, 1:
		return fmt.Sprintf("(%s || %s)", e(), e())
	case 2:
		return fmt.Sprintf("%s(%s)", g.pick("UPPER", "LOWER", "INITCAP", "REVERSE", "MD5"), e())
	case 3:
		return fmt.Sprintf("SUBSTRING(%s FROM %d FOR %d)", e(), 1+g.IntN(4), 1+g.IntN(4))
	case 4:
		return fmt.Sprintf("SUBSTR(%s, %d)", e(), g.IntN(6)-3)
	case 5:
		return fmt.Sprintf("TRIM(%s%s FROM %s)", g.pick("BOTH ", "LEADING ", "TRAILING "), g.pick("' '", "'a'"), e())
	case 6:
		return fmt.Sprintf("REPLACE(%s, %s, %s)", e(), g.pick("'a'", "'b'", "','"), g.literal(text))
	case 7:
		return fmt.Sprintf("%s(%s, %d, %s)", g.pick("LPAD", "RPAD"), e(), g.IntN(8), g.pick("'-'", "'xy'", "'0'"))
	case 8:
		return fmt.Sprintf("CONCAT(%s, %s, %s)", e(), e(), e())
	case 9:
		return fmt.Sprintf("CONCAT_WS('|', %s, %s)", e(), e())
	case 10, 11, 12, 13:
		k := kind(g.IntN(int(kinds)))
		if k == binary {
			k = decimal
		}
		return fmt.Sprintf("CAST(%s AS STRING)", g.expr(s, k, d))
	case 14:
		return fmt.Sprintf("SPLIT_INDEX(%s, '%s', %d)", e(), g.pick(",", ";", "b"), g.IntN(3))
	case 15:
		return fmt.Sprintf("REGEXP_EXTRACT(%s, '%s', %d)", e(), g.pick("([a-z]+)([0-9]+)", "(.)(.)", "([0-9])(x?)"), g.IntN(3))
	case 16:
		return fmt.Sprintf("REGEXP_REPLACE(%s, '%s', '%s')", e(), g.pick("[0-9]", "a|b", "\\\\s+"), g.pick("", "#", "--"))
	case 17:
		return fmt.Sprintf("REPEAT(%s, %d)", e(), g.IntN(4)-1)
	case 18:
		return fmt.Sprintf("%s(%s, %d)", g.pick("LEFT", "RIGHT"), e(), g.IntN(5)-1)
	case 19:
		return fmt.Sprintf("OVERLAY(%s PLACING 'QQ' FROM %d)", e(), 1+g.IntN(3))
	case 20:
		return fmt.Sprintf("DATE_FORMAT(%s, '%s')", g.expr(s, stamp, d), g.pick("yyyy-MM-dd", "HH:mm:ss", "yyyyMMdd HH", "EEE d MMM yy", "yyyy-MM-dd''T''HH:mm:ss.SSS"))
	case 21:
		return fmt.Sprintf("CAST(%s AS %s)", e(), g.pick("VARCHAR(3)", "CHAR(4)", "VARCHAR(20)"))
	case 22:
		return fmt.Sprintf("%s(%s)", g.pick("LTRIM", "RTRIM", "BTRIM"), e())
	case 23:
		return fmt.Sprintf("JSON_VALUE('{\"a\": [1, {\"b\": \"x\"}], \"k\": ' || CAST(%s AS STRING) || '}', '%s')", g.expr(s, integer, d), g.pick("$.k", "$.a[1].b", "$.a[0]", "lax $.none"))
	case 24:
		return fmt.Sprintf("TO_BASE64(%s)", e())
	case 25:
		return fmt.Sprintf("SHA256(%s)", e())
	default:
		if nested := s.of(func(k kind) bool { return k == texts || k == pair }); len(nested) > 0 {
			c := nested[g.IntN(len(nested))]
			if c.kind == pair {
				return c.name + ".b"
			}
			return g.pick(c.name+"[1]", c.name+"[2]", "ARRAY_JOIN("+c.name+", '+')", "ARRAY_JOIN("+c.name+", '+', '?')")
		}
		return fmt.Sprintf("TRANSLATE(%s, 'ab', 'x')", e())
	}
}

func (g *gen) timeExpr(s scope, k kind, depth int) string {
	d := depth - 1
	e := func() string { return g.expr(s, k, d) }
	interval := fmt.Sprintf("INTERVAL '%d' %s", 1+g.IntN(40), g.pick("SECOND", "MINUTE", "HOUR", "DAY"))
	switch k {
	case date:
		return g.pick(
			fmt.Sprintf("CAST(%s AS DATE)", g.leaf(s, stamp)),
			fmt.Sprintf("(%s %s INTERVAL '%d' %s)", e(), g.pick("+", "-"), 1+g.IntN(20), g.pick("DAY", "MONTH", "YEAR")),
			fmt.Sprintf("%s(%s TO %s)", g.pick("FLOOR", "CEIL"), e(), g.pick("YEAR", "MONTH", "WEEK")),
			fmt.Sprintf("TO_DATE(CAST(%s AS STRING))", e()),
			fmt.Sprintf("TRY_CAST(%s AS DATE)", g.leaf(s, text)))
	case clock:
		return g.pick(
			fmt.Sprintf("CAST(%s AS TIME)", g.leaf(s, stamp)),
			fmt.Sprintf("(%s %s INTERVAL '%d' %s)", e(), g.pick("+", "-"), 1+g.IntN(20), g.pick("MINUTE", "HOUR")))
	case stamp:
		return g.pick(
			fmt.Sprintf("(%s %s %s)", e(), g.pick("+", "-"), interval),
			fmt.Sprintf("(%s %s INTERVAL '%d' MONTH)", e(), g.pick("+", "-"), 1+g.IntN(20)),
			fmt.Sprintf("%s(%s TO %s)", g.pick("FLOOR", "CEIL"), e(), g.pick("SECOND", "MINUTE", "HOUR", "DAY", "MONTH", "YEAR")),
			fmt.Sprintf("CAST(%s AS TIMESTAMP(%d))", g.leaf(s, g.pickKind(date, zoned)), 3*g.IntN(3)),
			fmt.Sprintf("TIMESTAMPADD(%s, %d, %s)", g.pick("SECOND", "HOUR", "DAY", "MONTH"), g.IntN(50), e()),
			fmt.Sprintf("TO_TIMESTAMP(DATE_FORMAT(%s, 'yyyy-MM-dd HH:mm:ss'))", e()),
			fmt.Sprintf("TRY_CAST(%s AS TIMESTAMP(3))", g.leaf(s, text)))
	default:
		return g.pick(
			fmt.Sprintf("CAST(%s AS TIMESTAMP_LTZ(3))", g.leaf(s, stamp)),
			fmt.Sprintf("TO_TIMESTAMP_LTZ(%s, %d)", g.expr(s, integer, d), 3*g.IntN(2)),
			fmt.Sprintf("(%s %s %s)", e(), g.pick("+", "-"), interval))
	}
}

func (g *gen) nestedExpr(s scope, k kind, depth int) string {
	d := depth - 1
	switch k {
	case ints:
		return g.pick(
			fmt.Sprintf("ARRAY[%s, %s]", g.expr(s, integer, d), g.expr(s, integer, d)),
			fmt.Sprintf("ARRAY_CONCAT(%s, %s)", g.leaf(s, k), g.leaf(s, k)),
			fmt.Sprintf("ARRAY_DISTINCT(%s)", g.leaf(s, k)),
			fmt.Sprintf("ARRAY_REVERSE(%s)", g.leaf(s, k)),
			fmt.Sprintf("ARRAY_APPEND(%s, %d)", g.leaf(s, k), g.IntN(4)),
			fmt.Sprintf("ARRAY_REMOVE(%s, %d)", g.leaf(s, k), g.IntN(4)),
			fmt.Sprintf("ARRAY_SORT(%s)", g.leaf(s, k)),
			fmt.Sprintf("ARRAY_SLICE(%s, 1, 2)", g.leaf(s, k)),
			fmt.Sprintf("MAP_VALUES(MAP['x', %s])", g.expr(s, integer, d)))
	case texts:
		return g.pick(
			fmt.Sprintf("ARRAY[%s, %s]", g.expr(s, text, d), g.expr(s, text, d)),
			fmt.Sprintf("SPLIT(%s, ',')", g.expr(s, text, d)),
			fmt.Sprintf("ARRAY_DISTINCT(%s)", g.leaf(s, k)),
			fmt.Sprintf("ARRAY_UNION(%s, %s)", g.leaf(s, k), g.leaf(s, k)))
	case dict:
		return fmt.Sprintf("MAP['p', %s, 'q', %s]", g.expr(s, integer, d), g.expr(s, integer, d))
	default:
		return fmt.Sprintf("ROW(%s, %s)", g.expr(s, integer, d), g.expr(s, text, d))
	}
}
