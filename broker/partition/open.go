package partition

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"millrace/broker/disk"
	"millrace/fault"
)

// Open opens the log in a folder, making it if it is not there. A torn tail is cut; damage before it is a fault of kind Corrupt that says
// file, position and the way out, unless env.AcceptLoss. A log whose end is below what was recorded apart from its segments is damaged, too.
// Only small files are read, and of the last segment what came after the last checkpoint.
func Open(dir string, env *Env, cfg Config) (*Log, error) {
	l := &Log{dir: dir, env: env, stop: make(chan struct{})}
	l.cfg.Store(&cfg)
	err := l.open()
	if errors.Is(err, fault.Corrupt) && env.AcceptLoss {
		env.Log.Warn("log is damaged and is put together from what can be read, as was asked for", "dir", dir, "err", err)
		if err = l.salvage(); err == nil {
			err = l.open()
		}
	}
	if err != nil {
		l.abandon()
		return nil, fmt.Errorf("open log %s: %w", dir, err)
	}
	return l, nil
}

// abandon lets go of what a failed Open has.
func (l *Log) abandon() {
	l.letGo()
	for _, s := range l.closed {
		l.env.files.forget(&s.file)
		l.env.indexes.forget(&s.index)
	}
}

func (l *Log) open() error {
	if err := disk.MakeDir(l.env.FS, l.dir, 0o755); err != nil {
		return err
	}
	files, err := l.list()
	if err != nil {
		return err
	}
	m, err := l.readManifest(files)
	if err != nil {
		return err
	}
	if err := l.verify(m, files); err != nil {
		return err
	}
	l.adopt(m)
	if err := l.recover(m, files); err != nil {
		return err
	}
	l.tidy(m, files)
	return nil
}

// list returns the files of the folder, and the sizes of segments: that of the others does not matter, and there are many.
func (l *Log) list() (map[string]int64, error) {
	entries, err := l.env.FS.ReadDir(l.dir)
	if err != nil {
		return nil, err
	}
	files := make(map[string]int64, len(entries))
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		files[e.Name()] = 0
		if _, _, ok := parseLogName(e.Name()); !ok {
			continue
		}
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		files[e.Name()] = info.Size()
	}
	return files, nil
}

// readManifest reads the manifest, or makes that of a new log.
func (l *Log) readManifest(files map[string]int64) (*manifest, error) {
	if _, ok := files[manifestName]; ok {
		p, err := l.readFile(l.path(manifestName))
		if err != nil {
			return nil, err
		}
		return decodeManifest(l.path(manifestName), p)
	}
	for name, size := range files {
		if _, _, ok := parseLogName(name); ok && size > 0 {
			return nil, fault.New(fault.Corrupt, "read %s: it is missing, though there are segments", l.path(manifestName)).WithHint(
				"restore the folder from a copy, or accept the loss: the log is then put together from the segments that are there")
		}
	}
	return newManifest(), nil
}

func newManifest() *manifest { return &manifest{snapshot: noSnapshot, epochs: []epochStart{{}}} }

// verify compares the segments that there should be with the files that there are.
func (l *Log) verify(m *manifest, files map[string]int64) error {
	listed := map[string]bool{}
	last := m.end - 1
	for i, s := range m.segments {
		size, ok := files[s.logName()]
		active := m.hasActive && i == len(m.segments)-1
		listed[s.logName()] = true
		switch {
		case !ok:
			return l.damaged(s, 0, errors.New("the file is missing"))
		case !active && size != s.size:
			return l.damaged(s, min(size, s.size), fmt.Errorf("the file has %d bytes, not %d", size, s.size))
		case active && size < m.checkPos:
			return l.damaged(s, size, fmt.Errorf("the file has %d bytes, not at least %d", size, m.checkPos))
		case active:
			last = s.base
		}
	}
	for name, size := range files {
		if base, generation, ok := parseLogName(name); ok && size > 0 && base > last && !listed[name] {
			return l.damaged(newSegment(base, generation), 0, errors.New("the manifest knows nothing of the segment: perhaps it is an old copy"))
		}
	}
	return nil
}

