package function

import (
	"strconv"

	"millrace/format/json/scan"
)

// jsonPath is a path such as lax $.a[0]['b c'].*, as Jayway's JsonPath reads it. It is read-only.
type jsonPath struct {
	lax   bool
	bad   string // why it is no path
	steps []jsonStep
	// definite paths lead to one value; the others to a list.
	definite bool
	length   bool // .length() or .size() of what it leads to
}

type stepKind uint8

const (
	stepNames   stepKind = iota // .a, ['a', 'b']
	stepIndexes                 // [0], [0, 1]
	stepSlice                   // [1:3]
	stepAll                     // .*, [*]
	stepScan                    // ..
	stepFilter                  // [?(@.a > 1)]
)

type jsonStep struct {
	kind     stepKind
	names    []string
	indexes  []int // of a slice: from and to
	from, to bool  // which of them a slice has
	filter   jsonFilter
}

func (s *jsonStep) definite() bool {
	return s.kind == stepNames && len(s.names) == 1 || s.kind == stepIndexes && len(s.indexes) == 1
}

// read follows the path in a document. ok is false if the path, the document or, in strict mode, what
// the path finds is wrong. A nil value is the empty result of lax mode.
func (p *jsonPath) read(document []byte) (v jsonText, ok bool) {
	root, valid := firstJSON(document)
	switch {
	case p.bad != "":
		return nil, false
	case !valid:
		return nil, p.lax
	}
	v, ok = p.find(root)
	if p.lax {
		if v != nil && v.isNull() {
			v = nil
		}
		return v, true
	}
	return v, ok && v != nil && !v.isNull()
}

func (p *jsonPath) find(root jsonText) (jsonText, bool) {
	w := jsonWalk{path: p}
	ok := w.follow(p.steps, root, true) || p.lax
	switch {
	case !ok:
		return nil, false
	case p.definite && len(w.found) == 0:
		return nil, p.lax
	case p.length:
		return w.length()
	case p.definite:
		return w.found[len(w.found)-1], true
	}
	list := jsonText{'['}
	for i, v := range w.found {
		if i > 0 {
			list = append(list, ',')
		}
		list = append(list, v...)
	}
	return append(list, ']'), true
}

// jsonWalk collects what a path finds.
type jsonWalk struct {
	path  *jsonPath
	found []jsonText
}

func (w *jsonWalk) length() (jsonText, bool) {
	v, n := w.found[len(w.found)-1], 0
	switch {
	case v.isArray():
		n = v.length()
	case v.isObject():
		v.members(func([]byte, jsonText) { n++ })
	default:
		return nil, true
	}
	return strconv.AppendInt(nil, int64(n), 10), true
}

// follow takes the steps from v. sure says that all steps before were definite: then a step that leads
// nowhere is an error, which false tells.
func (w *jsonWalk) follow(steps []jsonStep, v jsonText, sure bool) bool {
	if len(steps) == 0 {
		w.found = append(w.found, v)
		return true
	}
	step, rest := &steps[0], steps[1:]
	forgiving := !sure || w.path.lax
	down := sure && step.definite()
	switch step.kind {
	case stepNames:
		if !v.isObject() {
			return forgiving
		}
		return w.names(step, rest, v, down, forgiving)
	case stepIndexes, stepSlice:
		if !v.isArray() {
			return forgiving
		}
		ok := true
		list := elements(v)
		step.each(len(list), func(i int) { ok = w.follow(rest, list[i], down) && ok })
		return ok
	case stepAll:
		ok := true
		eachInside(v, func(inner jsonText) { ok = w.follow(rest, inner, false) && ok })
		return ok
	case stepScan:
		return w.scan(rest, v)
	}
	return w.filter(step, rest, v, forgiving)
}

func (w *jsonWalk) names(step *jsonStep, rest []jsonStep, v jsonText, down, forgiving bool) bool {
	if len(step.names) == 1 {
		value := v.member(step.names[0])
		if value == nil {
			return forgiving || len(rest) == 0
		}
		return w.follow(rest, value, down)
	}
	var merged jsonText
	ok := true
	for _, name := range step.names {
		value := v.member(name)
		switch {
		case value == nil:
		case len(rest) > 0:
			ok = w.follow(rest, value, false) && ok
		default:
			merged = append(append(appendQuoted(append(merged, ','), []byte(name)), ':'), value...)
		}
	}
	if len(rest) == 0 {
		if merged == nil {
			merged = jsonText{','}
		}
		merged[0] = '{'
		w.found = append(w.found, append(merged, '}'))
	}
	return ok
}

