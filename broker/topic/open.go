package topic

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"millrace/broker/disk"
	"millrace/broker/keyed"
	"millrace/broker/partition"
	"millrace/fault"
)

// opening is how many logs are opened or closed at a time: they wait for the disk more than they compute.
const opening = 32

// Folders that a log leaves when it is deleted, and that we leave of what nobody names.
const (
	removedSuffix = ".removed"
	asideSuffix   = ".aside"
)

// Open opens the log of each topic, several at a time. It finishes what a crash has interrupted. A partition that is missing, one that is damaged, and a folder of
// a partition that no topic has are faults of kind Corrupt, unless cfg.Env.AcceptLoss: then the missing one is begun anew, and the folder set aside.
func Open(ctx context.Context, store *keyed.Space, cfg Config) (*Topics, error) {
	t := &Topics{
		cfg: cfg.filled(), store: store, log: cfg.Env.Log, table: newTable(cfg.Env),
		names: map[string]*topic{}, ids: map[ID]*topic{}, changed: make(chan struct{}), gone: map[string]int{},
	}
	if t.log == nil {
		t.log = slog.New(slog.DiscardHandler)
	}
	if err := t.checkDefaults(); err != nil {
		return nil, err
	}
	have, err := readStored(store)
	if err != nil {
		return nil, err
	}
	t.broker = have.broker
	if err := disk.MakeDir(cfg.Env.FS, cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of logs: %w", err)
	}
	if err := cfg.Env.FS.SyncDir(filepath.Dir(cfg.Dir)); err != nil {
		return nil, fmt.Errorf("force the folder of logs to disk: %w", err)
	}
	if err := t.tidy(ctx, have.topics); err != nil {
		return nil, err
	}
	if err := t.openLogs(ctx, have.topics); err != nil {
		return nil, errors.Join(err, closeAll(t.all()))
	}
	return t, nil
}

// checkDefaults checks the kind of what the broker's settings say. Their bounds are not checked: they are the operator's, not a client's.
func (t *Topics) checkDefaults() error {
	for name, v := range t.cfg.Defaults {
		s := t.table.topic[name]
		if s == nil {
			return fault.New(fault.Invalid, "setting %q of topics is not known", name)
		}
		unbounded := *s
		unbounded.check = free
		if _, err := unbounded.parse(v); err != nil {
			return fault.New(fault.Invalid, "%w", err)
		}
	}
	return nil
}

// tidy brings folders in line with what is stored, before logs are opened.
func (t *Topics) tidy(ctx context.Context, topics map[string]record) error {
	folders, err := t.folders()
	if err != nil {
		return err
	}
	var done []keyed.Entry
	for name, r := range topics {
		if r.Gone {
			done = append(done, forget(name))
			delete(topics, name)
			for i := range r.Partitions {
				if err := t.clear(name, i); err != nil {
					return err
				}
				delete(folders, folder(name, i))
			}
			t.log.Info("finish deleting a topic", "topic", name)
			continue
		}
		for i := range r.Partitions {
			if !folders[folder(name, i)] && i < r.Made {
				if err := t.missing(name, i); err != nil {
					return err
				}
			}
			delete(folders, folder(name, i))
		}
	}
	if err := t.setAside(folders, len(topics) == 0); err != nil {
		return err
	}
	return t.keep(ctx, done...)
}

// folders lists the folders that look like partitions, and deletes what is left of deleted ones.
func (t *Topics) folders() (map[string]bool, error) {
	entries, err := t.cfg.Env.FS.ReadDir(t.cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("list the folder of logs: %w", err)
	}
	found := map[string]bool{}
	for _, e := range entries {
		switch name := e.Name(); {
		case !e.IsDir():
		case strings.HasSuffix(name, removedSuffix) && isFolder(strings.TrimSuffix(name, removedSuffix)):
			if err := t.cfg.Env.FS.RemoveAll(filepath.Join(t.cfg.Dir, name)); err != nil {
				return nil, fmt.Errorf("delete what is left of a partition: %w", err)
			}
		case isFolder(name):
			found[name] = true
		}
	}
	return found, nil
}

// folder is the name of a partition's folder.
func folder(topic string, index int) string { return topic + "-" + strconv.Itoa(index) }

// isFolder says whether folder could have made a name.
func isFolder(name string) bool {
	i := strings.LastIndexByte(name, '-')
	if i < 0 || checkName(name[:i]) != nil {
		return false
	}
	n, err := strconv.Atoi(name[i+1:])
	return err == nil && n >= 0 && strconv.Itoa(n) == name[i+1:]
}

func (t *Topics) dir(topic string, index int) string {
	return filepath.Join(t.cfg.Dir, folder(topic, index))
}

