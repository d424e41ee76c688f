package serve

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/access"
)

// everything is a server that offers all requests, and can answer none that needs the broker.
func everything() *Server { return New(Config{Access: new(access.Access)}) }

// TestShapes holds each shape against what kmsg writes: it must be walked to its last byte, and no beginning of it may do.
func TestShapes(t *testing.T) {
	for key, r := range everything().routes {
		if r == nil || r.do == nil { // what we read ourselves
			continue
		}
		for version := r.min; version <= r.max; version++ {
			p := newProbe(int16(key), version)
			s := p.shape(p.value)
			sent := p.req.AppendTo(nil)
			in := reader{kbin.Reader{Src: sent}}
			s.walk(&in)
			if !in.Ok() || len(in.Src) != 0 {
				t.Errorf("%s of version %d: %d of %d bytes left, %+v", r.name, version, len(in.Src), len(sent), s)
			}
			if s.least > len(sent) {
				t.Errorf("%s of version %d: at least %d bytes, but it has %d", r.name, version, s.least, len(sent))
			}
			for n := range sent {
				in := reader{kbin.Reader{Src: sent[:n]}}
				if s.walk(&in); in.Ok() && len(sent) > 0 {
					t.Errorf("%s of version %d: the first %d of %d bytes are taken for a request", r.name, version, n, len(sent))
				}
			}
		}
	}
}

// TestShapesRefuseLies checks that counts which a request cannot hold are refused before kmsg sees them.
func TestShapesRefuseLies(t *testing.T) {
	var all shapes
	huge := binary.AppendUvarint(nil, 0xffff_ffff)
	for what, body := range map[string][]byte{
		"tags":   append([]byte{1, 1, 0}, huge...),
		"topics": huge,
	} {
		f := &frame{key: int16(kmsg.Metadata), version: 12, body: body}
		if err := all.check(f, 1<<30); !errors.Is(err, errTruncated) {
			t.Errorf("%s: %v", what, err)
		}
	}
	many := kmsg.NewPtrDescribeGroupsRequest()
	many.Version, many.Groups = 5, make([]string, 1000)
	if err := all.check(&frame{key: many.Key(), version: 5, body: many.AppendTo(nil)}, 15_000); !errors.Is(err, errSwollen) {
		t.Errorf("a thousand strings in 15,000 bytes: %v", err)
	}
}
