package topic

import (
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
)

// maxName is the longest name of a topic: folders are named by it.
const maxName = 249

// checkName says what is wrong with the name of a topic (Kafka's Topic.validate), nil if nothing is.
func checkName(name string) error {
	switch {
	case name == "":
		return refuse(kerr.InvalidTopicException, "Topic name is invalid: the empty string is not allowed")
	case name == "." || name == "..":
		return refuse(kerr.InvalidTopicException, "Topic name is invalid: '"+name+"' is not allowed")
	case len(name) > maxName:
		return refuse(kerr.InvalidTopicException, "Topic name is invalid: the length of '"+cut(name)+"' is longer than the max allowed length 249")
	}
	for _, c := range []byte(name) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && c != '.' && c != '_' && c != '-' {
			return refuse(kerr.InvalidTopicException, "Topic name is invalid: '"+cut(name)+"' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'")
		}
	}
	return nil
}

// alike is equal for names that collide: Kafka's metrics write a dot as an underscore.
func alike(name string) string { return strings.ReplaceAll(name, ".", "_") }

// collides returns the topic whose name collides with one that is not there, "" if there is none.
func (t *Topics) collides(name string) string {
	if !strings.ContainsAny(name, "._") {
		return ""
	}
	want := alike(name)
	t.mu.RLock()
	defer t.mu.RUnlock()
	for have := range t.names {
		if have != name && len(have) == len(name) && alike(have) == want {
			return have
		}
	}
	return ""
}

// internal says whether Kafka would keep its own state in a topic of that name.
func internal(name string) bool {
	return name == "__consumer_offsets" || name == "__transaction_state" || name == "__share_group_state"
}
