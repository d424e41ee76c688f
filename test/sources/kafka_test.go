package sources

import (
	"strings"
	"testing"

	"millrace/internal/port"
)

// TestKafka copies what kcat produces to another cluster: a second platform's broker, which is killed, too.
func TestKafka(t *testing.T) {
	t.Parallel()
	other := &elsewhere{platform: prepare(t)}
	other.dir = t.TempDir()
	other.configure()
	other.start()
	flow := func(name string, options map[string]string) *flow {
		options["servers"], options["topic"] = other.kafka, "copied."+name
		return &flow{
			name: name, connector: "kafka", once: true, lag: true, options: options,
			publish: func(from, upto int) error {
				return client(lines(from, upto), "kcat", "-P", "-b", other.kafka, "-t", name, "-p", "-1", "-X", "acks=all", "-X", "enable.idempotence=true", "-X", "allow.auto.create.topics=true")
			},
			wrong: []wrong{
				{map[string]string{"servers": port.Free(t)}, "advertised address"},
				{map[string]string{"user": "millrace", "password": "not-this-one"}, "'password'"},
			},
		}
	}
	listed, matching := flow("readings", map[string]string{"topics": "readings"}), flow("orders", map[string]string{"topic_pattern": "ord.*s"})
	matching.byAPI = true
	listed.wrong = append(listed.wrong, wrong{map[string]string{"topics": "none"}, "no topic none"})
	for _, name := range []string{"readings", "orders"} {
		if out, err := other.tryMillrace("", "topic", "produce", name); err != nil {
			t.Fatal(strings.TrimSpace(out), err)
		}
	}
	collect(t, other, listed, matching)
}

// elsewhere is a platform of which only the broker is used.
type elsewhere struct{ *platform }

func (e *elsewhere) stop() { e.kill() }
