package node

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"

	"millrace/fault"
)

func TestAgainRunsALoopUntilItIsDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runs := 0
		err := again(t.Context(), slog.New(slog.DiscardHandler), "loop", func(context.Context) error {
			if runs++; runs < 3 {
				return fault.New(fault.Unavailable, "the bus is away")
			}
			return nil
		})
		if err != nil || runs != 3 {
			t.Errorf("%d runs, error %v", runs, err)
		}
		broken := errors.New("broken")
		if err := again(t.Context(), slog.New(slog.DiscardHandler), "loop", func(context.Context) error { return broken }); !errors.Is(err, broken) {
			t.Errorf("error %v, want %v", err, broken)
		}
	})
}
