package node

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"millrace/api"
	"millrace/config"
	"millrace/connector/kafka"
	"millrace/fault"
	"millrace/flink"
	"millrace/sql/parse"
	"millrace/telemetry"
)

// flinkSettings are what all pipelines on Flink share.
type flinkSettings struct {
	gateway    telemetry.Secret // of those that name none
	jobManager telemetry.Secret // of that gateway; empty: it tells
	savepoints string
	bus        flink.Bus
	every      time.Duration // between two looks at the jobs
}

// flinkEvery is how often the jobs on Flink are looked at.
const flinkEvery = 2 * time.Second

const (
	flinkPrefix     = "flink/"    // of keys in the table: what became of a pipeline's jobs
	flinkUnitPrefix = "on-flink/" // of the names of units of work
	submitTime      = 3 * time.Minute
	stopTime        = 10 * time.Minute
)

// flinkPhase is how far a job on Flink has come.
type flinkPhase string

// A job goes from one phase to the next; each is in the table before what it names begins, so that whoever takes the
// work over knows what may have happened.
const (
	flinkNew        flinkPhase = ""
	flinkSubmitting flinkPhase = "submitting"
	flinkRunning    flinkPhase = "running"
	flinkStopping   flinkPhase = "stopping"
	flinkStopped    flinkPhase = "stopped"
	flinkFinished   flinkPhase = "finished"
	flinkFailed     flinkPhase = "failed"
)

// flinkState is what the table has of a pipeline on Flink.
type flinkState struct {
	Script     string     `json:"script"` // hash of what was submitted
	Gateway    string     `json:"gateway"`
	JobManager string     `json:"job_manager"`
	Jobs       []flinkJob `json:"jobs"`
}

// flinkJob is one of its jobs.
type flinkJob struct {
	Name      string     `json:"name"`
	Statement int        `json:"statement"` // its place in the script
	ID        string     `json:"id,omitempty"`
	Phase     flinkPhase `json:"phase,omitempty"`
	Restore   string     `json:"restore,omitempty"` // the savepoint that it goes on from
	Error     string     `json:"error,omitempty"`
	Run       int        `json:"run,omitempty"` // of the entry when it was submitted
	// Stop says that a stop was begun: if the job is finished then, it is that. The JobManager's answers may be some
	// seconds old, so that it may still seem to run.
	Stop bool `json:"stop,omitempty"`
}

// flinkPipeline brings the jobs of a pipeline on Flink to what its entry says. The replica that holds its unit runs it;
// the others only show it.
type flinkPipeline struct {
	pipelineEntry

	p       *pipelines
	script  *flink.Script
	hash    string
	gateway telemetry.Secret
	client  *flink.Client // of the gateway

	mu      sync.Mutex // guards what follows
	figures map[string]flink.Status
	away    string // why nothing is known
}

// newFlink reads the script of a pipeline that is to run on Flink.
func (p *pipelines) newFlink(e pipelineEntry) (*flinkPipeline, error) {
	f := &flinkPipeline{pipelineEntry: e, p: p, gateway: p.flink.gateway, figures: map[string]flink.Status{}}
	manager := p.flink.jobManager
	if e.Gateway != "" && e.Gateway != f.gateway.Reveal() {
		f.gateway, manager = telemetry.Secret(e.Gateway), ""
	}
	if f.gateway == "" {
		return nil, fault.New(fault.Invalid, "pipeline %q has no SQL Gateway of Flink", e.Name).
			WithHint("name it with --gateway, or as flink.gateway in the configuration")
	}
	var err error
	if f.client, err = flink.New(flink.Config{Gateway: f.gateway, JobManager: manager}); err != nil {
		return nil, err
	}
	if f.script, err = flink.Read(e.SQL, p.flink.bus); err != nil {
		return nil, err
	}
	began, err := e.handedOver()
	if err != nil {
		return nil, err
	}
	if began != nil {
		if f.script, err = f.script.StartAt(began.starts()); err != nil {
			return nil, err
		}
	}
	sum := sha256.Sum256([]byte(e.SQL + e.Handover))
	f.hash = hex.EncodeToString(sum[:8])
	return f, nil
}

