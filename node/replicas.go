package node

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"millrace/api"
	"millrace/bus"
)

// replicaTopic is where replicas tell each other what they do, so that each can answer for all.
const replicaTopic = "__millrace_replicas"

const (
	tellEvery = 3 * time.Second
	goneAfter = 15 * time.Second // a replica that told nothing for so long is not shown
)

// replicas are those that share a cluster. Alone, with an embedded broker, there is only this one.
type replicas struct {
	table *bus.Table // nil: alone
	self  func() replicaState
	name  string
}

// replicaState is what a replica tells of itself.
type replicaState struct {
	At        time.Time             `json:"at"`
	Name      string                `json:"name"`
	Address   string                `json:"address"`
	StartedAt time.Time             `json:"started_at"`
	Work      []string              `json:"work"`
	Sources   map[string]api.Source `json:"sources"` // without options, which may be secret
	Jobs      map[string]api.Job    `json:"jobs"`
}

// run tells what this replica does until ctx ends, and then takes it back.
func (r *replicas) run(ctx context.Context) error {
	if r.table == nil {
		return nil
	}
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	for {
		if err := r.tell(ctx); err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
			defer cancel()
			_ = r.table.Put(leaving, r.name, nil) // the others find out by themselves
			return nil
		}
	}
}

func (r *replicas) tell(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, tellEvery)
	defer cancel()
	text, err := json.Marshal(r.self())
	if err != nil {
		return err
	}
	return r.table.Put(ctx, r.name, text)
}

// others are what the other replicas told last.
func (r *replicas) others() []replicaState {
	if r.table == nil {
		return nil
	}
	var out []replicaState
	for name, text := range r.table.List("") {
		var s replicaState
		if name == r.name || json.Unmarshal(text, &s) != nil || time.Since(s.At) > goneAfter {
			continue
		}
		out = append(out, s)
	}
	return out
}

// list implements api.Deps.Replicas.
func (r *replicas) list(context.Context) ([]api.Replica, error) {
	self := r.self()
	out := []api.Replica{{Name: self.Name, Address: self.Address, StartedAt: self.StartedAt, Shares: self.Work, Self: true}}
	for _, s := range r.others() {
		out = append(out, api.Replica{Name: s.Name, Address: s.Address, StartedAt: s.StartedAt, Shares: s.Work})
	}
	slices.SortFunc(out, func(a, b api.Replica) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// source is how another replica sees a source that it runs.
func (r *replicas) source(name string) api.Source {
	for _, s := range r.others() {
		if v, ok := s.Sources[name]; ok {
			v.Replica = s.Name
			return v
		}
	}
	return api.Source{State: "elsewhere", Lag: -1}
}

// job is how another replica sees a job that it runs.
func (r *replicas) job(name string) (api.Job, bool) {
	for _, s := range r.others() {
		if j, ok := s.Jobs[name]; ok {
			return j, true
		}
	}
	return api.Job{}, false
}

// replicaState is what this node tells the others.
func (n *Node) replicaState() replicaState {
	s := replicaState{
		At: time.Now().UTC(), Name: n.replica(), Address: n.Addr(), StartedAt: n.began.UTC(),
		Work: n.work.running(), Sources: map[string]api.Source{}, Jobs: map[string]api.Job{},
	}
	own := map[string]bool{}
	for _, name := range s.Work {
		own[name] = true
	}
	list, _ := n.sources.List(context.Background())
	for _, v := range list {
		if own[sourcePrefix+v.Name] && v.Replica == s.Name {
			v.Options = nil
			s.Sources[v.Name] = v
		}
	}
	for _, j := range n.pipelines.here() {
		s.Jobs[j.Name] = j
	}
	return s
}
