package topic

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// check says what is wrong with a value, "" if nothing is. What it is given has the kind of the setting.
type check func(value string) string

func free(string) string { return "" }

func atLeast(min int64) check {
	return func(v string) string {
		if n, _ := strconv.ParseInt(v, 10, 64); n < min {
			return "Value must be at least " + num(min)
		}
		return ""
	}
}

func within(min, max int64) check {
	return func(v string) string {
		if n, _ := strconv.ParseInt(v, 10, 64); n < min || n > max {
			return fmt.Sprintf("Value must be between %d and %d", min, max)
		}
		return ""
	}
}

func exactly(n int64) check { return within(n, n) }

func between(min, max float64) check {
	return func(v string) string {
		if n, _ := strconv.ParseFloat(v, 64); !(n >= min && n <= max) {
			return fmt.Sprintf("Value must be between %v and %v", min, max)
		}
		return ""
	}
}

func anyOf(a, b check) check {
	return func(v string) string {
		if a(v) == "" {
			return ""
		}
		return b(v)
	}
}

func all(a, b check) check {
	return func(v string) string {
		if why := a(v); why != "" {
			return why
		}
		return b(v)
	}
}

func oneOf(values ...string) check {
	return func(v string) string {
		if !slices.Contains(values, v) {
			return "String must be one of: " + strings.Join(values, ", ")
		}
		return ""
	}
}

// only takes one value, because the broker does not do what others say.
func only(value, why string) check {
	return func(v string) string {
		if v != value {
			return "this broker takes only " + value + ": " + why
		}
		return ""
	}
}

func in(values ...string) check {
	return func(v string) string {
		for _, item := range splitList(v) {
			if !slices.Contains(values, item) {
				return "String must be one of: " + strings.Join(values, ", ")
			}
		}
		return ""
	}
}

// throttled takes "*" or partition:broker pairs (ThrottledReplicaListValidator).
func throttled(v string) string {
	if v == "*" {
		return ""
	}
	for _, item := range splitList(v) {
		p, b, ok := strings.Cut(item, ":")
		if _, err := strconv.ParseUint(p, 10, 31); err != nil {
			ok = false
		}
		if _, err := strconv.ParseUint(b, 10, 31); err != nil {
			ok = false
		}
		if !ok {
			return "must be the literal '*' or a list of replicas in the following format: [partitionId]:[brokerId],[partitionId]:[brokerId],..."
		}
	}
	return ""
}

// splitList returns the items of a list, each once.
func splitList(v string) (items []string) {
	if v = strings.TrimSpace(v); v == "" {
		return nil
	}
	for item := range strings.SplitSeq(v, ",") {
		if item = strings.TrimSpace(item); !slices.Contains(items, item) {
			items = append(items, item)
		}
	}
	return items
}

// parse brings a value into the form that is kept, and checks it (ConfigDef.parseType, then its validator).
func (s *setting) parse(value string) (string, error) {
	v := strings.TrimSpace(value)
	why := ""
	integer := func(bits int, kind string) {
		n, err := strconv.ParseInt(v, 10, bits)
		if err != nil {
			why = "Not a number of type " + kind
		}
		v = num(n)
	}
	switch s.kind {
	case kmsg.ConfigTypeBoolean:
		if v = strings.ToLower(v); v != "true" && v != "false" {
			why = "Expected value to be either true or false"
		}
	case kmsg.ConfigTypeInt:
		integer(32, "INT")
	case kmsg.ConfigTypeLong:
		integer(64, "LONG")
	case kmsg.ConfigTypeDouble:
		if f, err := strconv.ParseFloat(v, 64); err != nil || math.IsNaN(f) {
			why = "Not a number of type DOUBLE"
		}
	case kmsg.ConfigTypeList:
		v = strings.Join(splitList(v), ",")
	}
	if why == "" {
		why = s.check(v)
	}
	if why != "" {
		return "", refuse(kerr.InvalidConfig, "Invalid value "+cut(value)+" for configuration "+s.name+": "+why)
	}
	return v, nil
}