// clear deletes a folder that holds nothing that anybody was promised.
func (t *Topics) clear(topic string, index int) error {
	dir := t.dir(topic, index)
	if _, err := t.cfg.Env.FS.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	gone := dir + removedSuffix // renamed first: what is left of it after a crash is known for what it is
	err := t.cfg.Env.FS.RemoveAll(gone)
	if err == nil {
		err = t.cfg.Env.FS.Rename(dir, gone)
	}
	if err == nil {
		err = t.cfg.Env.FS.SyncDir(t.cfg.Dir)
	}
	if err == nil {
		err = t.cfg.Env.FS.RemoveAll(gone)
	}
	if err != nil {
		return fmt.Errorf("delete partition %d of topic %s: %w", index, topic, err)
	}
	return nil
}

func (t *Topics) missing(topic string, index int) error {
	dir := t.dir(topic, index)
	if !t.cfg.Env.AcceptLoss {
		return fault.New(fault.Corrupt, "open partition %d of topic %s: its folder %s is not there", index, topic, dir).
			WithHint("bring the folder back from a copy, or start with loss accepted: then the partition begins anew, empty, at offset 0")
	}
	t.log.Error("a partition is lost and begins anew", "topic", topic, "partition", index, "folder", dir)
	return nil
}

// setAside deals with folders that no topic has. Where topics are durable before their folders are made there are none, unless the list of topics was lost.
func (t *Topics) setAside(folders map[string]bool, noTopics bool) error {
	for _, name := range sortedKeys(folders) {
		dir := filepath.Join(t.cfg.Dir, name)
		lax := t.cfg.Env.Flush != partition.FlushAlways && !noTopics // a loss of power may take the list's end, and leave the folder
		if !t.cfg.Env.AcceptLoss && !lax {
			return fault.New(fault.Corrupt, "open topics: folder %s is that of a partition of no known topic (%d such folders)", dir, len(folders)).
				WithHint("bring back the file of the broker's state that belongs to it, move the folder away, or start with loss accepted: then it is renamed to %s", name+asideSuffix)
		}
		if err := t.cfg.Env.FS.RemoveAll(dir + asideSuffix); err != nil {
			return fmt.Errorf("set aside a folder of no topic: %w", err)
		}
		if err := t.cfg.Env.FS.Rename(dir, dir+asideSuffix); err != nil {
			return fmt.Errorf("set aside a folder of no topic: %w", err)
		}
		t.log.Error("a folder of no known topic is set aside: its records are not served", "folder", dir, "renamed", dir+asideSuffix)
	}
	return nil
}

// openLogs opens all logs; those that a crash kept from being made are made.
func (t *Topics) openLogs(ctx context.Context, topics map[string]record) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(opening)
	var unfinished []keyed.Entry
	for _, name := range sortedKeys(topics) {
		r := topics[name]
		x := &topic{name: name, id: r.ID, set: r.Configs, logs: make([]*partition.Log, r.Partitions)}
		t.names[name], t.ids[r.ID] = x, x
		t.partitions += r.Partitions
		if r.Made < r.Partitions {
			unfinished = append(unfinished, put(name, x.record()))
		}
	}
	for _, x := range t.all() {
		for i := range x.logs {
			g.Go(func() (err error) {
				if err := ctx.Err(); err != nil {
					return err
				}
				x.logs[i], err = t.openLog(&x, i)
				return err
			})
		}
	}
	if err := g.Wait(); err != nil {
		return err
	}
	if len(unfinished) == 0 && !t.cfg.Env.AcceptLoss {
		return nil
	}
	if err := t.cfg.Env.FS.SyncDir(t.cfg.Dir); err != nil {
		return fmt.Errorf("force the folders of partitions to disk: %w", err)
	}
	return t.keep(context.WithoutCancel(ctx), unfinished...)
}

func (t *Topics) openLog(x *topic, index int) (*partition.Log, error) {
	t.mu.RLock()
	cfg := t.meaning(x.name, index, x.set)
	t.mu.RUnlock()
	l, err := partition.Open(t.dir(x.name, index), t.cfg.Env, cfg)
	if err != nil {
		return nil, fmt.Errorf("open partition %d of topic %s: %w", index, x.name, err)
	}
	return l, nil
}

// closeAll closes the logs of topics; those that are nil are not open.
func closeAll(topics []topic) error {
	var g errgroup.Group
	g.SetLimit(opening)
	var mu sync.Mutex
	var failed error
	for _, x := range topics {
		for _, l := range x.logs {
			if l == nil {
				continue
			}
			g.Go(func() error {
				err := l.Close()
				mu.Lock()
				defer mu.Unlock()
				failed = errors.Join(failed, err)
				return nil
			})
		}
	}
	_ = g.Wait() // failed has all of them
	return failed
}
