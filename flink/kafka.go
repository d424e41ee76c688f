package flink

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"millrace/sql/ast"
)

const (
	optConnector = "connector"
	properties   = "properties."
	optServers   = properties + "bootstrap.servers"
	optGuarantee = "sink.delivery-guarantee"

	optTransactionTimeout = properties + "transaction.timeout.ms"
	longestTransaction    = "900000" // transaction.max.timeout.ms of a Kafka that is not told otherwise
)

// edit is a change of a text.
type edit struct {
	from, upto int
	text       string
}

// filledIn is a statement with the place of the bus in it, if it is a table on it.
func filledIn(text string, tree ast.Statement, bus Bus) string {
	table, ok := tree.(*ast.CreateTable)
	if !ok || bus.Servers == "" {
		return text
	}
	var kind, servers *ast.Option
	has, exactlyOnce := map[string]bool{}, false
	for i, o := range table.Options {
		has[o.Key] = true
		switch o.Key {
		case optConnector:
			kind = &table.Options[i]
		case optGuarantee:
			exactlyOnce = o.Value == "exactly-once"
		case optServers:
			servers = &table.Options[i]
		}
	}
	if kind == nil || kind.Value != "kafka" && kind.Value != "upsert-kafka" {
		return text
	}
	option := func(key, value string) string { return quoted(key) + " = " + quoted(value) }
	var edits []edit
	switch {
	case servers == nil:
		edits = append(edits, edit{kind.End.Offset, kind.End.Offset, ", " + option(optServers, bus.Servers)})
	case bus.Own != nil && bus.Own(servers.Value):
		edits = append(edits, edit{servers.Pos.Offset, servers.End.Offset, option(optServers, bus.Servers)})
	default:
		return text // another cluster
	}
	if exactlyOnce && !has[optTransactionTimeout] {
		// Flink's own default is an hour, which Kafka refuses as it comes.
		edits = append(edits, edit{kind.End.Offset, kind.End.Offset, ", " + option(optTransactionTimeout, longestTransaction)})
	}
	for _, key := range slices.Sorted(maps.Keys(bus.Properties)) {
		if !has[properties+key] {
			edits = append(edits, edit{kind.End.Offset, kind.End.Offset, ", " + option(properties+key, bus.Properties[key])})
		}
	}
	slices.SortStableFunc(edits, func(a, b edit) int { return a.from - b.from })
	var b strings.Builder
	at := 0
	for _, e := range edits {
		b.WriteString(text[at:e.from])
		b.WriteString(e.text)
		at = e.upto
	}
	b.WriteString(text[at:])
	return b.String()
}

// quoted is a constant of SQL.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

var (
	pair     = regexp.MustCompile(`('(?:[^']|'')*'\s*=\s*)'((?:[^']|'')*)'`)
	password = regexp.MustCompile(`(?i)password\s*=\s*"([^"]*)"`)
)

// isSensitive reports whether the value of a key is not for showing: Flink's own list, and what Kafka's clients add.
func isSensitive(key string) bool {
	key = strings.ToLower(key)
	return slices.ContainsFunc([]string{
		"password", "secret", "token", "apikey", "api-key", "auth-params", "service-key", "basic-auth", "jaas.config",
		"http-headers", "account.key", "keystore.key", "private-key", "credential",
	}, func(word string) bool { return strings.Contains(key, word) })
}

// Redacted is a script as it may be shown: without the values of options and settings that are secrets.
func Redacted(source string) string {
	return pair.ReplaceAllStringFunc(source, func(text string) string {
		m := pair.FindStringSubmatch(text)
		if !isSensitive(m[1]) || m[2] == "" {
			return text
		}
		return m[1] + "'" + hidden + "'"
	})
}

// hidden stands for a secret.
const hidden = "[redacted]"

// secretsOf are the values of a script that are not for showing.
func secretsOf(source string) []string {
	var all []string
	for _, m := range pair.FindAllStringSubmatch(source, -1) {
		if isSensitive(m[1]) {
			all = append(all, innerSecrets(strings.ReplaceAll(m[2], "''", "'"))...)
		}
	}
	return all
}

// innerSecrets are a secret and the password in it, if it is a line of JAAS.
func innerSecrets(value string) []string {
	all := []string{value}
	for _, m := range password.FindAllStringSubmatch(value, -1) {
		all = append(all, m[1])
	}
	return slices.DeleteFunc(all, func(s string) bool { return len(s) < 3 })
}

// Hide takes the secrets of the script out of a text.
func (s *Script) Hide(text string) string {
	for _, secret := range s.secrets {
		text = strings.ReplaceAll(text, secret, hidden)
	}
	return text
}
