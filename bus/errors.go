package bus

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"millrace/fault"
)

// ErrFenced says that another owner has taken a transactional id over: whoever gets it must stop.
var ErrFenced = errors.New("fenced: another owner has taken the transactional id over")

// wrap adds the operation to an error of the client and makes it a fault, where it is one.
func wrap(err error, format string, args ...any) error {
	what := fmt.Sprintf(format, args...)
	if k := kindOf(err); k != 0 {
		return fault.New(k, "%s: %w", what, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// kindOf tells what a caller can do about an error of the client; 0: nothing that has a name.
func kindOf(err error) fault.Kind {
	is := func(targets ...error) bool {
		for _, t := range targets {
			if errors.Is(err, t) {
				return true
			}
		}
		return false
	}
	var dial *net.OpError
	switch {
	case is(context.Canceled, ErrFenced):
		return 0
	case is(kerr.UnknownTopicOrPartition, kerr.UnknownTopicID, kerr.OffsetOutOfRange, kerr.GroupIDNotFound):
		return fault.NotFound
	case is(kerr.TopicAlreadyExists, kerr.NonEmptyGroup):
		return fault.Conflict
	case is(kerr.TopicAuthorizationFailed, kerr.GroupAuthorizationFailed, kerr.ClusterAuthorizationFailed,
		kerr.TransactionalIDAuthorizationFailed, kerr.SaslAuthenticationFailed):
		return fault.Denied
	case is(kerr.InvalidTopicException, kerr.InvalidPartitions, kerr.InvalidConfig, kerr.InvalidReplicationFactor,
		kerr.InvalidRequest, kerr.PolicyViolation):
		return fault.Invalid
	case is(kerr.MessageTooLarge, kerr.RecordListTooLarge):
		return fault.Limit
	case is(kerr.UnknownMemberID, kerr.IllegalGeneration, kerr.RebalanceInProgress):
		// The group went on without this member, as it was frozen or cut off: it joins again.
		return fault.Unavailable
	case is(context.DeadlineExceeded, kgo.ErrMaxBuffered, kgo.ErrRecordTimeout, kgo.ErrRecordRetries),
		kerr.IsRetriable(err), errors.As(err, &dial):
		return fault.Unavailable
	}
	return 0
}

// isFenced says whether an error means that the transactional id has another owner.
func isFenced(err error) bool {
	for _, t := range []error{kerr.ProducerFenced, kerr.InvalidProducerEpoch, kerr.FencedInstanceID, kerr.InvalidProducerIDMapping} {
		if errors.Is(err, t) {
			return true
		}
	}
	return false
}
