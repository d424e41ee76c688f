package alert

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	"millrace/notify"
)

// maxSummary bounds a summary with its values.
const maxSummary = 1000

// checkSummary looks for braces that do not close.
func checkSummary(text string, bad complaint) error {
	for rest := text; ; {
		_, after, found := strings.Cut(rest, "{")
		if !found {
			return nil
		}
		name, more, closed := strings.Cut(after, "}")
		if !closed || strings.Contains(name, "{") || strings.TrimSpace(name) == "" {
			return bad("summary", "%q is no placeholder", notify.Cut("{"+after, 20)).WithHint("write {value}, {threshold} or the name of a label in braces")
		}
		rest = more
	}
}

// summarize puts values into a summary. A label that an alert does not have is left empty.
func summarize(r Rule, a *alert) string {
	if r.Summary == "" {
		return plainSummary(a)
	}
	var out strings.Builder
	for rest := r.Summary; ; {
		before, after, found := strings.Cut(rest, "{")
		out.WriteString(before)
		if !found {
			break
		}
		name, more, closed := strings.Cut(after, "}")
		if !closed {
			out.WriteString("{" + after)
			break
		}
		out.WriteString(a.named(strings.TrimSpace(name)))
		rest = more
	}
	return notify.Cut(out.String(), maxSummary)
}

// named returns what a placeholder stands for.
func (a *alert) named(name string) string {
	switch name {
	case "value":
		return notify.Number(a.Value)
	case "threshold":
		if a.Op == "" {
			return ""
		}
		return notify.Number(a.Threshold)
	case "op":
		return a.Op
	}
	v, _ := a.label(name)
	return v
}

// plainSummary is the same in every language.
func plainSummary(a *alert) string {
	text := a.Rule + " " + notify.Number(a.Value)
	if a.Op != "" {
		text += " " + a.Op + " " + notify.Number(a.Threshold)
	}
	return text
}

// fingerprint names an alert by its rule and labels.
func fingerprint(rule string, labels map[string]string) string {
	var text strings.Builder
	text.WriteString(rule)
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		text.WriteString("\x00" + name + "\x01" + labels[name])
	}
	return digest([]byte(text.String()))
}

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}
