package topic

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

type aclOp = kmsg.ACLOperation

const (
	aclTopic   = kmsg.ACLResourceTypeTopic
	aclCluster = kmsg.ACLResourceTypeCluster
	aclGroup   = kmsg.ACLResourceTypeGroup
)

// noBits says that operations were not asked for (KIP-430).
const noBits = -1 << 31

// refusal is why a part of a request is not done, as the client is told.
type refusal struct {
	code *kerr.Error
	text string
}

func (r *refusal) Error() string { return r.code.Message + ": " + r.text }

func refuse(code *kerr.Error, text string) *refusal { return &refusal{code, text} }

// told returns what a client is told of an error; what is not a refusal is the disk's.
func told(err error) (code int16, text *string) {
	if err == nil {
		return 0, nil
	}
	var r *refusal
	if errors.As(err, &r) {
		return r.code.Code, &r.text
	}
	var k *kerr.Error
	if errors.As(err, &k) {
		return k.Code, kmsg.StringPtr(k.Description)
	}
	return kerr.KafkaStorageError.Code, kmsg.StringPtr(err.Error())
}

// cut bounds what an answer repeats of a request.
func cut(s string) string {
	if len(s) > 300 {
		s = s[:300] + "…"
	}
	return strings.ToValidUTF8(s, "?")
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

const (
	textUnknown   = "This server does not host this topic-partition."
	textUnknownID = "This server does not host this topic ID."
	textForbidden = "Authorization failed."
)
