package telemetry

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
)

// redacted stands in for a secret wherever it would be shown.
const redacted = "[redacted]"

// Secret is text that must not be shown: a password or a token. Printing it in any way, as JSON, as
// YAML or through slog gives a placeholder; only Reveal gives the text. An empty Secret shows as
// empty, so that one can see that none is set.
type Secret string

// Reveal returns the text itself, for the one place that needs it.
func (s Secret) Reveal() string { return string(s) }

// String returns the placeholder.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

// Format prints the placeholder for every verb: %x and %#v would otherwise show the text.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalJSON returns the placeholder as a JSON string.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// MarshalText returns the placeholder, for YAML and the like.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText takes the text as it is.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = Secret(text)
	return nil
}

// LogValue returns the placeholder for slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
