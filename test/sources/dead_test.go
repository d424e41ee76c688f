package sources

import (
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
)

// tooLarge is a record that the bus does not take, though most servers do.
func tooLarge() string { return fmt.Sprintf(`{"id":0,"note":%q}`, strings.Repeat("x", 950_000)) }

// deadLetters sends what cannot be read, wants it among the dead letters, and has it sent again.
func (c *course) deadLetters(f *flow) {
	c.t.Helper()
	topic := f.options["topic"]
	dead := topic + ".dead"
	if err := f.bad(); err != nil {
		c.t.Fatal(err)
	}
	eventually(c.t, settle, func() error {
		var list struct {
			Topics []struct {
				Topic, Origin    string
				Records, Pending int
				Reasons          []struct {
					Reason string
					Count  int
				}
			}
		}
		if err := c.call("GET", "/api/dead-letters", nil, &list); err != nil {
			return err
		}
		for _, one := range list.Topics {
			if one.Topic != dead {
				continue
			}
			if one.Origin != topic || one.Records != f.bads || one.Pending != f.bads || len(one.Reasons) == 0 || !contains(one.Reasons[0].Reason, f.reason) {
				return fmt.Errorf("dead letters %+v, want %d of %s for %q", one, f.bads, topic, f.reason)
			}
			return nil
		}
		return fmt.Errorf("no dead letters in %+v, want %s", list, dead)
	})
	c.deadRecords(f, dead)
	for i, want := range []int{f.bads, 0} {
		out := c.millrace("dead-letter", "replay", dead, "--all")
		if !contains(out, fmt.Sprint(want)) {
			c.t.Errorf("%s: replay %d says %q, want %d", f.name, i+1, out, want)
		}
	}
	again := 0
	l := openLedger(c.t, c.platform, topic, func(r *kgo.Record) (int, error) {
		for _, h := range r.Headers {
			if h.Key == "millrace.replayed" {
				again++
			}
		}
		return 0, nil
	})
	if l.finish(); again != f.bads {
		c.t.Errorf("%s: %d dead letters were sent again, want %d", f.name, again, f.bads)
	}
}

// deadRecords wants each dead letter with its reason and where it came from.
func (c *course) deadRecords(f *flow, dead string) {
	c.t.Helper()
	var page struct {
		Records []struct{ Error, Topic, Pipeline string }
	}
	c.mustCall("GET", "/api/dead-letters/"+dead+"/records", nil, &page)
	if len(page.Records) != f.bads {
		c.t.Errorf("%s: %d dead letters, want %d", f.name, len(page.Records), f.bads)
	}
	for _, r := range page.Records {
		if !contains(r.Error, f.reason) || r.Topic != f.options["topic"] || r.Pipeline != "source "+f.name {
			c.t.Errorf("%s: dead letter %+v, want %q of source %s", f.name, r, f.reason, f.name)
		}
	}
}
