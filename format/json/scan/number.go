package scan

// Number reads a number. whole is false if it has a fraction or an exponent.
func (s *Scanner) Number(b []byte, i int) (end int, whole bool) {
	if i < len(b) && b[i] == '-' {
		i++
	}
	switch {
	case i >= len(b) || b[i]-'0' > 9:
		return s.Expected(b, i, "a digit"), false
	case b[i] == '0':
		i++
	default:
		i = digits(b, i)
	}
	whole = true
	if i < len(b) && b[i] == '.' {
		whole = false
		start := i + 1
		if i = digits(b, start); i == start {
			return s.Expected(b, i, "a digit"), false
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		whole = false
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		start := i
		if i = digits(b, start); i == start {
			return s.Expected(b, i, "a digit"), false
		}
	}
	return i, whole
}

func digits(b []byte, i int) int {
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	return i
}

// Double reads a number whose digits fit 53 bits and that has no exponent: both the digits and the power
// of ten are then exact, so that one division rounds right (W. D. Clinger, 1990). end is 0 for all else.
func Double(b []byte, i int) (f float64, end int) {
	negative := b[i] == '-'
	if negative {
		i++
	}
	start, n := i, uint64(0)
	for i < len(b) && b[i]-'0' <= 9 {
		n = n*10 + uint64(b[i]-'0')
		i++
	}
	length := i - start
	if length == 0 || length > 1 && b[start] == '0' {
		return 0, 0
	}
	fraction := 0
	if i < len(b) && b[i] == '.' {
		i++
		from := i
		for i < len(b) && b[i]-'0' <= 9 {
			n = n*10 + uint64(b[i]-'0')
			i++
		}
		if fraction = i - from; fraction == 0 {
			return 0, 0
		}
	}
	if length+fraction > 19 || n > 1<<53 || i < len(b) && b[i]|0x20 == 'e' {
		return 0, 0
	}
	f = float64(int64(n))
	if fraction > 0 {
		f /= powersOfTen[fraction]
	}
	if negative {
		f = -f
	}
	return f, i
}

var powersOfTen = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19}