// run follows the jobs until ctx ends, or until they are dropped.
func (f *flinkPipeline) run(ctx context.Context) {
	tick := time.NewTicker(f.p.flink.every)
	defer tick.Stop()
	for {
		done, err := f.step(ctx)
		if ctx.Err() != nil {
			return
		}
		f.note(err)
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

// note keeps why a step did not succeed, and logs it once.
func (f *flinkPipeline) note(err error) {
	text := ""
	if err != nil {
		text = f.script.Hide(err.Error())
	}
	f.mu.Lock()
	was := f.away
	f.away = text
	f.mu.Unlock()
	switch {
	case text != "" && was == "":
		f.p.log.Warn("Flink does not do what a pipeline wants; it is tried again", "pipeline", f.Name, "error", text)
	case text == "" && was != "":
		f.p.log.Info("Flink does what a pipeline wants again", "pipeline", f.Name)
	}
}

// step does what is to be done now, and reports whether nothing will ever be again.
func (f *flinkPipeline) step(ctx context.Context) (done bool, err error) {
	s := f.load()
	switch {
	case f.Dropped:
		return f.drop(ctx, &s)
	case f.Paused:
		return false, f.halt(ctx, &s)
	}
	if len(s.Jobs) > 0 && (s.Script != f.hash || s.Gateway != f.gateway.Reveal()) {
		// Another script or another Flink: stop what runs, and go on with the new one from there.
		if err := f.halt(ctx, &s); err != nil {
			return false, err
		}
		f.p.log.Info("pipeline changed: it is submitted anew", "pipeline", f.Name)
	}
	if s.Script != f.hash || s.Gateway != f.gateway.Reveal() {
		s = f.begin(s)
		if err := f.save(ctx, &s); err != nil {
			return false, err
		}
	}
	if err := f.settle(ctx, &s); err != nil {
		return false, err
	}
	if err := f.submit(ctx, &s); err != nil {
		return false, err
	}
	return false, f.watch(ctx, &s)
}

// load is what the table has.
func (f *flinkPipeline) load() flinkState { return f.p.flinkState(f.Name) }

func (p *pipelines) flinkState(name string) (s flinkState) {
	if value, ok := p.table.Get(flinkPrefix + name); ok {
		if err := json.Unmarshal(value, &s); err != nil {
			p.log.Error("what is known of jobs on Flink cannot be read", "pipeline", name, "error", err)
		}
	}
	return s
}

// save writes to the table.
func (f *flinkPipeline) save(ctx context.Context, s *flinkState) error {
	value, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("encode jobs of pipeline %q: %w", f.Name, err)
	}
	return f.p.table.Put(ctx, flinkPrefix+f.Name, value)
}

// begin is the state of a script that was not submitted yet; jobs of the one before it leave their savepoints to
// those of the same name.
func (f *flinkPipeline) begin(before flinkState) flinkState {
	s := flinkState{Script: f.hash, Gateway: f.gateway.Reveal()}
	for _, at := range f.script.Jobs() {
		j := flinkJob{Name: f.Name + "." + f.script.Statements[at].Name, Statement: at}
		for _, old := range before.Jobs {
			if old.Name == j.Name {
				j.Restore = old.Restore
			}
		}
		s.Jobs = append(s.Jobs, j)
	}
	return s
}

// jobs is the client of the JobManager that has the jobs.
func (f *flinkPipeline) jobs(s *flinkState) (*flink.Client, error) {
	return f.client.At(flink.Target{JobManager: telemetry.Secret(s.JobManager)})
}

// ask is how a job is doing, and keeps it for the screen.
func (f *flinkPipeline) ask(ctx context.Context, s *flinkState, j *flinkJob) (flink.Status, error) {
	c, err := f.jobs(s)
	if err != nil {
		return flink.Status{}, err
	}
	status, err := c.Status(ctx, j.ID)
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil {
		// Of a job that ended, Flink keeps no metrics.
		if was, known := f.figures[j.Name]; known && status.State.Ended() {
			status.Figures, status.Restarts = was.Figures, max(was.Restarts, status.Restarts)
		}
		f.figures[j.Name] = status
	}
	return status, err
}

// settle finds out what became of jobs whose phase says that something was begun, and readies those that are wanted
// again.
func (f *flinkPipeline) settle(ctx context.Context, s *flinkState) error {
	changed := false
	for i := range s.Jobs {
		j := &s.Jobs[i]
		switch {
		case j.Phase == flinkStopping || j.Phase == flinkSubmitting:
			if err := f.find(ctx, s, j); err != nil {
				return err
			}
			changed = true
		case j.Phase == flinkFailed && j.Run < f.Run:
			// Somebody wants it again: from its last checkpoint if Flink kept that, else from its savepoint.
			if status, err := f.ask(ctx, s, j); err == nil && status.Last != nil && status.Last.Path != "" {
				j.Restore = status.Last.Path
			} else if fault.KindOf(err) == fault.Unavailable {
				return err
			}
			j.Phase, j.Error = flinkNew, ""
			changed = true
		case j.Run < f.Run && (j.Phase == flinkRunning || j.Phase == flinkFinished):
			j.Run, changed = f.Run, true // what was wanted of the others is not for when this one fails
		}
	}
	if !changed {
		return nil
	}
	return f.save(ctx, s)
}

// find asks what became of a job that was being submitted or stopped.
func (f *flinkPipeline) find(ctx context.Context, s *flinkState, j *flinkJob) error {
	status, err := f.ask(ctx, s, j)
	switch {
	case fault.KindOf(err) == fault.NotFound && j.Phase == flinkSubmitting:
		j.Phase = flinkNew // it never got there; it keeps its id, which Flink takes once
	case fault.KindOf(err) == fault.NotFound:
		f.lost(j)
	case err != nil:
		return err
	default:
		j.Phase = flinkRunning
		f.judge(j, status)
	}
	return nil
}

// lost notes that Flink no longer knows a job.
func (f *flinkPipeline) lost(j *flinkJob) {
	from := "the beginning"
	if j.Restore != "" {
		from = j.Restore
	}
	j.Phase = flinkFailed
	j.Error = "Flink no longer knows job " + j.ID + ", as after a restart of a JobManager without high availability; resumed, it goes on from " + from
}

// judge brings the phase of a job that was running to what Flink says.
func (f *flinkPipeline) judge(j *flinkJob, status flink.Status) {
	switch status.State {
	case flink.Finished:
		j.Phase, j.Error = flinkFinished, ""
		if j.Stop && status.Savepoint != "" {
			j.Phase, j.Restore, j.Stop = flinkStopped, status.Savepoint, false
		}
	case flink.Canceled:
		j.Phase, j.Error = flinkFailed, "it was cancelled on Flink"
	case flink.Failed:
		j.Phase, j.Error = flinkFailed, f.script.Hide(status.Error)
	default:
	}
}

// submit submits the jobs that should run and do not.
func (f *flinkPipeline) submit(ctx context.Context, s *flinkState) error {
	var list []flink.Job
	for i := range s.Jobs {
		j := &s.Jobs[i]
		if j.Phase != flinkNew && j.Phase != flinkStopped {
			continue
		}
		if j.Phase == flinkStopped || j.ID == "" || j.Run < f.Run {
			id := make([]byte, 16)
			_, _ = rand.Read(id) // never fails
			j.ID = hex.EncodeToString(id)
		}
		j.Phase, j.Run, j.Error, j.Stop = flinkSubmitting, f.Run, "", false
		list = append(list, flink.Job{Statement: j.Statement, ID: j.ID, Name: j.Name, Restore: j.Restore})
	}
	if len(list) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, submitTime)
	defer cancel()
	target, err := f.client.Find(ctx)
	if err != nil {
		return err
	}
	s.JobManager = target.JobManager.Reveal()
	if err := f.save(ctx, s); err != nil {
		return err
	}
	_, err = f.client.Submit(ctx, f.script, list, func(one flink.Job, err error) error {
		for i := range s.Jobs {
			if j := &s.Jobs[i]; j.Statement == one.Statement {
				j.ID, j.Phase = one.ID, flinkRunning
				if err != nil {
					j.Phase, j.Error = flinkFailed, err.Error()
				}
				f.p.log.Info("job submitted to Flink", "job", j.Name, "id", j.ID, "from", j.Restore, "error", j.Error)
			}
		}
		return f.save(ctx, s)
	})
	var refused *parse.Error
	if !errors.As(err, &refused) {
		return err
	}
	for i := range s.Jobs { // without what stands before them they cannot run
		if j := &s.Jobs[i]; j.Phase == flinkSubmitting {
			j.Phase, j.Error = flinkFailed, refused.Error()
		}
	}
	return f.save(ctx, s)
}

