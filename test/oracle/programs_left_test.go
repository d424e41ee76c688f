//go:build oracle

package oracle

// leftOut has the programs that do not hold, and why.
var leftOut = map[string]string{}
