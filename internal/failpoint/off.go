//go:build !failpoints

package failpoint

// Hit does nothing.
func Hit(string) {}

// Unsynced does nothing.
func Unsynced(string) {}

// Planted reports that nothing is done wrong on purpose.
func Planted(string) bool { return false }
