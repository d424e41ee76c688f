package store

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"millrace/fault"
)

// safeTableFunctions are the table functions that a query may call: those that make rows of their
// arguments. All others read files, change the database or (arrow_scan) take an address in memory;
// enable_logging was seen to write files, SELECT or not.
var safeTableFunctions = map[string]bool{
	"range": true, "generate_series": true, "unnest": true, "repeat": true, "repeat_row": true,
	"json_each": true, "json_tree": true, "histogram": true, "histogram_values": true,
	"pg_timezone_names": true, "duckdb_functions": true, "duckdb_keywords": true, "duckdb_types": true,
}

// unsafeFunctions are scalar functions that do more than compute.
var unsafeFunctions = map[string]bool{
	"write_log": true, "nextval": true, "currval": true, "getenv": true, "set_config": true,
	"json_serialize_plan": true, "sleep": true, "pg_sleep": true,
}

// read checks that text is one SELECT that calls nothing it may not, by DuckDB's own parse tree, and
// returns the measurements that it names, and whether its answer may be kept.
func (e *engine) read(ctx context.Context, s *Store, text string) (names []string, keepable bool, err error) {
	var tree []byte
	row := e.conn.QueryRowContext(ctx, "SELECT json_serialize_sql(?::VARCHAR)::VARCHAR", text)
	if err := row.Scan(&tree); err != nil {
		return nil, false, refusal(err)
	}
	var parsed struct {
		Error      bool   `json:"error"`
		Message    string `json:"error_message"`
		Statements []any  `json:"statements"`
	}
	if err := json.Unmarshal(tree, &parsed); err != nil {
		return nil, false, fault.New(fault.Invalid, "its parse tree is not readable: %w", err)
	}
	switch {
	case parsed.Error && strings.HasPrefix(parsed.Message, "Only SELECT"):
		return nil, false, fault.New(fault.Denied, "only SELECT is answered")
	case parsed.Error:
		return nil, false, fault.New(fault.Invalid, "%s", parsed.Message)
	case len(parsed.Statements) == 0:
		return nil, false, fault.New(fault.Invalid, "it is empty")
	case len(parsed.Statements) > 1:
		return nil, false, fault.New(fault.Denied, "one statement at a time, not %d", len(parsed.Statements))
	}
	w := walk{tables: map[tableName]bool{}, ctes: map[string]bool{}, functions: map[string]bool{}}
	w.visit(parsed.Statements[0])
	if w.denied != nil {
		return nil, false, w.denied
	}
	names, err = s.resolve(&w)
	return names, w.keepable(e), err
}

// tableName is a table as the query writes it.
type tableName struct{ catalog, schema, table string }

// walk gathers what a parse tree refers to.
type walk struct {
	tables map[tableName]bool
	ctes   map[string]bool
	// functions are all that it calls; sampled means that it takes a sample of a table.
	functions map[string]bool
	sampled   bool
	denied    error
}

func (w *walk) visit(node any) {
	switch n := node.(type) {
	case []any:
		for _, child := range n {
			w.visit(child)
		}
	case map[string]any:
		w.look(n)
		for _, child := range n {
			w.visit(child)
		}
	}
}

func (w *walk) look(n map[string]any) {
	if cte, ok := n["cte_map"].(map[string]any); ok {
		entries, _ := cte["map"].([]any)
		for _, entry := range entries {
			if kv, ok := entry.(map[string]any); ok {
				w.ctes[fold(str(kv["key"]))] = true
			}
		}
	}
	switch str(n["type"]) {
	case "RECURSIVE_CTE_NODE", "CTE_NODE":
		w.ctes[fold(str(n["cte_name"]))] = true
	case "BASE_TABLE":
		w.tables[tableName{str(n["catalog_name"]), str(n["schema_name"]), str(n["table_name"])}] = true
	case "TABLE_FUNCTION":
		f, _ := n["function"].(map[string]any)
		if name := str(f["function_name"]); !safeTableFunctions[fold(name)] {
			w.deny("table function %q is not allowed", name)
		}
	case "SHOW_REF":
		w.showRef(n)
	}
	if names, ok := n["column_names"].([]any); ok && len(names) == 1 {
		w.functions[fold(str(names[0]))] = true // it may be one without brackets
	}
	if n["sample"] != nil {
		w.sampled = true
	}
	if name := str(n["function_name"]); name != "" {
		w.functions[fold(name)] = true
	}
	if name := str(n["function_name"]); unsafeFunctions[fold(name)] {
		w.deny("function %q is not allowed", name)
	}
}

// showRef sees DESCRIBE and SUMMARIZE of a query, and SHOW TABLES, which lists only the views that this
// engine has by chance.
func (w *walk) showRef(n map[string]any) {
	if n["query"] == nil {
		w.deny("%s is not answered here: the list of measurements is", "SHOW")
	}
}

func (w *walk) deny(format string, name string) {
	if w.denied == nil {
		w.denied = fault.New(fault.Denied, format, name)
	}
}

func str(v any) string { s, _ := v.(string); return s }

// resolve returns the measurements that the tables of a query are.
func (s *Store) resolve(w *walk) ([]string, error) {
	s.mu.Lock()
	all := make(map[string]string, len(s.measurements)) // folded, and as it is
	exact := make(map[string]bool, len(s.measurements))
	for name := range s.measurements {
		all[fold(name)] = name
		exact[name] = true
	}
	s.mu.Unlock()
	chosen := map[string]string{}
	for t := range w.tables {
		name := t.table
		switch {
		case t.catalog != "":
			return nil, fault.New(fault.NotFound, "catalog %q does not exist", t.catalog)
		case fold(t.schema) == "information_schema", fold(t.schema) == "pg_catalog":
			return nil, fault.New(fault.Denied, "schema %q is not shown here: the list of measurements is", t.schema)
		case t.schema != "" && fold(t.schema) != "main":
			name = t.schema + "." + t.table
		}
		if !exact[name] {
			if as, ok := all[fold(name)]; ok {
				name = as
			} else if t.schema == "" && w.ctes[fold(name)] {
				continue
			} else {
				return nil, s.unknown(name)
			}
		}
		if other, ok := chosen[fold(name)]; ok && other != name {
			return nil, fault.New(fault.Conflict, "measurements %q and %q differ by case only: ask for one at a time", other, name)
		}
		chosen[fold(name)] = name
	}
	return slices.Sorted(maps.Values(chosen)), nil
}
