package kafka

import (
	"context"

	"millrace/connector"
)

// Seek implements connector.Seeker.
func (s *source) Seek(ctx context.Context, split connector.Split, to connector.Place) (connector.Offset, error) {
	topic, id, err := parseSplit(split)
	if err != nil {
		return "", err
	}
	b, err := s.cluster.open(ctx)
	if err != nil {
		return "", err
	}
	start := place{mode: modeEarliest}
	switch {
	case to.Latest:
		start.mode = modeLatest
	case !to.Since.IsZero():
		start = place{mode: modeTimestamp, since: to.Since}
	}
	var at position
	if at.next, err = start.start(ctx, b, topic, id, s.cluster.committed()); err != nil {
		return "", err
	}
	if at.end, err = s.upto.end(ctx, b, topic, id, s.cluster.committed()); err != nil {
		return "", err
	}
	return at.offset(), nil
}

var _ connector.Seeker = (*source)(nil)
