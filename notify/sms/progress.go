package sms

import "sync"

// remembered is how many notices a progress knows.
const remembered = 64

// progress knows which numbers had a notice already, so that another try reaches only the others.
type progress struct {
	mu    sync.Mutex // guards what follows
	had   map[string]map[string]bool
	order []string
}

// left returns the numbers that did not have a notice yet.
func (p *progress) left(notice string, phones []string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []string
	for _, phone := range phones {
		if !p.had[notice][phone] {
			out = append(out, phone)
		}
	}
	return out
}

// note says that a number had a notice.
func (p *progress) note(notice, phone string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.had == nil {
		p.had = map[string]map[string]bool{}
	}
	if p.had[notice] == nil {
		p.had[notice] = map[string]bool{}
		p.order = append(p.order, notice)
		if len(p.order) > remembered {
			delete(p.had, p.order[0])
			p.order = p.order[1:]
		}
	}
	p.had[notice][phone] = true
}
