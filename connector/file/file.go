// Package file follows log files: it collects the lines that are written to them, each exactly once, through
// rotation, restarts and kills.
//
// A file is known by its device and inode together with a fingerprint of its first bytes, not by its name. How far each
// was read is noted in the same transaction as the records, so a kill neither loses nor repeats a line.
//
//   - Renamed (logrotate's create): the old file is read to its end, also after a restart, when it is found
//     again among the files beside it. It is let go once a new file has its name and nothing came for a minute.
//   - Copied and cut (logrotate's copytruncate): a file that is smaller than before, or begins differently, is begun
//     anew. What was not read yet is taken from the copy, if there is one beside it; otherwise a
//     warning says how much is known to be lost. Lines that were written between logrotate's copy and its cut are lost to everyone.
//   - Compressed files (.gz and the like) are never read: they were read before.
//
// A line without its end waits for it. The lag is an estimate: unread bytes by the average length of a record.
//
// What surprises people: the path is one of this machine, and read with the rights of the platform, so whoever may add sources
// can read what the platform can read. A file that is removed while the platform is down, or that was
// compressed meanwhile, is not read further. Copies of a followed file beside it are passed over as long as they begin
// like it. A file that was edited in place (sed -i, an editor) is a new file.
package file

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"millrace/connector"
	"millrace/fault"
	"millrace/logline"
	"millrace/option"
)

// Names of options.
const (
	optPaths       = "paths"
	optExclude     = "exclude"
	optTopic       = "topic"
	optStart       = "start"
	optIgnoreOlder = "ignore_older"
	optMaxLine     = "max_line"
	optInvalid     = "invalid_utf8"
	optAddFile     = "add_file"
	optAddHost     = "add_host"
	optMulti       = "multiline_pattern"
	optMultiNegate = "multiline_negate"
	optMultiJoin   = "multiline_join"
	optMultiLines  = "multiline_max_lines"
	optMultiFlush  = "multiline_flush"
)

// Values of options.
const (
	startBeginning  = "beginning"
	startEnd        = "end"
	invalidReplace  = "replace"
	invalidRefuse   = "refuse"
	joinPrevious    = "previous"
	joinNext        = "next"
	shortestMaxLine = 64
	longestMaxLine  = 16 << 20
)

// Spec returns the connector.
func Spec() connector.Spec {
	return connector.Spec{
		Name:    "file",
		Doc:     "Follows log files through rotation and restarts and takes their lines apart.",
		Local:   true,
		Options: options(),
		Collect: func(v option.Values) (connector.Collector, error) { return newCollector(v) },
	}
}

func options() []option.Option {
	own := []option.Option{
		{Name: optPaths, Required: true, Doc: "The files: paths separated by commas, in which * and ? stand for a part of a name, [a-z] for one character, and ** for any folders: /var/log/nginx/*.log, /srv/**/app.log."},
		{Name: optExclude, Doc: "Files to leave out, as patterns separated by commas; one without a slash is for names alone: *.bak, /srv/old/**."},
		{Name: optTopic, Required: true, Doc: "The topic to fill."},
		{Name: optStart, Default: startBeginning, OneOf: []string{startBeginning, startEnd}, Doc: "Where the files that are there at the very first start are begun; those that come later are read from their beginning."},
		{Name: optIgnoreOlder, Kind: option.Duration, Doc: "Do not begin files that were last written longer ago than this; one that is written to again is begun."},
		{Name: optMaxLine, Kind: option.Size, Default: "1 mb", Doc: "The most bytes of a record; of a longer one so many go to the dead letters."},
		{Name: optInvalid, Default: invalidReplace, OneOf: []string{invalidReplace, invalidRefuse}, Doc: "What becomes of lines that are not UTF-8: the bytes are replaced by U+FFFD and counted in a warning, or the line goes to the dead letters."},
		{Name: optAddFile, Kind: option.Bool, Default: "false", Doc: "Add the path of the file to each record, as the field file."},
		{Name: optAddHost, Kind: option.Bool, Default: "false", Doc: "Add the name of this machine to each record, as the field host."},
		{Name: optMulti, Doc: "A regular expression (RE2) for records of several lines: lines that match belong to the one before, such as ^\\s for stack traces; or with negate, lines that do not match: ^\\d{4}- as the beginning of records."},
		{Name: optMultiNegate, Kind: option.Bool, Default: "false", Doc: "Join the lines that do not match."},
		{Name: optMultiJoin, Default: joinPrevious, OneOf: []string{joinPrevious, joinNext}, Doc: "Whether lines are joined to the one before, or to the next, as for lines that end with a backslash."},
		{Name: optMultiLines, Kind: option.Int, Default: "1000", Doc: "The most lines of a record; one with more goes to the dead letters."},
		{Name: optMultiFlush, Kind: option.Duration, Default: "1 s", Doc: "How long the last record of a file waits for more lines."},
	}
	return append(own, logline.Options()...)
}

