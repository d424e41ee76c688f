package plan

import (
	"millrace/sql/ast"
)

// overlaps binds (start, end) OVERLAPS (start, end): whether two periods have a moment in common, their
// ends among them. An end may be an INTERVAL from the start, and may come before it.
func (s *scope) overlaps(x *ast.Binary) Expr {
	low1, high1 := s.period(x.X)
	low2, high2 := s.period(x.Y)
	return logic(false, s.call(x, ">=", high1, low2), s.call(x, ">=", high2, low1))
}

func (s *scope) period(x ast.Expr) (low, high Expr) {
	row, ok := x.(*ast.Row)
	if !ok || len(row.Items) != 2 {
		s.fail(x, "write (start, end) OVERLAPS (start, end)", "OVERLAPS wants two periods")
	}
	start, end := s.expr(row.Items[0]), s.expr(row.Items[1])
	if end.Type().IsInterval() {
		end = s.call(x, "+", start, end)
	}
	inOrder := s.call(x, "<=", start, end)
	low = s.finishCase(x, &Case{When: []Expr{inOrder}, Then: []Expr{start}, Else: end})
	high = s.finishCase(x, &Case{When: []Expr{inOrder}, Then: []Expr{end}, Else: start})
	return low, high
}
