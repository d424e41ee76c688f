package logline

import (
	"bytes"
	"strconv"
	"time"
)

// syslog reads records of RFC 5424 and of RFC 3164 as they are met: with or without a priority, since files have none; with a
// time as of RFC 3164 (whose year and zone are guessed) or as of RFC 3339; with a host or, as on a local socket,
// without. The object has timestamp, host, app, procid, msgid, facility, severity, severity_code, message and
// structured, an object of objects.
type syslog struct {
	zone   *time.Location
	now    func() time.Time
	params []param
	values []byte // of params whose escapes were resolved
}

func (p *syslog) Append(dst, line []byte) ([]byte, time.Time, error) {
	var at time.Time
	if len(line) == 0 {
		return dst, at, nil
	}
	priority, rest, err := readPriority(line)
	if err != nil {
		return dst, at, err
	}
	o := begin(dst)
	if priority >= 0 && bytes.HasPrefix(rest, []byte("1 ")) {
		at, err = p.modern(&o, rest[2:], priority)
	} else {
		at, err = p.bsd(&o, rest, priority)
	}
	if err != nil {
		return dst, time.Time{}, err
	}
	return o.end(), at, nil
}

// Names of facilities and severities by their codes.
var (
	facilities = [...]string{
		"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
		"ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
	}
	severities = [...]string{"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"}
)

// readPriority reads <PRI>, -1 if there is none.
func readPriority(line []byte) (priority int, rest []byte, err error) {
	if line[0] != '<' {
		return -1, line, nil
	}
	end := bytes.IndexByte(line, '>')
	if end < 2 || end > 4 {
		return 0, nil, refuse("priority", "it is not closed: "+shown(line))
	}
	priority, ok := number(line[1:end])
	if !ok || priority >= 8*len(facilities) {
		return 0, nil, refuse("priority", "this is none: "+shown(line[1:end]))
	}
	return priority, line[end+1:], nil
}

func writePriority(o *object, priority int) {
	if priority < 0 {
		return
	}
	o.text("facility", []byte(facilities[priority>>3]))
	o.text("severity", []byte(severities[priority&7]))
	o.name("severity_code")
	o.dst = strconv.AppendInt(o.dst, int64(priority&7), 10)
}

func writeTimestamp(o *object, at time.Time) {
	if !at.IsZero() {
		o.name("timestamp")
		o.dst = appendTime(o.dst, at)
	}
}

// modern reads what follows the version in RFC 5424.
func (p *syslog) modern(o *object, b []byte, priority int) (at time.Time, err error) {
	var head [5][]byte
	names := [...]string{"timestamp", "host", "app", "procid", "msgid"}
	for i := range head {
		var ok bool
		if head[i], b, ok = bytes.Cut(b, []byte(" ")); !ok || len(head[i]) == 0 {
			return at, refuse(names[i], "the header ends before it")
		}
	}
	if string(head[0]) != "-" {
		var ok bool
		if at, ok = parseISO(head[0], time.UTC); !ok {
			return at, refuse("timestamp", "this is no time: "+shown(head[0]))
		}
	}
	writeTimestamp(o, at)
	for i := 1; i < len(head); i++ {
		optional(o, names[i], head[i])
	}
	writePriority(o, priority)
	message, err := p.structured(o, b)
	if err != nil {
		return at, err
	}
	if len(message) > 0 {
		o.text("message", bytes.TrimPrefix(message[1:], []byte("\ufeff")))
	}
	return at, nil
}

// bsd reads what follows the priority in RFC 3164. Without a time all of it is the message, as the RFC wants it; without a
// priority, too, it is no syslog.
func (p *syslog) bsd(o *object, b []byte, priority int) (time.Time, error) {
	at, rest, ok := p.bsdTime(b)
	if !ok {
		if priority < 0 {
			return at, refuse("timestamp", "there is neither a priority nor a time: "+shown(b))
		}
		writePriority(o, priority)
		o.text("message", b)
		return time.Time{}, nil
	}
	writeTimestamp(o, at)
	host, content, _ := bytes.Cut(rest, []byte(" "))
	if isTag(host) {
		content = rest
	} else {
		optional(o, "host", host)
	}
	app, procid, message := readTag(content)
	optional(o, "app", app)
	optional(o, "procid", procid)
	writePriority(o, priority)
	o.text("message", message)
	return at, nil
}

// isTag tells a tag, "sshd[12]:" or "su:", from a host.
func isTag(word []byte) bool {
	return len(word) > 0 && word[len(word)-1] == ':' || bytes.IndexByte(word, '[') > 0
}

// readTag reads "app[procid]: message"; what has no such beginning is a message.
func readTag(b []byte) (app, procid, message []byte) {
	end := bytes.IndexAny(b, " :[")
	if end <= 0 || b[end] == ' ' {
		return nil, nil, b
	}
	app, rest := b[:end], b[end:]
	if rest[0] == '[' {
		closed := bytes.IndexByte(rest, ']')
		if closed < 0 {
			return nil, nil, b
		}
		procid, rest = rest[1:closed], rest[closed+1:]
	}
	rest = bytes.TrimPrefix(rest, []byte(":"))
	return app, procid, bytes.TrimPrefix(rest, []byte(" "))
}

// bsdTime reads "Nov  2 10:00:00", with a year before or behind the clock and a fraction if they are there, or a time
// of RFC 3339, as rsyslog writes it. rest begins behind the blank that follows.
func (p *syslog) bsdTime(b []byte) (at time.Time, rest []byte, ok bool) {
	b = bytes.TrimLeft(b, "*. ") // marks by which Cisco says that its clock is not set
	if len(b) > 0 && b[0]-'0' <= 9 {
		word, rest, _ := bytes.Cut(b, []byte(" "))
		at, ok := parseISO(word, p.zone)
		return at, rest, ok
	}
	if len(b) < len("Nov  2 10:00:00") || b[3] != ' ' {
		return at, nil, false
	}
	month := monthNumber(b[:3])
	day, rest, ok := leadingNumber(bytes.TrimLeft(b[4:], " "))
	if !ok || month == 0 {
		return at, nil, false
	}
	year := 0
	if len(rest) > 5 && rest[4] == ' ' {
		year, _ = number(rest[:4])
		if year > 0 {
			rest = rest[5:]
		}
	}
	second, nano, rest, ok := parseClock(rest)
	if !ok {
		return at, nil, false
	}
	if year == 0 && len(rest) >= 6 && rest[0] == ' ' && rest[5] == ' ' {
		if y, ok := number(rest[1:5]); ok && y >= 1970 && y < 2200 {
			year, rest = y, rest[5:]
		}
	}
	if len(rest) > 0 && rest[0] != ' ' && rest[0] != ':' {
		return at, nil, false
	}
	rest = bytes.TrimLeft(rest, " :")
	if year > 0 {
		at, ok = date(year, month, day, second, nano, p.zone)
	} else {
		at, ok = nearestYear(p.now(), func(year int) (time.Time, bool) { return date(year, month, day, second, nano, p.zone) })
	}
	return at, rest, ok
}

// leadingNumber reads one or two digits and the blank behind them.
func leadingNumber(b []byte) (n int, rest []byte, ok bool) {
	word, rest, ok := bytes.Cut(b, []byte(" "))
	if !ok || len(word) > 2 {
		return 0, nil, false
	}
	n, ok = number(word)
	return n, rest, ok
}
