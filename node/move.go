package node

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"millrace/api"
	"millrace/config"
	"millrace/engine"
	"millrace/engine/state"
	"millrace/fault"
	"millrace/flink"
)

// A pipeline moves between this engine and a Flink as a unit of work of its own, which takes the place of its jobs. What it
// is about to do is in the table before it does it, so that whichever replica has the unit goes on with it.
//
// To Flink:
//
//  1. each job's owner is fenced and its last epoch marked as away: what was not committed is aborted;
//  2. the offsets are found from which all rows of windows still open come; this is written down (moveHanded);
//  3. the entry becomes one of a pipeline on Flink that begins there, and without the windows given before.
//
// And back:
//
//  1. each job on Flink is stopped with a savepoint;
//  2. it goes on from there without checkpoints of its own accord, and is told to make one (moveCutting): so all that is
//     committed is what that checkpoint covers, and a group nobody else has says up to where it has read;
//  3. it is cancelled: what it has written since is aborted (moveCut);
//  4. each job here gets an epoch with these offsets, or those from which open windows are made again, and the event
//     time by which Flink has given windows; the entry becomes one of a pipeline here.
//
// What fails for good before a mark is passed is undone: the pipeline goes on where it was.

const (
	movePrefix     = "move/"   // of keys in the table: how far a move has come
	moveUnitPrefix = "moving/" // of the names of units of work
)

// movePhase is how far a move has come.
type movePhase string

// The phases, in their order; some belong to one direction.
const (
	moveStopping movePhase = "stopping"
	moveCutting  movePhase = "cutting"
	moveCut      movePhase = "cut"
	moveHanded   movePhase = "handed"
	moveDone     movePhase = "done"
	moveFailed   movePhase = "failed"
)

// moveWish is what an entry says of a move that is under way.
type moveWish struct {
	ID      string `json:"id"`
	To      string `json:"to"`
	Gateway string `json:"gateway,omitempty"`
}

// moveState is what the table has of a move.
type moveState struct {
	moveWish

	Phase      movePhase                  `json:"phase"`
	Error      string                     `json:"error,omitempty"` // why it failed
	Handover   *handover                  `json:"handover,omitempty"`
	Jobs       []cutJob                   `json:"jobs,omitempty"`
	JobManager string                     `json:"job_manager,omitempty"`
	Ends       map[string]map[int32]int64 `json:"ends,omitempty"` // of the outputs, once Flink writes no more
}

// mover brings a pipeline from one engine to the other.
type mover struct {
	p     *pipelines
	one   *pipeline
	wish  moveWish
	flink *flinkPipeline // of the Flink that it goes to, or comes from

	mu   sync.Mutex // guards what follows
	away string     // why it does not get on
}

// moving is the wish that an entry has; nil: none.
func (e pipelineEntry) moving() (*moveWish, error) {
	if e.Move == "" {
		return nil, nil
	}
	w := &moveWish{}
	if err := json.Unmarshal([]byte(e.Move), w); err != nil {
		return nil, fault.New(fault.Corrupt, "read where pipeline %q moves to: %w", e.Name, err)
	}
	return w, nil
}

// atRest refuses what cannot be done to a pipeline while it moves.
func (e pipelineEntry) atRest() error {
	if w, err := e.moving(); err != nil || w == nil {
		return err
	}
	return fault.New(fault.Conflict, "pipeline %q is being moved", e.Name).WithHint("wait until it has arrived; `millrace pipeline list` shows how far it is")
}

// stays checks what the configuration says of a pipeline that was moved, or moves: where it runs is not its to say.
func (e pipelineEntry) stays(configured pipelineEntry) error {
	if configured.SQL == e.SQL && configured.DeadLetters == e.DeadLetters {
		return nil
	}
	return fault.New(fault.Conflict, "it was moved to another engine, and the configuration has another script for it").
		WithHint("drop it first, with `millrace pipeline drop`, or put the script back")
}

