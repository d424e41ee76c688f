package function

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// runeSet is a set of characters: pairs of first and last, sorted, apart from each other.
type runeSet []rune

const maxRune = unicode.MaxRune

func setOf(pairs ...rune) runeSet { return pairs }

// union returns the characters that are in one of the sets.
func union(sets ...runeSet) runeSet {
	var pairs [][2]rune
	for _, s := range sets {
		for i := 0; i+1 < len(s); i += 2 {
			pairs = append(pairs, [2]rune{s[i], s[i+1]})
		}
	}
	slices.SortFunc(pairs, func(a, b [2]rune) int { return int(a[0] - b[0]) })
	var out runeSet
	for _, p := range pairs {
		if n := len(out); n > 0 && p[0] <= out[n-1]+1 {
			out[n-1] = max(out[n-1], p[1])
		} else {
			out = append(out, p[0], p[1])
		}
	}
	return out
}

// complement returns the characters that are not in the set.
func (s runeSet) complement() runeSet {
	var out runeSet
	next := rune(0)
	for i := 0; i+1 < len(s); i += 2 {
		if s[i] > next {
			out = append(out, next, s[i]-1)
		}
		next = s[i+1] + 1
	}
	if next <= maxRune {
		out = append(out, next, maxRune)
	}
	return out
}

func (s runeSet) intersect(o runeSet) runeSet {
	return union(s.complement(), o.complement()).complement()
}

// folded adds the other cases of the letters: of ASCII alone, or of all.
func (s runeSet) folded(all bool) runeSet {
	var more runeSet
	for i := 0; i+1 < len(s); i += 2 {
		last := s[i+1]
		if !all {
			last = min(last, unicode.MaxASCII)
		}
		for r := s[i]; r <= last; r++ {
			if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
				more = append(more, r^0x20, r^0x20)
			}
			if all {
				for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
					more = append(more, f, f)
				}
			}
		}
	}
	if more == nil {
		return s
	}
	return union(s, more)
}

// text is the set, which is not empty, as a class of either of our engines.
func (s runeSet) text() string {
	switch {
	case len(s) == 2 && s[0] == 0 && s[1] == maxRune:
		return "(?s:.)"
	case len(s) == 2 && s[0] == s[1]:
		return quoteRune(s[0])
	}
	var b strings.Builder
	b.WriteByte('[')
	for i := 0; i+1 < len(s); i += 2 {
		b.WriteString(quoteRune(s[i]))
		if s[i+1] > s[i] {
			if s[i+1] > s[i]+1 {
				b.WriteByte('-')
			}
			b.WriteString(quoteRune(s[i+1]))
		}
	}
	b.WriteByte(']')
	return b.String()
}

// quoteRune writes a character so that it stands for itself, in a class too.
func quoteRune(r rune) string {
	if r < 0x80 && (r < ' ' || strings.ContainsRune(`\.+*?()|[]{}^$-&#~ "'`+"`", r)) || r == 0x7F {
		return `\x` + string(lowerHex[r>>4]) + string(lowerHex[r&15])
	}
	return string(r)
}

func setOfTable(t *unicode.RangeTable) runeSet {
	var s runeSet
	add := func(lo, hi, stride rune) {
		if stride == 1 {
			s = append(s, lo, hi)
			return
		}
		for r := lo; r <= hi; r += stride {
			s = append(s, r, r)
		}
	}
	for _, r := range t.R16 {
		add(rune(r.Lo), rune(r.Hi), rune(r.Stride))
	}
	for _, r := range t.R32 {
		add(rune(r.Lo), rune(r.Hi), rune(r.Stride))
	}
	return union(s)
}

// letterSet is a class named by a letter: \d, \w, \s, \h, \v.
func letterSet(letter rune) runeSet {
	switch letter {
	case 'd':
		return setOf('0', '9')
	case 'w':
		return setOf('0', '9', 'A', 'Z', '_', '_', 'a', 'z')
	case 's':
		return setOf('\t', '\r', ' ', ' ')
	case 'h':
		return setOf('\t', '\t', ' ', ' ', 0xA0, 0xA0, 0x1680, 0x1680, 0x180E, 0x180E, 0x2000, 0x200A, 0x202F, 0x202F, 0x205F, 0x205F, 0x3000, 0x3000)
	}
	return setOf('\n', '\r', 0x85, 0x85, 0x2028, 0x2029)
}

