package config

import (
	"encoding/json"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"millrace/option"
)

// Duration is a length of time, written "5 s", "200 ms", "7 d" or "1m30s". A bare number is refused:
// of what?
type Duration time.Duration

// Std returns the duration as the standard library knows it.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String writes whole days as days, and the rest as Go does.
func (d Duration) String() string {
	const day = 24 * time.Hour
	if t := time.Duration(d); t >= day && t%day == 0 {
		return strconv.Itoa(int(t/day)) + "d"
	}
	return time.Duration(d).String()
}

// MarshalText writes what UnmarshalText reads.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads a duration with a unit.
func (d *Duration) UnmarshalText(text []byte) error {
	s := strings.TrimSpace(string(text))
	if _, err := strconv.ParseFloat(s, 64); err == nil && s != "0" {
		return fmt.Errorf("%q has no unit: write \"%s s\" or \"%s ms\"", s, s, s)
	}
	v, err := option.ParseDuration(s)
	if err != nil {
		return err
	}
	*d = Duration(v)
	return nil
}

// Size is a number of bytes, written "512 mb" or "1 gb" (powers of 1024).
type Size int64

// String writes the largest unit that divides the size.
func (s Size) String() string {
	units := []string{"", "kb", "mb", "gb", "tb"}
	n, u := int64(s), 0
	for u < len(units)-1 && n > 0 && n%1024 == 0 {
		n, u = n/1024, u+1
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", n, units[u]))
}

// MarshalText writes what UnmarshalText reads.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a size.
func (s *Size) UnmarshalText(text []byte) error {
	v, err := option.ParseSize(string(text))
	if err != nil {
		return err
	}
	*s = Size(v)
	return nil
}

// Switch is on or off.
type Switch string

// The positions of a Switch.
const (
	On  Switch = "on"
	Off Switch = "off"
)

// UnmarshalText reads on or off; true and false, yes and no, 1 and 0 will do.
func (s *Switch) UnmarshalText(text []byte) error {
	switch strings.ToLower(strings.TrimSpace(string(text))) {
	case "on", "true", "yes", "1":
		*s = On
	case "off", "false", "no", "0":
		*s = Off
	default:
		return fmt.Errorf("%q is neither on nor off", text)
	}
	return nil
}

// DefaultRetention is the key of the retention of every measurement that no pattern names.
const DefaultRetention = "default"

// Retention says how long measurements are kept, by name or pattern ("cpu_*"); 0 is for ever. It
// is written as a mapping, or as one duration for all.
type Retention map[string]Duration

// For returns how long a measurement is kept: by its name, else by the longest pattern that
// matches, else by the default. 0 is for ever.
func (r Retention) For(measurement string) time.Duration {
	if d, ok := r[measurement]; ok && measurement != DefaultRetention {
		return d.Std()
	}
	best := DefaultRetention
	for pattern := range r {
		if ok, err := path.Match(pattern, measurement); err == nil && ok && pattern != DefaultRetention {
			if best == DefaultRetention || len(pattern) > len(best) || len(pattern) == len(best) && pattern < best {
				best = pattern
			}
		}
	}
	return r[best].Std()
}

// UnmarshalYAML reads a mapping or a single duration. A mapping is laid over what is there, so that
// naming one measurement does not make the others eternal.
func (r *Retention) UnmarshalYAML(text []byte) error {
	var one Duration
	oneErr := yaml.Unmarshal(text, &one)
	if oneErr == nil {
		*r = Retention{DefaultRetention: one}
		return nil
	}
	var many map[string]Duration
	if err := yaml.Unmarshal(text, &many); err != nil {
		if !strings.Contains(string(text), ":") {
			return plainYAML(oneErr)
		}
		return plainYAML(err)
	}
	merged := Retention{}
	for k, v := range *r {
		merged[k] = v
	}
	for k, v := range many {
		if _, err := path.Match(k, ""); err != nil {
			return fmt.Errorf("retention of %q: %w", k, err)
		}
		merged[k] = v
	}
	*r = merged
	return nil
}

// String shows a retention as one line of JSON.
func (r Retention) String() string {
	text, err := json.Marshal(map[string]Duration(r))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// SourceOptions are the options of a source by name. Values are written as they are: text, numbers, true.
type SourceOptions map[string]string

// UnmarshalYAML reads a mapping of scalars, and lists of scalars as text with commas.
func (o *SourceOptions) UnmarshalYAML(text []byte) error {
	var raw map[string]any
	if err := yaml.Unmarshal(text, &raw); err != nil {
		return plainYAML(err)
	}
	*o = SourceOptions{}
	for name, v := range raw {
		switch v := v.(type) {
		case []any:
			items := make([]string, len(v))
			for i := range v {
				items[i] = fmt.Sprint(v[i])
			}
			(*o)[name] = strings.Join(items, ",")
		case map[string]any:
			return fmt.Errorf("option %q: a single value or a list is expected", name)
		case nil:
		default:
			(*o)[name] = fmt.Sprint(v)
		}
	}
	return nil
}