// planMove makes the mover of a pipeline whose entry says that it moves.
func (p *pipelines) planMove(one *pipeline) error {
	wish, err := one.moving()
	if err != nil || wish == nil {
		return err
	}
	m := &mover{p: p, one: one, wish: *wish}
	if m.flink, err = p.newFlink(m.there()); err != nil {
		return err
	}
	one.mover = m
	return nil
}

// there is the entry of the pipeline as one on Flink.
func (m *mover) there() pipelineEntry {
	e := m.one.pipelineEntry
	e.Move, e.Paused = "", false
	if m.wish.To == config.EngineFlink {
		e.Engine, e.Gateway, e.Run, e.Moved = config.EngineFlink, m.wish.Gateway, 0, true
	}
	return e
}

// here is the entry of the pipeline as one of this engine.
func (m *mover) here() pipelineEntry {
	e := m.one.pipelineEntry
	e.Move, e.Paused, e.Engine, e.Gateway, e.Run, e.Handover, e.Moved = "", false, "", "", 0, "", true
	return e
}

// Move implements api.Pipelines: it begins to move a pipeline. What cannot be moved is said before anything is stopped.
func (p *pipelines) Move(ctx context.Context, name string, r api.MoveRequest) error {
	e, err := p.find(name)
	if err != nil {
		return err
	}
	if err := e.atRest(); err != nil {
		return err
	}
	on := e.Engine
	if on == "" {
		on = api.EngineMillrace
	}
	switch {
	case on == r.To:
		return fault.New(fault.Conflict, "pipeline %q is there already: %s runs it", name, on)
	case e.Paused:
		return fault.New(fault.Conflict, "pipeline %q is paused", name).WithHint("resume it, and move it when it runs")
	case e.Dropped:
		return fault.New(fault.Conflict, "pipeline %q is being dropped", name)
	case r.Gateway != "" && r.To != config.EngineFlink:
		return fault.New(fault.Invalid, "a gateway is Flink's, but pipeline %q moves here", name).WithHint("leave --gateway out")
	}
	id := make([]byte, 8)
	_, _ = rand.Read(id) // never fails
	wish, err := json.Marshal(moveWish{ID: hex.EncodeToString(id), To: r.To, Gateway: r.Gateway})
	if err != nil {
		return fmt.Errorf("move pipeline %q: %w", name, err)
	}
	moved := e
	moved.Move = string(wish)
	one, err := p.planned(moved)
	if err != nil {
		return err
	}
	if err := one.mover.check(ctx); err != nil {
		return err
	}
	return p.put(ctx, moved)
}

// check says what would be in the way, before anything is stopped.
func (m *mover) check(ctx context.Context) error {
	routes, err := m.p.routes(m.one, m.wish.To)
	if err != nil {
		return err
	}
	env := m.p.envOf(m.one)
	if m.wish.To != config.EngineFlink {
		for _, j := range m.p.flinkState(m.one.Name).Jobs {
			if j.Phase != flinkRunning && !m.neverRan(j) {
				return fault.New(fault.Conflict, "job %s does not run on Flink: it is %s", j.Name, j.Phase).WithHint("resume it, and move it when it runs")
			}
		}
		_, err := m.flink.script.CutAt(m.cuts(make([]cutJob, len(routes)), routes))
		return err
	}
	h := handover{}
	for i := range routes {
		last, err := engine.LastEpoch(ctx, m.p.bus, routes[i].spec.Name)
		if err != nil {
			return err
		}
		at, err := m.p.placeOf(ctx, &env, &routes[i], last)
		if err != nil {
			return err
		}
		h.Jobs = append(h.Jobs, at)
	}
	script, err := m.flink.script.StartAt(h.starts())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, submitTime)
	defer cancel()
	if _, err := m.flink.client.Check(ctx, script); err != nil {
		return fmt.Errorf("pipeline %q: %w", m.one.Name, err)
	}
	return nil
}