// unicodeLetterSet is what \d, \w and \s mean under (?U).
func unicodeLetterSet(letter rune) runeSet {
	switch letter {
	case 'd':
		return setOfTable(unicode.Nd)
	case 'w':
		return union(alphabetic(), setOfTable(unicode.M), setOfTable(unicode.Nd), setOfTable(unicode.Pc), setOf(0x200C, 0x200D))
	case 's':
		return setOfTable(unicode.White_Space)
	}
	return letterSet(letter)
}

func alphabetic() runeSet {
	return union(setOfTable(unicode.L), setOfTable(unicode.Nl), setOfTable(unicode.Other_Alphabetic))
}

// propertySet is what stands in \p{…}.
func propertySet(name string) (runeSet, bool) {
	if key, value, ok := strings.Cut(name, "="); ok {
		switch strings.ToLower(key) {
		case "sc", "script":
			return scriptSet(value)
		case "blk", "block":
			return blockSet(value)
		case "gc", "general_category":
			return categorySet(value)
		}
		return nil, false
	}
	if s, ok := posixSet(name); ok {
		return s, true
	}
	if block, ok := strings.CutPrefix(name, "In"); ok {
		return blockSet(block)
	}
	if java, ok := strings.CutPrefix(name, "java"); ok {
		return javaSet(java)
	}
	if is, ok := strings.CutPrefix(name, "Is"); ok {
		if s, ok := binarySet(is); ok {
			return s, true
		}
		if s, ok := categorySet(is); ok {
			return s, true
		}
		return scriptSet(is)
	}
	return categorySet(name)
}

func posixSet(name string) (runeSet, bool) {
	s, ok := map[string]runeSet{
		"Lower": setOf('a', 'z'), "Upper": setOf('A', 'Z'), "ASCII": setOf(0, 0x7F), "Alpha": setOf('A', 'Z', 'a', 'z'), "Digit": setOf('0', '9'),
		"Alnum": setOf('0', '9', 'A', 'Z', 'a', 'z'), "Punct": setOf('!', '/', ':', '@', '[', '`', '{', '~'), "Graph": setOf('!', '~'), "Print": setOf(' ', '~'),
		"Blank": setOf('\t', '\t', ' ', ' '), "Cntrl": setOf(0, 0x1F, 0x7F, 0x7F), "XDigit": setOf('0', '9', 'A', 'F', 'a', 'f'), "Space": setOf('\t', '\r', ' ', ' '),
	}[name]
	return s, ok
}

func javaSet(name string) (runeSet, bool) {
	switch name {
	case "LowerCase":
		return union(setOfTable(unicode.Lower), setOfTable(unicode.Other_Lowercase)), true
	case "UpperCase":
		return union(setOfTable(unicode.Upper), setOfTable(unicode.Other_Uppercase)), true
	case "Alphabetic":
		return alphabetic(), true
	case "Letter":
		return setOfTable(unicode.L), true
	case "Digit":
		return setOfTable(unicode.Nd), true
	case "LetterOrDigit":
		return union(setOfTable(unicode.L), setOfTable(unicode.Nd)), true
	case "Whitespace":
		spaces := union(setOfTable(unicode.Z), setOf('\t', '\r', 0x1C, 0x1F))
		return spaces.intersect(setOf(0xA0, 0xA0, 0x2007, 0x2007, 0x202F, 0x202F).complement()), true
	case "SpaceChar":
		return setOfTable(unicode.Z), true
	case "ISOControl":
		return setOf(0, 0x1F, 0x7F, 0x9F), true
	}
	return nil, false
}

