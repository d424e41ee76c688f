package vec

// AppendRow copies physical row i of src, whose columns have the builder's layouts, as the next row.
func (b *Builder) AppendRow(src *Batch, i int) {
	for c := range src.Cols {
		b.CopyValue(c, &src.Cols[c], i)
	}
	b.EndRow(src.Kind(i))
}

// CopyValue sets column c of the current row to row i of src, a column of the same layout.
func (b *Builder) CopyValue(c int, src *Column, i int) {
	dst := &b.cols[c]
	if b.isNested(c) {
		dst.truncate(b.n)
		dst.Append(b.n, src, i)
		b.filled[c] = b.n + 1
		return
	}
	if src.IsNull(i) {
		b.SetNull(c)
		return
	}
	switch src.Layout() {
	case LayoutBits:
		dst.Bits.Put(b.n, src.Bits.Get(i))
	case LayoutI8:
		dst.I8[b.n] = src.I8[i]
	case LayoutI16:
		dst.I16[b.n] = src.I16[i]
	case LayoutI32:
		dst.I32[b.n] = src.I32[i]
	case LayoutI64:
		dst.I64[b.n] = src.I64[i]
	case LayoutF32:
		dst.F32[b.n] = src.F32[i]
	case LayoutF64:
		dst.F64[b.n] = src.F64[i]
	case LayoutD128:
		dst.D128[b.n] = src.D128[i]
	case LayoutBytes:
		dst.Data = append(dst.Data[:dst.Off[b.n]], src.Bytes(i)...)
	}
	dst.Valid.Set(b.n)
}

// AppendRows copies the named rows of src from the k-th on, as many as fit, and returns how many
// it took. It works column by column.
func (b *Builder) AppendRows(src *Batch, rows Rows, k int) int {
	n := min(rows.Len()-k, b.Free())
	for c := range src.Cols {
		b.copyColumn(c, &src.Cols[c], rows, k, n)
	}
	for i := range n {
		kind := src.Kind(rows.At(k + i))
		b.kinds[b.n+i] = kind
		b.kinky = b.kinky || kind != Insert
	}
	b.n += n
	return n
}

func (b *Builder) copyColumn(c int, src *Column, rows Rows, k, n int) {
	dst := &b.cols[c]
	if b.isNested(c) {
		dst.truncate(b.n)
		for i := range n {
			dst.Append(b.n+i, src, rows.At(k+i))
		}
		b.filled[c] = b.n + n
		return
	}
	switch src.Layout() {
	case LayoutBits:
		for i := range n {
			dst.Bits.Put(b.n+i, src.Bits.Get(rows.At(k+i)))
		}
	case LayoutI8:
		gather(dst.I8[b.n:], src.I8, rows, k, n)
	case LayoutI16:
		gather(dst.I16[b.n:], src.I16, rows, k, n)
	case LayoutI32:
		gather(dst.I32[b.n:], src.I32, rows, k, n)
	case LayoutI64:
		gather(dst.I64[b.n:], src.I64, rows, k, n)
	case LayoutF32:
		gather(dst.F32[b.n:], src.F32, rows, k, n)
	case LayoutF64:
		gather(dst.F64[b.n:], src.F64, rows, k, n)
	case LayoutD128:
		gather(dst.D128[b.n:], src.D128, rows, k, n)
	case LayoutBytes:
		for i := range n {
			at := rows.At(k + i)
			if !src.IsNull(at) {
				dst.Data = append(dst.Data, src.Bytes(at)...)
			}
			dst.Off[b.n+i+1] = int32(len(dst.Data))
		}
	}
	for i := range n {
		if !src.IsNull(rows.At(k + i)) {
			dst.Valid.Set(b.n + i)
		}
	}
}

func gather[T any](dst, src []T, rows Rows, k, n int) {
	if rows.Sel == nil {
		copy(dst[:n], src[k:k+n])
		return
	}
	for i, at := range rows.Sel[k : k+n] {
		dst[i] = src[at]
	}
}
