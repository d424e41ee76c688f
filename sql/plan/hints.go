package plan

import (
	"strings"
	"time"

	"millrace/option"
	"millrace/sql/ast"
)

// stateTTL is after how long without change a SELECT wants the state of a table, by its alias or name, to be
// forgotten: as its STATE_TTL hints say, or as the session says.
func (b *binder) stateTTL(hints []ast.Hint, table string) time.Duration {
	ttl := b.Settings.StateTTL()
	for _, h := range hints {
		if !strings.EqualFold(h.Name, "STATE_TTL") {
			continue
		}
		for _, o := range h.Options {
			if o.Key == table {
				// The parser lets no other text in.
				ttl, _ = option.ParseDuration(o.Value)
			}
		}
	}
	return ttl
}
