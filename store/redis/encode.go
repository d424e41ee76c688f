package redis

import (
	"net/url"
	"strconv"
	"strings"

	"millrace/store/hot"
)

// Tags are written as name=value&name=value, in order of the names, with every byte that could be taken
// for another escaped as in a URL: unambiguous, and one can read it in redis-cli. A point is written as
// "time value", the time in microseconds.

func tagsText(tags []hot.Tag) string {
	var b strings.Builder
	for i, t := range tags {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(t.Name))
		b.WriteByte('=')
		b.WriteString(url.QueryEscape(t.Value))
	}
	return b.String()
}

func parseTags(text string) (tags map[string]string, ok bool) {
	tags = map[string]string{}
	if text == "" {
		return tags, true
	}
	for pair := range strings.SplitSeq(text, "&") {
		name, value, found := strings.Cut(pair, "=")
		n, err1 := url.QueryUnescape(name)
		v, err2 := url.QueryUnescape(value)
		if !found || err1 != nil || err2 != nil {
			return nil, false
		}
		tags[n] = v
	}
	return tags, true
}

func pointText(micros int64, value float64) string {
	b := strconv.AppendInt(make([]byte, 0, 40), micros, 10)
	return string(strconv.AppendFloat(append(b, ' '), value, 'g', -1, 64))
}

func parsePoint(text string) (micros int64, value float64, ok bool) {
	first, second, found := strings.Cut(text, " ")
	micros, err1 := strconv.ParseInt(first, 10, 64)
	value, err2 := strconv.ParseFloat(second, 64)
	return micros, value, found && err1 == nil && err2 == nil
}

func byName(a, b hot.Tag) int { return strings.Compare(a.Name, b.Name) }
