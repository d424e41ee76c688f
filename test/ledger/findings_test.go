package ledger

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// findings are the violations of what must hold that a run has found. A test of the real program wants none; one of a
// program with a planted fault wants some. Any goroutine may add.
type findings struct {
	mu   sync.Mutex
	list []string
	more int
}

// shownFindings is how many of one run are kept.
const shownFindings = 20

func (f *findings) add(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.list) == shownFindings {
		f.more++
		return
	}
	f.list = append(f.list, fmt.Sprintf(format, args...))
}

func (f *findings) any() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.list) > 0
}

func (f *findings) String() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	text := strings.Join(f.list, "\n")
	if f.more > 0 {
		text += fmt.Sprintf("\nand %d more", f.more)
	}
	return text
}

// report fails a test for what was found.
func (f *findings) report(t *testing.T) {
	t.Helper()
	if f.any() {
		t.Errorf("what must hold does not:\n%s", f)
	}
}
