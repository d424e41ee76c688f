package function

import (
	"millrace/schema"
	"millrace/vec"
)

// castNested returns the kernel that casts lists of the same kind, or rows of as many fields, part by part;
// nil if a part cannot be cast.
func castNested(from, to schema.Type, try bool) Kernel {
	if from.ID != to.ID || len(from.Fields) != len(to.Fields) || len(from.Fields) == 0 && from.ID != schema.Row {
		return nil
	}
	parts := make([]*Overload, len(to.Fields))
	for i := range parts {
		bind := Cast
		if try {
			bind = TryCast
		}
		var err error
		if parts[i], err = bind(from.Fields[i].Type, to.Fields[i].Type); err != nil {
			return nil
		}
	}
	return func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		in := cols[0]
		inner := *c
		if from.ID == schema.Row {
			for k, part := range parts {
				if err := part.into(&inner, &in.Kids[k], &dst.Kids[k]); err != nil {
					return err
				}
			}
			for i := range c.Rows.N {
				for k := range parts {
					if try && !in.IsNull(i) && !in.Kids[k].IsNull(i) && dst.Kids[k].IsNull(i) {
						dst.SetNull(i, c.Rows.N)
					}
				}
			}
			return nil
		}
		// Only the elements of the named rows are cast: others must not fail.
		named := vec.NewColumn(from)
		named.Off = make([]int32, c.Rows.N+1)
		gather := &lister{dst: &named}
		sources := make([]*vec.Column, len(in.Kids))
		for k := range in.Kids {
			sources[k] = &in.Kids[k]
		}
		err := eachList(c, dst, func(l *lister, i int) error {
			for j, to := bounds(in, i); j < to; j++ {
				gather.add(j, sources...)
				l.n++
			}
			return nil
		})
		inner.Rows = vec.Rows{N: gather.n}
		for k, part := range parts {
			if err == nil {
				err = part.into(&inner, &named.Kids[k], &dst.Kids[k])
			}
		}
		for k := len(parts); k < len(named.Kids); k++ { // how often each element of a multiset is there
			copyColumn(&dst.Kids[k], &named.Kids[k], gather.n)
		}
		if try && err == nil {
			nullWhole(c, &named, dst)
		}
		return err
	}
}

// nullWhole makes the lists NULL of which an element could not be cast.
func nullWhole(c *Call, in, dst *vec.Column) {
	for i := range c.Rows.N {
		for j, to := bounds(dst, i); j < to; j++ {
			for k := range dst.Kids {
				if !in.Kids[k].IsNull(j) && dst.Kids[k].IsNull(j) {
					dst.SetNull(i, c.Rows.N)
				}
			}
		}
	}
}

// into runs a cast for all rows of the call.
func (o *Overload) into(c *Call, in, dst *vec.Column) error {
	dst.Reset(o.Result, c.Rows.N)
	if o.Identity {
		copyColumn(dst, in, c.Rows.N)
		return nil
	}
	if in.Valid != nil {
		copy(dst.NeedValid(c.Rows.N), in.Valid)
	}
	return o.Kernel(c, []*vec.Column{in}, dst)
}
