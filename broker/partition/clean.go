package partition

import "context"

// Clean does what is due now: closes an old segment, deletes by retention, compacts, forgets producers. It returns the bytes that it freed. One goroutine at a time calls it; it does not
// stand in the way of reads and appends for longer than a moment.
func (l *Log) Clean(ctx context.Context) (freed int64, err error) { panic("not yet") }

// Trim deletes the oldest segments, all but the active one, until about bytes are freed, whatever the settings say: for a bound over all logs.
func (l *Log) Trim(bytes int64) (freed int64, err error) { panic("not yet") }
