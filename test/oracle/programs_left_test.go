//go:build oracle

package oracle

import "strings"

// leftOut has the programs that do not hold, and why.
var leftOut = map[string]string{
	"table-source-scan-source-watermark": "SOURCE_WATERMARK(): none of Flink's connectors that exist here makes watermarks of its own",
	"lookup-join-with-try-resolve": "Flink keeps what a lookup has found for rows that may be taken back (non-deterministic-update.strategy = TRY_RESOLVE); " +
		"here the default holds, IGNORE, and the row is looked up anew",
}

// leftOut says why a program is left out; empty: it is run.
func (p *program) leftOut() string {
	for _, s := range p.Setup {
		if strings.Contains(s.Kind, "FUNCTION") || s.Kind == "MODEL" {
			return "it calls a function or a model that is written in Java"
		}
	}
	return leftOut[p.ID]
}

// foldedOnly has the programs whose intermediate answers are those of Flink's plan, and why they differ:
// their answer is compared when it is folded.
var foldedOnly = map[string]string{
	"semi-anti-join-with-literal-agg": "Flink takes a row back and gives it again when the count behind a NOT IN changes, though CASE gives the same",
}
