package serve

import (
	"time"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// apiVersions is the answer to ApiVersions.
type apiVersions struct {
	keys      []kmsg.ApiVersionsResponseApiKey
	supported []kmsg.ApiVersionsResponseSupportedFeature
	finalized []kmsg.ApiVersionsResponseFinalizedFeature
}

// features are those of Kafka 4 that clients look at, with their levels: transactions whose epoch rises with each of them (KIP-890), the new
// groups (KIP-848), and the level of the cluster's own metadata, which is that of Kafka 4.0 (4.0-IV3).
func features() []kmsg.ApiVersionsResponseSupportedFeature {
	feature := func(name string, low, high int16) kmsg.ApiVersionsResponseSupportedFeature {
		f := kmsg.NewApiVersionsResponseSupportedFeature()
		f.Name, f.MinVersion, f.MaxVersion = name, low, high
		return f
	}
	return []kmsg.ApiVersionsResponseSupportedFeature{
		feature("group.version", 0, 1), feature("kraft.version", 0, 1), feature("metadata.version", 7, 25), feature("transaction.version", 0, 2),
	}
}

func (t *routes) versions() apiVersions {
	var v apiVersions
	for key, r := range t {
		if r == nil {
			continue
		}
		k := kmsg.NewApiVersionsResponseApiKey()
		k.ApiKey, k.MinVersion, k.MaxVersion = int16(key), r.listed, r.max
		v.keys = append(v.keys, k)
	}
	v.supported = features()
	for _, s := range v.supported {
		f := kmsg.NewApiVersionsResponseFinalizedFeature()
		f.Name, f.MinVersionLevel, f.MaxVersionLevel = s.Name, s.MaxVersion, s.MaxVersion
		v.finalized = append(v.finalized, f)
	}
	return v
}

// answerVersions answers ApiVersions, also of versions that nobody knows: with version 0, which names the versions of ApiVersions itself (KIP-511).
func (c *conn) answerVersions(f *frame) error {
	start := time.Now()
	r := c.s.routes[keyApiVersions]
	resp := kmsg.NewPtrApiVersionsResponse()
	if f.version >= r.min && f.version <= r.max {
		resp.Version = f.version
		if !soundVersions(f) {
			resp.ErrorCode = kerr.InvalidRequest.Code
		} else {
			c.s.versions.fill(resp)
		}
	} else {
		resp.ErrorCode = kerr.UnsupportedVersion.Code
		k := kmsg.NewApiVersionsResponseApiKey()
		k.ApiKey, k.MinVersion, k.MaxVersion = keyApiVersions, r.listed, r.max
		resp.ApiKeys = []kmsg.ApiVersionsResponseApiKey{k}
	}
	c.s.counts.handled(keyApiVersions, start, resp.ErrorCode != 0)
	c.out.begin(c.s.buffers)
	defer c.out.end(c.s.buffers)
	c.out.head(f.correlation, false) // its header never has tags: a client must understand it whatever the version
	c.out.buf = resp.AppendTo(c.out.buf)
	return c.flush()
}

func (v *apiVersions) fill(resp *kmsg.ApiVersionsResponse) {
	resp.ApiKeys = v.keys
	resp.SupportedFeatures = v.supported
	if resp.Version < 4 {
		// Clients of that time refuse a lowest level of 0 (KAFKA-17011).
		resp.SupportedFeatures = append([]kmsg.ApiVersionsResponseSupportedFeature(nil), v.supported...)
		for i := range resp.SupportedFeatures {
			resp.SupportedFeatures[i].MinVersion = max(resp.SupportedFeatures[i].MinVersion, 1)
		}
	}
	resp.FinalizedFeatures = v.finalized
	resp.FinalizedFeaturesEpoch = 1
}

// soundVersions checks the body of a known version: from version 3 on a client says what it is, in letters, digits, dots and dashes.
func soundVersions(f *frame) bool {
	if f.version < 3 {
		return true
	}
	r := reader{kbin.Reader{Src: f.body}}
	name, version := r.text(true), r.text(true)
	r.skipTags()
	return r.Ok() && soundName(name) && soundName(version)
}

func soundName(name []byte) bool {
	for i, b := range name {
		letter := b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9'
		if !letter && (b != '.' && b != '-' || i == 0 || i == len(name)-1) {
			return false
		}
	}
	return len(name) > 0
}
