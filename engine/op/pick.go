package op

import (
	"millrace/schema"
	"millrace/vec"
)

// picked takes rows out of columns, for snapshots. Its memory is used again.
type picked struct {
	cols []vec.Column
}

// of returns the named rows, in that order, of columns of the same types each time. The answer is valid until the next
// call.
func (p *picked) of(rows []int32, from []vec.Column) []vec.Column {
	for len(p.cols) < len(from) {
		p.cols = append(p.cols, vec.Column{})
	}
	dense := rows[0]&63 == 0
	for i := 1; dense && i < len(rows); i++ {
		dense = rows[i] == rows[i-1]+1
	}
	for c := range from {
		if dense {
			p.cols[c] = from[c].View(int(rows[0]), int(rows[0])+len(rows))
			continue
		}
		p.cols[c] = vec.NewColumn(from[c].Type)
		for n, row := range rows {
			p.cols[c].Append(n, &from[c], int(row))
		}
	}
	return p.cols[:len(from):len(from)]
}

// number is the type of numbers in snapshots.
func number() schema.Type { return schema.Of(schema.BigInt).Required() }

// numbers are columns of numbers in snapshots.
type numbers []vec.Column

func newNumbers(n int) numbers {
	f := make(numbers, n)
	for i := range f {
		f[i] = vec.Column{Type: number()}
	}
	return f
}

// clear forgets the rows.
func (f numbers) clear() {
	for c := range f {
		f[c].I64 = f[c].I64[:0]
	}
}

// add adds a row.
func (f numbers) add(values ...int64) {
	for c, v := range values {
		f[c].I64 = append(f[c].I64, v)
	}
}

// typesBehind returns types with n numbers behind them.
func typesBehind(types []schema.Type, n int) []schema.Type {
	all := append([]schema.Type{}, types...)
	for range n {
		all = append(all, number())
	}
	return all
}

func typesOfColumns(cols []vec.Column) []schema.Type {
	types := make([]schema.Type, len(cols))
	for i := range cols {
		types[i] = cols[i].Type
	}
	return types
}
