package fault

import (
	"errors"
	"fmt"
	"io"
	"testing"
)

func TestFaultKeepsKindCauseAndHint(t *testing.T) {
	err := fmt.Errorf("open node: %w", New(Unavailable, "reach broker %q: %w", "k:9092", io.EOF).WithHint("start it"))
	if !errors.Is(err, Unavailable) || !errors.Is(err, io.EOF) || errors.Is(err, Invalid) {
		t.Fatalf("kinds of %v are wrong", err)
	}
	if KindOf(err) != Unavailable || HintOf(err) != "start it" {
		t.Fatalf("kind %v, hint %q", KindOf(err), HintOf(err))
	}
	if want := `open node: reach broker "k:9092": EOF`; err.Error() != want {
		t.Fatalf("text %q, want %q", err, want)
	}
}

func TestNear(t *testing.T) {
	f := func(name, want string) {
		t.Helper()
		if got := Near(name, []string{"temperature", "humidity", "id"}); got != want {
			t.Errorf("Near(%q) = %q, want %q", name, got, want)
		}
	}
	f("temprature", "temperature")
	f("Humidty", "humidity")
	f("pressure", "")
	f("x", "")
	f("", "")
}