// starts are the places of the jobs as Flink is told them.
func (h *handover) starts() []flink.Start {
	var all []flink.Start
	for _, j := range h.Jobs {
		all = append(all, flink.Start{Tables: j.Tables, After: j.After})
	}
	return all
}

// run goes on with the move until it has arrived.
func (m *mover) run(ctx context.Context) {
	tick := time.NewTicker(m.p.flink.every)
	defer tick.Stop()
	for {
		done, err := m.step(ctx)
		if ctx.Err() != nil {
			return
		}
		m.note(err)
		if done {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// note keeps why the move does not get on, and logs it once.
func (m *mover) note(err error) {
	text := ""
	if err != nil {
		if text = err.Error(); fault.HintOf(err) != "" {
			text += "; " + fault.HintOf(err)
		}
		text = m.flink.script.Hide(text)
	}
	m.mu.Lock()
	was := m.away
	m.away = text
	m.mu.Unlock()
	if text != "" && text != was {
		m.p.log.Warn("a pipeline that moves does not get on; it is tried again", "pipeline", m.one.Name, "to", m.wish.To, "error", text)
	}
}

// step does what is to be done now, and reports whether the pipeline has arrived, or has stayed.
func (m *mover) step(ctx context.Context) (done bool, err error) {
	s := m.p.moveState(m.one.Name)
	if s.ID != m.wish.ID {
		s = moveState{moveWish: m.wish, Phase: moveStopping}
	}
	routes, err := m.p.routes(m.one, m.wish.To)
	if err != nil {
		return m.stay(ctx, &s, err)
	}
	if m.wish.To == config.EngineFlink {
		return m.toFlink(ctx, &s, routes)
	}
	return m.fromFlink(ctx, &s, routes)
}

// moveState is what the table has.
func (p *pipelines) moveState(name string) (s moveState) {
	if value, ok := p.table.Get(movePrefix + name); ok {
		if err := json.Unmarshal(value, &s); err != nil {
			p.log.Error("how far a move has come cannot be read", "pipeline", name, "error", err)
		}
	}
	return s
}

func (m *mover) save(ctx context.Context, s *moveState) error {
	value, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("encode the move of pipeline %q: %w", m.one.Name, err)
	}
	return m.p.table.Put(ctx, movePrefix+m.one.Name, value)
}

// settle writes what the pipeline is from now on. Who follows the table ends this unit and begins what takes its place.
func (m *mover) settle(ctx context.Context, s *moveState, e pipelineEntry) (done bool, err error) {
	if s.Phase != moveFailed {
		s.Phase = moveDone
	}
	if err := m.save(ctx, s); err != nil {
		return false, err
	}
	value, err := json.Marshal(e)
	if err != nil {
		return false, fmt.Errorf("encode pipeline %q: %w", e.Name, err)
	}
	return true, m.p.table.Put(ctx, pipelinePrefix+e.Name, value)
}

// stay ends a move that cannot be made: the pipeline goes on where it was.
func (m *mover) stay(ctx context.Context, s *moveState, why error) (done bool, err error) {
	m.note(why)
	m.mu.Lock()
	s.Phase, s.Error = moveFailed, m.away
	m.mu.Unlock()
	m.p.log.Error("pipeline was not moved: it goes on where it was", "pipeline", m.one.Name, "to", m.wish.To, "error", s.Error)
	e := m.one.pipelineEntry
	e.Move = ""
	return m.settle(ctx, s, e)
}

// lasting reports whether trying again cannot help.
func lasting(err error) bool {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.NotFound, fault.Conflict, fault.Denied, fault.Corrupt, fault.Limit:
		return true
	}
	return false
}

// toFlink moves a pipeline that ran here.
func (m *mover) toFlink(ctx context.Context, s *moveState, routes []route) (done bool, err error) {
	env := m.p.envOf(m.one)
	switch s.Phase {
	case moveStopping:
		err := m.handOut(ctx, &env, s, routes)
		if lasting(err) {
			if back := m.takeBack(ctx, &env, routes); back != nil {
				return false, back
			}
			return m.stay(ctx, s, err)
		}
		if err != nil {
			return false, err
		}
		s.Phase = moveHanded
		return false, m.save(ctx, s)
	default: // handed; or done, but for the entry
		for _, r := range routes { // nothing of it is needed any more
			if err := state.Clear(ctx, env.Snapshots(r.spec.Name)); err != nil {
				return false, fmt.Errorf("clear the state of job %s: %w", r.spec.Name, err)
			}
		}
		// What an earlier stay there has left is not to be gone on from.
		if err := m.p.table.Put(ctx, flinkPrefix+m.one.Name, nil); err != nil {
			return false, err
		}
		e := m.there()
		places, err := json.Marshal(s.Handover)
		if err != nil {
			return false, fmt.Errorf("encode where pipeline %q goes on: %w", e.Name, err)
		}
		e.Handover = string(places)
		m.p.log.Info("pipeline goes on at Flink", "pipeline", e.Name, "places", e.Handover)
		return m.settle(ctx, s, e)
	}
}

// handOut fences the owners of the jobs and notes where these stand.
func (m *mover) handOut(ctx context.Context, env *engine.Env, s *moveState, routes []route) error {
	h := &handover{}
	for i := range routes {
		r := &routes[i]
		var last engine.Epoch
		err := engine.HandOver(ctx, env, r.spec, func(e *engine.Epoch) (*engine.Epoch, error) {
			if e == nil {
				return nil, fault.New(fault.Conflict, "job %s has not come to its first checkpoint", r.spec.Name).WithHint("move it when it has")
			}
			if e.PlanHash != engine.AwayHash && e.PlanHash != r.spec.Hash {
				return nil, fault.New(fault.Conflict, "job %s: its last checkpoint belongs to another plan", r.spec.Name)
			}
			last = *e
			if e.PlanHash == engine.AwayHash {
				return nil, nil // a replica before us has come this far
			}
			away := *e
			away.PlanHash = engine.AwayHash
			return &away, nil
		})
		if err != nil {
			return err
		}
		at, err := m.p.placeOf(ctx, env, r, &last)
		if err != nil {
			return err
		}
		h.Jobs = append(h.Jobs, at)
	}
	var err error
	h.Given, err = m.p.outputEnds(ctx, routes)
	s.Handover = h
	return err
}

// takeBack gives the jobs back what handOut has taken from them.
func (m *mover) takeBack(ctx context.Context, env *engine.Env, routes []route) error {
	for i := range routes {
		r := &routes[i]
		err := engine.HandOver(ctx, env, r.spec, func(e *engine.Epoch) (*engine.Epoch, error) {
			if e == nil || e.PlanHash != engine.AwayHash {
				return nil, nil
			}
			back := *e
			back.PlanHash = r.spec.Hash
			return &back, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// view is how a move is shown; nil: there was none, or the last one arrived.
func (p *pipelines) moveView(one *pipeline) *api.PipelineMove {
	s := p.moveState(one.Name)
	switch m := one.mover; {
	case m != nil:
		m.mu.Lock()
		defer m.mu.Unlock()
		view := &api.PipelineMove{To: m.wish.To, Step: string(moveStopping), Error: m.away}
		if s.ID == m.wish.ID && s.Phase != "" {
			view.Step = string(s.Phase)
		}
		return view
	case s.Phase == moveFailed:
		return &api.PipelineMove{To: s.To, Step: string(moveFailed), Error: s.Error}
	}
	return nil
}

// envOf is what the jobs of a pipeline run in.
func (p *pipelines) envOf(one *pipeline) engine.Env {
	env := p.env
	env.OpenLedger = engine.BusLedgers(p.bus, func(topic string) string {
		return strings.ReplaceAll(one.DeadLetters, "{topic}", topic)
	})
	return env
}