// scan takes the next step from v and from all that is within it.
func (w *jsonWalk) scan(steps []jsonStep, v jsonText) bool {
	ok := true
	fits := false
	switch step := &steps[0]; step.kind {
	case stepNames:
		fits = v.isObject()
	case stepIndexes, stepSlice:
		fits = v.isArray()
	case stepAll, stepFilter:
		fits = !v.isScalar()
	}
	if fits {
		ok = w.follow(steps, v, false)
	}
	eachInside(v, func(inner jsonText) { ok = w.scan(steps, inner) && ok })
	return ok
}

func (w *jsonWalk) filter(step *jsonStep, rest []jsonStep, v jsonText, forgiving bool) bool {
	if v.isScalar() {
		return forgiving
	}
	if v.isObject() {
		return !step.filter.holds(v) || w.follow(rest, v, false)
	}
	ok := true
	v.items(func(item jsonText) {
		if step.filter.holds(item) {
			ok = w.follow(rest, item, false) && ok
		}
	})
	return ok
}

// eachInside calls f with the values directly within v; of members of one name with the last.
func eachInside(v jsonText, f func(jsonText)) {
	if v.isArray() {
		v.items(f)
	}
	if !v.isObject() {
		return
	}
	var values []jsonText
	at := map[string]int{}
	v.members(func(name []byte, value jsonText) {
		key := string(scan.AppendUnescaped(nil, name))
		if i, ok := at[key]; ok {
			values[i] = value
			return
		}
		at[key] = len(values)
		values = append(values, value)
	})
	for _, value := range values {
		f(value)
	}
}

func elements(v jsonText) []jsonText {
	var list []jsonText
	v.items(func(item jsonText) { list = append(list, item) })
	return list
}

// each calls f with the positions that the step names in an array of n elements.
func (s *jsonStep) each(n int, f func(i int)) {
	visit := func(i int) {
		if i < 0 {
			i += n
		}
		if i >= 0 && i < n {
			f(i)
		}
	}
	if s.kind == stepIndexes {
		for _, i := range s.indexes {
			visit(i)
		}
		return
	}
	from, to := 0, n
	if s.from {
		from = s.indexes[0]
	}
	if s.to {
		to = s.indexes[1]
	}
	if !s.to && from < 0 {
		from = max(0, n+from)
	}
	if !s.from && to < 0 {
		to += n
	}
	for i := max(from, -n); i < min(to, n); i++ {
		visit(i)
	}
}

// jsonFilter is the condition of a filter: comparisons joined by && and ||, the former binding tighter.
type jsonFilter [][]jsonComparison

func (f jsonFilter) holds(v jsonText) bool {
	for _, all := range f {
		ok := true
		for i := range all {
			ok = ok && all[i].holds(v)
		}
		if ok {
			return true
		}
	}
	return false
}

// jsonComparison compares two values.
type jsonComparison struct {
	op          string
	left, right jsonOperand
}

// jsonOperand is a path from the current value, or a constant.
type jsonOperand struct {
	path  *jsonPath
	value jsonText
}

func (o *jsonOperand) at(v jsonText) jsonText {
	if o.path == nil {
		return o.value
	}
	found, _ := o.path.find(v)
	return found
}

func (c *jsonComparison) holds(v jsonText) bool {
	a, b := c.left.at(v), c.right.at(v)
	if a == nil || b == nil {
		return c.op == "!="
	}
	switch c.op {
	case "==":
		return sameJSON(a, b)
	case "!=":
		return !sameJSON(a, b)
	}
	order, ok := orderJSON(a, b)
	switch {
	case !ok:
		return false
	case c.op == "<":
		return order < 0
	case c.op == "<=":
		return order <= 0
	case c.op == ">":
		return order > 0
	}
	return order >= 0
}

func sameJSON(a, b jsonText) bool {
	if order, ok := orderJSON(a, b); ok {
		return order == 0
	}
	return string(a.appendJSON(nil)) == string(b.appendJSON(nil))
}

// orderJSON orders two numbers or two strings.
func orderJSON(a, b jsonText) (int, bool) {
	switch {
	case a.isNumber() && b.isNumber():
		x, _ := strconv.ParseFloat(string(a), 64)
		y, _ := strconv.ParseFloat(string(b), 64)
		switch {
		case x < y:
			return -1, true
		case x > y:
			return 1, true
		}
		return 0, true
	case a.isString() && b.isString():
		return compareUTF16(string(a.appendPlain(nil)), string(b.appendPlain(nil))), true
	}
	return 0, false
}

// skipSpace returns the position of the first byte of text from i on that is not blank.
func skipSpace(text string, i int) int { return scan.Space([]byte(text), min(i, len(text))) }