// watch looks at the jobs that run.
func (f *flinkPipeline) watch(ctx context.Context, s *flinkState) error {
	changed := false
	for i := range s.Jobs {
		j := &s.Jobs[i]
		if j.Phase != flinkRunning {
			continue
		}
		status, err := f.ask(ctx, s, j)
		switch {
		case fault.KindOf(err) == fault.NotFound:
			f.lost(j)
		case err != nil:
			return f.moved(ctx, s, err)
		default:
			f.judge(j, status)
		}
		if j.Phase != flinkRunning {
			changed = true
			f.p.log.Log(ctx, levelOf(j.Phase), "job on Flink ended", "job", j.Name, "id", j.ID, "phase", j.Phase, "error", j.Error)
		}
	}
	if !changed {
		return nil
	}
	return f.save(ctx, s)
}

// moved asks the gateway for the JobManager once more, where that is away: it may have another address now.
func (f *flinkPipeline) moved(ctx context.Context, s *flinkState, away error) error {
	target, err := f.client.Find(ctx)
	if err != nil || target.JobManager.Reveal() == s.JobManager {
		return away
	}
	s.JobManager = target.JobManager.Reveal()
	return f.save(ctx, s)
}

// halt stops each job with a savepoint. It returns why one could not be stopped.
func (f *flinkPipeline) halt(ctx context.Context, s *flinkState) error {
	ctx, cancel := context.WithTimeout(ctx, stopTime)
	defer cancel()
	for i := range s.Jobs {
		j := &s.Jobs[i]
		if j.Phase != flinkRunning && j.Phase != flinkSubmitting && j.Phase != flinkStopping {
			continue
		}
		if err := f.find(ctx, s, j); err != nil {
			return err
		}
		if j.Phase != flinkRunning {
			if err := f.save(ctx, s); err != nil {
				return err
			}
			continue
		}
		if err := f.stop(ctx, s, j); err != nil {
			return err
		}
	}
	return nil
}