func binarySet(name string) (runeSet, bool) {
	switch strings.ToUpper(strings.ReplaceAll(name, "_", "")) {
	case "ALPHABETIC":
		return alphabetic(), true
	case "LETTER":
		return setOfTable(unicode.L), true
	case "IDEOGRAPHIC":
		return setOfTable(unicode.Ideographic), true
	case "LOWERCASE":
		return union(setOfTable(unicode.Lower), setOfTable(unicode.Other_Lowercase)), true
	case "UPPERCASE":
		return union(setOfTable(unicode.Upper), setOfTable(unicode.Other_Uppercase)), true
	case "TITLECASE":
		return setOfTable(unicode.Title), true
	case "PUNCTUATION":
		return setOfTable(unicode.P), true
	case "CONTROL":
		return setOfTable(unicode.Cc), true
	case "WHITESPACE":
		return setOfTable(unicode.White_Space), true
	case "DIGIT":
		return setOfTable(unicode.Nd), true
	case "HEXDIGIT":
		return union(setOfTable(unicode.Hex_Digit), setOfTable(unicode.Nd)), true
	case "ALNUM":
		return union(alphabetic(), setOfTable(unicode.Nd)), true
	}
	return nil, false
}

func categorySet(name string) (runeSet, bool) {
	switch name {
	case "LC":
		return union(setOfTable(unicode.Lu), setOfTable(unicode.Ll), setOfTable(unicode.Lt)), true
	case "LD":
		return union(setOfTable(unicode.L), setOfTable(unicode.Nd)), true
	case "L1":
		return setOf(0, 0xFF), true
	case "all":
		return setOf(0, maxRune), true
	}
	if t, ok := unicode.Categories[name]; ok {
		return setOfTable(t), true
	}
	return nil, false
}

func scriptSet(name string) (runeSet, bool) {
	short := map[string]string{
		"LATN": "Latin", "GREK": "Greek", "CYRL": "Cyrillic", "HANI": "Han", "HIRA": "Hiragana", "KANA": "Katakana", "HANG": "Hangul", "ARAB": "Arabic", "HEBR": "Hebrew", "THAI": "Thai",
	}
	if long, ok := short[strings.ToUpper(name)]; ok {
		name = long
	}
	for script, t := range unicode.Scripts {
		if strings.EqualFold(script, name) {
			return setOfTable(t), true
		}
	}
	return nil, false
}

// blockSet knows the blocks that people write; Go has no table of all.
func blockSet(name string) (runeSet, bool) {
	s, ok := map[string]runeSet{
		"BASICLATIN": setOf(0, 0x7F), "LATIN1SUPPLEMENT": setOf(0x80, 0xFF), "LATINEXTENDEDA": setOf(0x100, 0x17F), "LATINEXTENDEDB": setOf(0x180, 0x24F),
		"GREEK": setOf(0x370, 0x3FF), "GREEKANDCOPTIC": setOf(0x370, 0x3FF), "CYRILLIC": setOf(0x400, 0x4FF), "HEBREW": setOf(0x590, 0x5FF), "ARABIC": setOf(0x600, 0x6FF),
		"DEVANAGARI": setOf(0x900, 0x97F), "THAI": setOf(0xE00, 0xE7F), "GENERALPUNCTUATION": setOf(0x2000, 0x206F), "CURRENCYSYMBOLS": setOf(0x20A0, 0x20CF),
		"ARROWS": setOf(0x2190, 0x21FF), "MATHEMATICALOPERATORS": setOf(0x2200, 0x22FF), "BOXDRAWING": setOf(0x2500, 0x257F),
		"CJKSYMBOLSANDPUNCTUATION": setOf(0x3000, 0x303F), "HIRAGANA": setOf(0x3040, 0x309F), "KATAKANA": setOf(0x30A0, 0x30FF),
		"CJKUNIFIEDIDEOGRAPHS": setOf(0x4E00, 0x9FFF), "HANGULSYLLABLES": setOf(0xAC00, 0xD7AF), "HALFWIDTHANDFULLWIDTHFORMS": setOf(0xFF00, 0xFFEF),
		"EMOTICONS": setOf(0x1F600, 0x1F64F),
	}[strings.ToUpper(strings.NewReplacer("_", "", " ", "", "-", "").Replace(name))]
	return s, ok
}

// parseHex reads hexadecimal digits as a character.
func parseHex(digits string) (rune, bool) {
	n, err := strconv.ParseUint(digits, 16, 32)
	return rune(n), err == nil && n <= maxRune
}
