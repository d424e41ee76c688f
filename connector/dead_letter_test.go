package connector_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"millrace/connector"
	"millrace/format"
)

func TestDeadLetterHeaders(t *testing.T) {
	f := func(d connector.DeadLetter, want ...string) {
		t.Helper()
		var got []string
		for _, h := range d.Headers() {
			got = append(got, h.Name+"="+string(h.Value))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	f(connector.DeadLetter{Reason: errors.New("no JSON"), By: "source a", Topic: "raw"},
		"millrace.error=no JSON", "millrace.topic=raw", "millrace.offset=", "millrace.pipeline=source a")
	f(connector.DeadLetter{Reason: &format.Error{Field: "n", Reason: "is no number"}, By: "store", Topic: "raw", Read: true, Partition: "3", Offset: "7"},
		"millrace.error="+(&format.Error{Field: "n", Reason: "is no number"}).Error(), "millrace.topic=raw", "millrace.partition=3",
		"millrace.offset=7", "millrace.pipeline=store", "millrace.field=n")
	f(connector.DeadLetter{Topic: "raw"}, "millrace.error=unknown", "millrace.topic=raw", "millrace.offset=", "millrace.pipeline=")
}
