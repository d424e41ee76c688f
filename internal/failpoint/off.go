//go:build !failpoints

package failpoint

// Hit does nothing.
func Hit(string) {}

// Planted reports that nothing is done wrong on purpose.
func Planted(string) bool { return false }
