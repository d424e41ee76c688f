package sources

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// TestTooLarge follows a log with lines that are larger than the bus takes, and than the source: they do not stop it.
func TestTooLarge(t *testing.T) {
	t.Parallel()
	log := &appLog{path: filepath.Join(t.TempDir(), "app.log")}
	f := &flow{name: "large", connector: "file", options: map[string]string{"paths": log.path, "topic": "large", "format": "json", "max_line": "4 mb"}}
	c := &course{platform: prepare(t), flows: []*flow{f}}
	c.begin()
	for id, size := range []int{0, 1_000_000, 0, 3_000_000, 0, 9_000_000, 0} {
		text := fmt.Sprintf(`{"id":%d,"note":%q}`, id/2, strings.Repeat("x", size))
		if err := log.append(text + "\n"); err != nil {
			t.Fatal(err)
		}
	}
	f.await(4, none)
	if doubled := f.settle(4); doubled > 0 {
		t.Errorf("%d records are there twice, want none", doubled)
	}
	eventually(t, settle, func() error {
		s, err := c.source(f.name)
		if err == nil && s.Refused != 3 {
			err = fmt.Errorf("source %+v, want 3 refused", s)
		}
		return err
	})
}