// stop stops a job that runs.
func (f *flinkPipeline) stop(ctx context.Context, s *flinkState, j *flinkJob) error {
	c, err := f.jobs(s)
	if err != nil {
		return err
	}
	j.Phase, j.Stop = flinkStopping, true
	if err := f.save(ctx, s); err != nil {
		return err
	}
	path, err := c.Stop(ctx, j.ID, f.p.flink.savepoints)
	if err != nil {
		if ctx.Err() == nil {
			j.Error = fmt.Sprintf("stop: %v", err)
			if hint := fault.HintOf(err); hint != "" {
				j.Error += "; " + hint
			}
			if err := f.save(ctx, s); err != nil {
				return err
			}
		}
		return fmt.Errorf("stop job %s: %w", j.Name, err)
	}
	f.p.log.Info("job on Flink stopped", "job", j.Name, "id", j.ID, "savepoint", path)
	before := j.Restore
	j.Phase, j.Restore, j.Error, j.Stop = flinkStopped, path, "", false
	if err := f.save(ctx, s); err != nil {
		return err
	}
	f.dispose(ctx, c, before)
	return nil
}

// dispose deletes a savepoint of ours that nothing goes on from any more.
func (f *flinkPipeline) dispose(ctx context.Context, c *flink.Client, path string) {
	if !strings.Contains(path, "/savepoint-") {
		return // there is none, or it is a checkpoint, which is Flink's
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := c.Dispose(ctx, path); err != nil {
		f.p.log.Warn("an old savepoint is left behind", "pipeline", f.Name, "savepoint", path, "error", err)
	}
}

// drop cancels the jobs and forgets them.
func (f *flinkPipeline) drop(ctx context.Context, s *flinkState) (done bool, err error) {
	c, err := f.jobs(s)
	if err != nil {
		return false, err
	}
	for i := range s.Jobs {
		j := &s.Jobs[i]
		if j.Phase == flinkRunning || j.Phase == flinkSubmitting || j.Phase == flinkStopping {
			if err := c.Cancel(ctx, j.ID); err != nil && fault.KindOf(err) != fault.NotFound {
				return false, err
			}
		}
	}
	for _, j := range s.Jobs {
		f.dispose(ctx, c, j.Restore)
	}
	return true, f.p.forgetFlink(ctx, f.Name)
}

// forgetFlink takes a pipeline on Flink out of the table.
func (p *pipelines) forgetFlink(ctx context.Context, name string) error {
	if err := p.table.Put(ctx, flinkPrefix+name, nil); err != nil {
		return err
	}
	return p.table.Put(ctx, pipelinePrefix+name, nil)
}

// view is how the pipeline is shown.
func (f *flinkPipeline) view() api.Pipeline {
	return api.Pipeline{Name: f.Name, SQL: flink.Redacted(f.SQL), Engine: api.EngineFlink, Gateway: f.client.Gateway()}
}

// flinkSettings are those of the configuration.
func (n *Node) flinkSettings() flinkSettings {
	c := n.cfg.Flink
	seeds := n.bus.Seeds()
	servers := c.BootstrapServers
	if len(servers) == 0 {
		servers = seeds
	}
	return flinkSettings{
		gateway: c.Gateway, jobManager: c.JobManager, savepoints: c.Savepoints, every: flinkEvery,
		bus: flink.Bus{
			Servers: strings.Join(servers, ","), Properties: kafkaProperties(n.cfg.Kafka),
			Own: func(named string) bool { return kafka.SameServers(strings.Split(named, ","), seeds) },
		},
	}
}

// kafkaProperties are the settings of Kafka's Java client that reach the platform's bus. Certificates are files of
// this machine: those that Flink needs are named in the script.
func kafkaProperties(k config.Kafka) map[string]string {
	if k.Embedded() || k.SASL.Mechanism == "" && !k.TLS.Enabled {
		return nil
	}
	protocol := "PLAINTEXT"
	if k.TLS.Enabled {
		protocol = "SSL"
	}
	if k.SASL.Mechanism == "" {
		return map[string]string{"security.protocol": protocol}
	}
	protocol = "SASL_" + protocol
	module := "org.apache.kafka.common.security.scram.ScramLoginModule"
	if k.SASL.Mechanism == "PLAIN" {
		module = "org.apache.kafka.common.security.plain.PlainLoginModule"
	}
	quote := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	return map[string]string{
		"security.protocol": protocol, "sasl.mechanism": k.SASL.Mechanism,
		"sasl.jaas.config": module + ` required username="` + quote.Replace(k.SASL.User) + `" password="` + quote.Replace(k.SASL.Password.Reveal()) + `";`,
	}
}
