package flink

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"millrace/sql/ast"
)

// maxReason bounds how much of Flink's words an error has.
const maxReason = 800

// cause is one exception of a Java stack trace.
type cause struct {
	class   string
	message string
}

var (
	exceptionLine = regexp.MustCompile(`^(?:Caused by: )?((?:[a-zA-Z_$][\w$]*\.)+[A-Z][\w$]*)(?::\s?(.*))?$`)
	serverSide    = regexp.MustCompile(`^\[?(?:Internal server error\.,? ?)?<?Exception on server side:$`)
)

// causes are the exceptions in a stack trace, the last one that which began it.
func causes(trace string) []cause {
	var all []cause
	for line := range strings.Lines(trace) {
		line = strings.TrimRight(line, "\r\n")
		switch trimmed := strings.TrimSpace(line); {
		case strings.HasPrefix(line, "\t"), strings.HasPrefix(trimmed, "End of exception on server side"), trimmed == "Internal server error.":
		case serverSide.MatchString(trimmed):
		case len(all) > 0 && (trimmed == "" || !exceptionLine.MatchString(trimmed)):
			all[len(all)-1].message += "\n" + line
		default:
			m := exceptionLine.FindStringSubmatch(trimmed)
			if m == nil {
				all = append(all, cause{message: trimmed})
				continue
			}
			message := m[2]
			// Wrappers repeat the class of what they wrap.
			for inner := exceptionLine.FindStringSubmatch(message); inner != nil; inner = exceptionLine.FindStringSubmatch(message) {
				message = inner[2]
			}
			all = append(all, cause{m[1], message})
		}
	}
	return all
}

// reasonOf is what a stack trace comes down to: what failed, and why.
func reasonOf(trace string) string {
	var texts []string
	for _, c := range causes(trace) {
		if text := strings.Join(strings.Fields(c.message), " "); text != "" {
			texts = append(texts, text)
		}
	}
	if len(texts) == 0 {
		return cmp.Or(shortened(strings.Join(strings.Fields(trace), " ")), "no reason is given")
	}
	last := texts[len(texts)-1]
	// What was attempted stands in the exception before, unless that only repeats.
	if i := len(texts) - 2; i >= 0 {
		if before := strings.TrimRight(texts[i], "."); !strings.Contains(last, before) && !strings.Contains(before, last) && !isFrame(before) {
			last = before + ": " + last
		}
	}
	return shortened(last)
}

// isFrame reports whether a message says nothing about the statement.
func isFrame(text string) bool {
	return strings.HasPrefix(text, "Failed to execute the operation") || strings.HasPrefix(text, "Failed to fetchResults") ||
		strings.HasPrefix(text, "Failed to execute sql")
}

func shortened(text string) string {
	if len(text) <= maxReason {
		return text
	}
	return strings.ToValidUTF8(text[:maxReason], "") + " …"
}

// isTransient reports whether a statement failed because the gateway did not reach something, so that it may go better
// later.
func isTransient(trace string) bool {
	return slices.ContainsFunc(causes(trace), func(c cause) bool {
		name := c.class[strings.LastIndexByte(c.class, '.')+1:]
		return slices.Contains([]string{
			"ConnectException", "ConnectTimeoutException", "UnknownHostException", "RetryException", "TimeoutException",
			"FutureUtils$RetryException", "NoRouteToHostException", "ConnectionClosedException", "AnnotatedConnectException",
			"AbstractChannel$AnnotatedConnectException",
		}, name)
	})
}

// isSubmitted reports whether a statement failed because its job is there already.
func isSubmitted(trace string) bool {
	return strings.Contains(trace, "DuplicateJobSubmissionException") || strings.Contains(trace, "DuplicateApplicationSubmissionException")
}

// isForgotten reports whether the gateway no longer has the session, such as after a restart.
func isForgotten(trace string) bool {
	return strings.Contains(trace, "Session '") && strings.Contains(trace, "does not exist")
}

var (
	fromTo = regexp.MustCompile(`[Ff]rom line (\d+), column (\d+) to line (\d+), column (\d+)(?:: )?`)
	atLine = regexp.MustCompile(` ?\bat line (\d+), column (\d+)`)
)

// placeIn is the part of a statement that a stack trace points at, in lines and columns of that statement, and the
// reason without it.
func placeIn(trace string) (at ast.Span, reason string, ok bool) {
	reason = reasonOf(trace)
	if m := fromTo.FindStringSubmatch(trace); m != nil {
		at.Pos, at.End = position(m[1], m[2]), position(m[3], m[4])
		at.End.Column++ // Calcite's end is the last character, ours is behind it
		return at, cmp.Or(strings.TrimSpace(fromTo.ReplaceAllString(reason, "")), reason), true
	}
	if m := atLine.FindStringSubmatch(trace); m != nil {
		at.Pos = position(m[1], m[2])
		at.End = at.Pos
		return at, cmp.Or(strings.TrimSpace(atLine.ReplaceAllString(reason, "")), reason), true
	}
	return at, reason, false
}

func position(line, column string) ast.Pos {
	l, _ := strconv.Atoi(line) // digits
	c, _ := strconv.Atoi(column)
	return ast.Pos{Line: l, Column: c}
}