func newCollector(v option.Values) (*collector, error) {
	c := &collector{
		topic:       v.String(optTopic),
		fromEnd:     v.String(optStart) == startEnd,
		ignoreOlder: v.Duration(optIgnoreOlder),
		maxLine:     int(v.Size(optMaxLine)),
		refuseBytes: v.String(optInvalid) == invalidRefuse,
		addFile:     v.Bool(optAddFile),
		pollEvery:   pollEvery, scanEvery: scanEvery, release: release, maxOpen: maxOpen,
		now: time.Now,
	}
	var err error
	if c.globs, err = parseGlobs(optPaths, v.String(optPaths), true); err != nil {
		return nil, err
	}
	if len(c.globs) == 0 {
		return nil, fault.New(fault.Invalid, "option %q of connector %q names no file", optPaths, "file")
	}
	if c.exclude, err = parseGlobs(optExclude, v.String(optExclude), false); err != nil {
		return nil, err
	}
	if c.maxLine < shortestMaxLine || c.maxLine > longestMaxLine {
		return nil, fault.New(fault.Invalid, "option %q of connector %q: %d bytes are not between %d and %d", optMaxLine, "file", c.maxLine, shortestMaxLine, longestMaxLine)
	}
	if c.multi, err = newMultiline(v); err != nil {
		return nil, err
	}
	if c.format, c.settings = v.String("format"), v; c.format == "" {
		c.format = "raw"
	}
	if _, err = logline.New(c.format, v); err != nil {
		return nil, err
	}
	if v.Bool(optAddHost) {
		if c.host, err = os.Hostname(); err != nil {
			return nil, fault.New(fault.Unavailable, "name of this machine: %w", err).WithHint("leave %s out", optAddHost)
		}
	}
	return c, nil
}

func newMultiline(v option.Values) (*multiline, error) {
	text := v.String(optMulti)
	if text == "" {
		return nil, nil
	}
	expr, err := regexp.Compile(text)
	if err != nil {
		return nil, fault.New(fault.Invalid, "option %q of connector %q: %w", optMulti, "file", err).WithHint("regular expressions are those of Go and RE2: no look-around, no back references")
	}
	m := &multiline{expr: expr, negate: v.Bool(optMultiNegate), next: v.String(optMultiJoin) == joinNext, maxLines: int(v.Int(optMultiLines)), flush: v.Duration(optMultiFlush)}
	if m.maxLines < 2 || m.maxLines > 100_000 {
		return nil, fault.New(fault.Invalid, "option %q of connector %q: %d is not between 2 and 100000", optMultiLines, "file", m.maxLines)
	}
	if m.flush <= 0 {
		return nil, fault.New(fault.Invalid, "option %q of connector %q: %s is no time to wait", optMultiFlush, "file", m.flush)
	}
	return m, nil
}

// parseGlobs reads patterns separated by commas. Names of files must be absolute, so that they mean the
// same wherever the platform is started.
func parseGlobs(opt, list string, files bool) ([]glob, error) {
	var out []glob
	for text := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == ',' || r == '\n' }) {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		if files && !filepath.IsAbs(text) {
			return nil, fault.New(fault.Invalid, "option %q of connector %q: %q is no absolute path", opt, "file", text).WithHint("write it from the root on: /var/log/*.log")
		}
		g, err := parseGlob(text)
		if err != nil {
			return nil, fault.New(fault.Invalid, "option %q of connector %q: %q: %w", opt, "file", text, err)
		}
		out = append(out, g)
	}
	return out, nil
}
