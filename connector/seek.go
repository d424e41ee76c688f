package connector

import (
	"context"
	"time"
)

// Place is a place in a split. The zero Place is its beginning.
type Place struct {
	// Latest: where what comes from now on begins.
	Latest bool
	// Since: the first record that came then or later; zero: no such.
	Since time.Time
}

// Seeker is a Source that can be read from elsewhere than its options say. A source that is none is read from its
// beginning when a job is told to begin anew, and refuses all else.
type Seeker interface {
	// Seek returns the offset at which a split is read from a place on. Where a bounded source ends is found anew.
	Seek(ctx context.Context, s Split, to Place) (Offset, error)
}
