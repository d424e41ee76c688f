package parse_test

import (
	"strings"
	"testing"

	"millrace/sql/ast"
	"millrace/sql/parse"
)

func TestFunctions(t *testing.T) {
	f := func(source, want string) {
		t.Helper()
		s, err := parse.Statement(source)
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = ast.Format(s)
		}
		if got != want {
			t.Errorf("%s\n got %s\nwant %s", source, got, want)
		}
	}
	f("create function f(a int, b string not null) returns string return b || 'x'",
		"CREATE FUNCTION f (a INT, b STRING NOT NULL) RETURNS STRING LANGUAGE SQL RETURN b || 'x'")
	f("CREATE TEMPORARY SYSTEM FUNCTION IF NOT EXISTS f AS N'() RETURNS INT RETURN 1' LANGUAGE SQL",
		"CREATE TEMPORARY SYSTEM FUNCTION IF NOT EXISTS f () RETURNS INT LANGUAGE SQL RETURN 1")
	f("CREATE FUNCTION f (a INT) RETURNS INT LANGUAGE SQL AS 'a + 1'", "CREATE FUNCTION f (a INT) RETURNS INT LANGUAGE SQL RETURN a + 1")
	f("CREATE FUNCTION d.f AS 'g(BIGINT, STRING, TIMESTAMP(3)) RETURNS DOUBLE' LANGUAGE WASM NOT DETERMINISTIC CALLED ON NULL INPUT USING FILE 'm.wasm'",
		"CREATE FUNCTION d.f (BIGINT, STRING, TIMESTAMP(3)) RETURNS DOUBLE AS 'g' LANGUAGE WASM NOT DETERMINISTIC CALLED ON NULL INPUT USING JAR 'm.wasm'")
	f("ALTER TEMPORARY FUNCTION IF EXISTS f (a INT) RETURNS INT RETURN a", "ALTER TEMPORARY FUNCTION IF EXISTS f (a INT) RETURNS INT LANGUAGE SQL RETURN a")
	f("DROP TEMPORARY SYSTEM FUNCTION IF EXISTS f", "DROP TEMPORARY SYSTEM FUNCTION IF EXISTS f")
	f("DESC FUNCTION EXTENDED a.f", "DESCRIBE FUNCTION EXTENDED a.f")
	f("SHOW CREATE FUNCTION f", "SHOW CREATE FUNCTION f")

	f("CREATE SYSTEM FUNCTION f AS 'x'", "line 1, column 8: system functions of a script are temporary (write CREATE TEMPORARY SYSTEM FUNCTION)")
	f("CREATE FUNCTION f (a INT, a INT) RETURNS INT RETURN a", `line 1, column 27: parameter "a" is there twice`)
	f("CREATE FUNCTION f (INT) RETURNS INT RETURN 1", "line 1, column 20: a parameter of a function of SQL has no name (write a name before the type)")
	f("CREATE FUNCTION f (a INT) RETURNS INT", "line 1, column 38: unexpected end: want AS or RETURN")
	f("CREATE FUNCTION f LANGUAGE SQL AS '(a INT) RETURNS INT\n RETURN ''ä'' || +'", "line 2, column 19: unexpected end: want an expression")
	f("CREATE FUNCTION f AS 'x() RETURNS INT' LANGUAGE WASM",
		"line 1, column 1: a function of WebAssembly has one module (write USING JAR 'module.wasm')")
}

// FuzzFunction looks for definitions of functions that make the parser panic, or whose text says something else.
func FuzzFunction(f *testing.F) {
	for _, text := range []string{"(a INT) RETURNS INT RETURN a + 1", "f(INT) RETURNS STRING", "'' ''", "(a ROW<b INT>) RETURNS INT RETURN a.b\n--", "() RETURNS MAP<INT, INT> RETURN MAP[1, 2]"} {
		f.Add(text, true)
		f.Add(text, false)
	}
	f.Fuzz(func(t *testing.T, text string, sql bool) {
		source := "CREATE FUNCTION f AS '" + strings.ReplaceAll(text, "'", "''") + "' LANGUAGE "
		if sql {
			source += "SQL"
		} else {
			source += "WASM USING JAR 'x'"
		}
		s, err := parse.Statement(source)
		if err != nil {
			return
		}
		once := ast.Format(s)
		again, err := parse.Statement(once)
		if err != nil {
			t.Fatalf("%s: %v", once, err)
		}
		if twice := ast.Format(again); twice != once {
			t.Fatalf("%s\nis read as %s", once, twice)
		}
	})
}
