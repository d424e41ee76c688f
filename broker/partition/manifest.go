package partition

import (
	"encoding/binary"
	"hash/crc32"
	"math"

	"millrace/fault"
	"millrace/internal/failpoint"
)

// The manifest is the file that says which segments make up the log, where it begins, and how far it was known to be durable: what a listing of the
// folder cannot know. It is replaced as a whole (temporary name, fsync, rename, fsync of the folder), so a crash leaves the old or the new one.
const (
	manifestName    = "manifest"
	manifestMagic   = "MRLOG"
	manifestVersion = 1
	manifestHead    = len(manifestMagic) + 2
	manifestFixed   = 8*7 + 4 + 4 + 1
	segmentBytes    = 8*5 + 4
	epochBytes      = 4 + 8
	// maxEpochs bounds the history of leader epochs: the oldest are forgotten.
	maxEpochs = 64
)

// epochStart is where a leader epoch began.
type epochStart struct {
	epoch int32
	start int64
}

// manifest is what the file of that name holds. Its segments are those of the log; the last one is the active one if hasActive.
type manifest struct {
	start     int64 // the first offset that readers may ask for
	end       int64 // what was durable: a log that ends before it has lost something
	cleaned   int64 // up to where compaction has gone
	check     int64 // a checkpoint: index and producers were written for the log up to this offset ...
	checkPos  int64 // ... which is here in the active segment
	snapshot  int64 // offset of the snapshot of producers that belongs to it; -1: there were none
	born      int64 // when the first record came to the active segment, in milliseconds
	hasActive bool
	epochs    []epochStart
	segments  []*segment
}

func (m *manifest) clone() *manifest {
	c := *m
	c.epochs = append([]epochStart(nil), m.epochs...)
	c.segments = append([]*segment(nil), m.segments...)
	return &c
}

func (m *manifest) encode() []byte {
	p := make([]byte, 0, manifestHead+manifestFixed+len(m.epochs)*epochBytes+len(m.segments)*segmentBytes+4)
	p = append(p, manifestMagic...)
	p = binary.BigEndian.AppendUint16(p, manifestVersion)
	for _, v := range [...]int64{m.start, m.end, m.cleaned, m.check, m.checkPos, m.snapshot, m.born} {
		p = binary.BigEndian.AppendUint64(p, uint64(v))
	}
	active := byte(0)
	if m.hasActive {
		active = 1
	}
	p = append(p, active)
	p = binary.BigEndian.AppendUint32(p, uint32(len(m.epochs)))
	p = binary.BigEndian.AppendUint32(p, uint32(len(m.segments)))
	for _, e := range m.epochs {
		p = binary.BigEndian.AppendUint32(p, uint32(e.epoch))
		p = binary.BigEndian.AppendUint64(p, uint64(e.start))
	}
	for i, s := range m.segments {
		end, size, maxTime, minAborted := s.end, s.size, s.maxTime, s.minAborted
		if m.hasActive && i == len(m.segments)-1 {
			end, size, maxTime, minAborted = s.base, 0, noTime, math.MaxInt64
		}
		for _, v := range [...]int64{s.base, end, size, maxTime, minAborted} {
			p = binary.BigEndian.AppendUint64(p, uint64(v))
		}
		p = binary.BigEndian.AppendUint32(p, s.generation)
	}
	return binary.BigEndian.AppendUint32(p, crc32.Checksum(p, castagnoli))
}

// decodeManifest reads a manifest. Its errors are of kind Corrupt; a version that is not known is told apart.
func decodeManifest(name string, p []byte) (*manifest, error) {
	bad := func(why string) error {
		return fault.New(fault.Corrupt, "read %s: %s", name, why).WithHint(
			"restore the folder from a copy, or accept the loss: the log is then put together from the segments that are there")
	}
	if len(p) < manifestHead || string(p[:len(manifestMagic)]) != manifestMagic {
		return nil, bad("it is not a manifest")
	}
	sum := crc32.Checksum(p[:len(p)-4], castagnoli) == binary.BigEndian.Uint32(p[len(p)-4:])
	if v := binary.BigEndian.Uint16(p[len(manifestMagic):]); v != manifestVersion {
		if sum {
			return nil, fault.New(fault.Invalid, "read %s: the log has format %d, this program knows format %d", name, v, manifestVersion).
				WithHint("start the version of Millrace that wrote it, or a newer one")
		}
		return nil, bad("its checksum is wrong")
	}
	if !sum || len(p) < manifestHead+manifestFixed+4 {
		return nil, bad("its checksum is wrong")
	}
	p = p[manifestHead : len(p)-4]
	next := func() int64 {
		v := int64(binary.BigEndian.Uint64(p))
		p = p[8:]
		return v
	}
	m := &manifest{start: next(), end: next(), cleaned: next(), check: next(), checkPos: next(), snapshot: next(), born: next()}
	m.hasActive = p[0] == 1
	epochs, segments := int(binary.BigEndian.Uint32(p[1:])), int(binary.BigEndian.Uint32(p[5:]))
	if p = p[9:]; epochs*epochBytes+segments*segmentBytes != len(p) {
		return nil, bad("its lengths do not fit")
	}
	for range epochs {
		e := int32(binary.BigEndian.Uint32(p))
		p = p[4:]
		m.epochs = append(m.epochs, epochStart{e, next()})
	}
	for range segments {
		s := &segment{base: next(), end: next(), size: next(), maxTime: next(), minAborted: next()}
		s.generation = binary.BigEndian.Uint32(p)
		p = p[4:]
		m.segments = append(m.segments, s)
	}
	if m.hasActive && segments == 0 || m.start < 0 || m.end < m.start || m.checkPos < 0 {
		return nil, bad("its offsets do not fit")
	}
	return m, nil
}

// commit changes the manifest durably, then, by apply, what it says in memory, then deletes segments that are no longer part of the log. newFiles says
// that files were made whose names must be durable first. change gets a copy. If it fails nothing has changed in memory, and either may be on disk:
// both are right as long as no file was deleted.
func (l *Log) commit(newFiles bool, change func(*manifest), apply func(), gone []*segment) error {
	l.manifestMu.Lock()
	defer l.manifestMu.Unlock()
	m := l.manifest.clone()
	l.mu.Lock()
	m.end = max(m.end, l.synced)
	l.mu.Unlock()
	change(m)
	if newFiles {
		if err := l.env.FS.SyncDir(l.dir); err != nil {
			return err
		}
	}
	if err := l.writeManifest(m); err != nil {
		return err
	}
	failpoint.Hit("partition.manifest.synced")
	l.manifest = m
	if apply != nil {
		l.mu.Lock()
		apply()
		l.mu.Unlock()
	}
	for _, s := range gone {
		failpoint.Hit("partition.segment.remove.before")
		l.unlink(s)
	}
	return nil
}

func (l *Log) writeManifest(m *manifest) error {
	name := l.path(manifestName)
	failpoint.Hit("partition.manifest.write.before")
	if err := l.writeFile(name+".tmp", m.encode(), true); err != nil {
		return err
	}
	failpoint.Hit("partition.manifest.rename.before")
	if err := l.env.FS.Rename(name+".tmp", name); err != nil {
		return err
	}
	failpoint.Hit("partition.manifest.rename.after")
	return l.env.FS.SyncDir(l.dir)
}