// adopt takes over what the manifest says.
func (l *Log) adopt(m *manifest) {
	l.manifest = m
	l.closed, l.active = m.segments, nil
	if m.hasActive {
		n := len(m.segments) - 1
		l.closed, l.active = m.segments[:n:n], m.segments[n]
		l.born = m.born
	}
	l.start, l.cleaned, l.epochs = m.start, m.cleaned, slices.Clone(m.epochs)
	if len(l.epochs) == 0 {
		l.epochs = []epochStart{{}}
	}
	l.checked, l.checkPos, l.snapshot = m.check, m.checkPos, m.snapshot
	l.end, l.size = m.check, m.checkPos
}

// recover finds the end of the log and what its producers have done.
func (l *Log) recover(m *manifest, files map[string]int64) error {
	if err := l.loadProducers(m, files); err != nil {
		return err
	}
	size := int64(0)
	if l.active != nil {
		size = files[l.active.logName()]
	}
	if size > m.checkPos {
		if err := l.recoverTail(m, size); err != nil {
			return err
		}
	}
	if l.end < m.end {
		return fault.New(fault.Corrupt, "read log %s: it ends at offset %d, but had %d", l.dir, l.end, m.end).WithHint(
			"restore the folder from a copy, or accept the loss: the log goes on at offset %d then", m.end)
	}
	l.synced, l.high, l.highPos = l.end, l.end, l.size
	// Where readers may have seen what a power loss took, a new epoch lets them notice.
	if !l.env.Clean && l.env.Flush != FlushAlways && l.end > 0 || l.cut {
		l.bumpEpoch()
	}
	return nil
}

// loadProducers reads the snapshot that belongs to the checkpoint, or finds the same in the segments.
func (l *Log) loadProducers(m *manifest, files map[string]int64) error {
	if m.snapshot == noSnapshot {
		l.producers = newProducers()
		return nil
	}
	name := snapshotName(m.snapshot)
	err := errors.New("the file is missing")
	if _, ok := files[name]; ok {
		var p []byte
		if p, err = l.readFile(l.path(name)); err == nil {
			if l.producers, err = decodeProducers(p); err == nil {
				return nil
			}
		}
	}
	l.env.Log.Warn("snapshot of producers does not check and is made again from the segments", "file", l.path(name), "err", err)
	l.producers, err = l.replay(nil, nil)
	return err
}

// replay goes through all batches of the log and returns what they say of producers. If upto is not nil it ends with that
// segment. found, if not nil, gets the aborted transactions of each segment.
func (l *Log) replay(upto *segment, found func(*segment, aborted)) (*producers, error) {
	ps, now := newProducers(), l.now()
	l.mu.Lock()
	segments, active, activeSize := l.closed, l.active, l.size
	l.mu.Unlock()
	if active != nil {
		segments = append(slices.Clip(segments), active)
	}
	for _, s := range segments {
		size := activeSize
		if s != active {
			size = s.size
		}
		err := l.scan(s, 0, size, func(_ int64, h *header, batch []byte) error {
			if h.producer >= 0 && ps.byID[h.producer] == nil {
				if err := ps.room(h); err != nil {
					return err
				}
			}
			if a, ok := ps.note(h, batch, now); ok && found != nil {
				found(s, a)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		if s == upto {
			break
		}
	}
	ps.ending = nil
	return ps, nil
}

// findAborted finds the aborted transactions that end in a segment.
func (l *Log) findAborted(s *segment) ([]aborted, error) {
	var out []aborted
	_, err := l.replay(s, func(at *segment, a aborted) {
		if at == s {
			out = append(out, a)
		}
	})
	return out, err
}

// tidy deletes what crashes and old checkpoints have left.
func (l *Log) tidy(m *manifest, files map[string]int64) {
	keep := map[string]bool{}
	for _, s := range m.segments {
		keep[s.logName()], keep[s.indexName()] = true, true
	}
	if l.snapshot != noSnapshot {
		keep[snapshotName(l.snapshot)] = true
	}
	for name := range files {
		mine := strings.HasSuffix(name, ".log") || strings.HasSuffix(name, ".index") || strings.HasSuffix(name, ".snapshot") || strings.HasSuffix(name, ".tmp")
		if !mine || keep[name] || strings.HasPrefix(name, damagedPrefix) {
			continue
		}
		if err := l.env.FS.Remove(l.path(name)); err != nil && !isMissing(err) {
			l.env.Log.Warn("left-over file cannot be deleted", "file", l.path(name), "err", err)
		}
	}
}

// earliest is the least first offset of aborted transactions.
func earliest(list []aborted) int64 {
	first := int64(math.MaxInt64)
	for _, a := range list {
		first = min(first, a.first)
	}
	return first
}
