//go:build !failpoints

package failpoint

import "testing"

func TestNothingIsPlanted(t *testing.T) {
	t.Setenv("MILLRACE_PLANT", "x")
	t.Setenv("MILLRACE_FAILPOINT", "x:1:panic")
	Hit("x")
	if Planted("x") {
		t.Error("a program without failpoints does things wrong on purpose")
	}
}
