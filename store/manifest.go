package store

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"millrace/internal/failpoint"
)

// The manifest is a file of frames, each one record:
//
//	magic   8 bytes  once, at the start of the file: "MLRMANI1"
//	length  uint32   of the payload, little-endian, as all numbers here
//	header  uint32   CRC-32C of the four bytes before
//	payload          a record as JSON
//	crc     uint32   CRC-32C of the payload
//
// The header has a CRC of its own so that a flipped bit in a length is not taken for a torn end.
const (
	manifestName  = "manifest"
	manifestMagic = "MLRMANI1"
	frameHeader   = 8
	frameTrailer  = 4
	// maxRecord is far above what a record of 10,000 measurements takes.
	maxRecord = 256 << 20
)

// record is one change of the store, made as a whole or not at all.
type record struct {
	// Fresh means that nothing before this record counts: it begins a rewritten manifest.
	Fresh   bool         `json:"fresh,omitempty"`
	Add     []partRecord `json:"add,omitempty"`
	Remove  []uint64     `json:"remove,omitempty"`
	Covered []coverage   `json:"covered,omitempty"`
	Schemas []tableShape `json:"schemas,omitempty"`
	// Store names this store, once, in a fresh record.
	Store string `json:"store,omitempty"`
	// Drop are keys of objects in the bucket that no part has: one that is about to be written and not
	// listed yet, or that was listed and is to go. A part with the key ends that, and so does Dropped.
	Drop    []string `json:"drop,omitempty"`
	Dropped []string `json:"dropped,omitempty"`
	// Forget names topics whose offsets count from nothing again.
	Forget []string `json:"forget,omitempty"`
}

// coverage says up to which offset the rows of a partition are in parts.
type coverage struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Upto      int64  `json:"upto"`
}

// tableShape is the columns of a measurement.
type tableShape struct {
	Measurement string   `json:"measurement"`
	Columns     []Column `json:"columns"`
}

// manifest is the open file. Store.committing guards it.
type manifest struct {
	path   string
	file   *os.File
	size   int64
	broken error // set once the end of the file is not known any more
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// openManifest opens or makes the manifest in dir and calls apply with its records in order. A torn
// end is cut off; torn is how many bytes that were.
func openManifest(dir string, apply func(record) error) (m *manifest, torn int64, err error) {
	path := filepath.Join(dir, manifestName)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		m, err = createManifest(path, record{Fresh: true})
		return m, 0, err
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read manifest: %w", err)
	}
	good, err := readManifest(data, apply)
	if err != nil {
		return nil, 0, err
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, 0, fmt.Errorf("open manifest: %w", err)
	}
	m = &manifest{path: path, file: f, size: good}
	if torn = int64(len(data)) - good; torn > 0 {
		if err := m.cut(); err != nil {
			return nil, 0, errors.Join(fmt.Errorf("cut torn end of manifest: %w", err), f.Close())
		}
	}
	return m, torn, nil
}

// createManifest writes a manifest of one record under a temporary name, and renames it to path.
func createManifest(path string, first record) (*manifest, error) {
	payload, err := json.Marshal(first)
	if err != nil {
		return nil, fmt.Errorf("encode manifest record: %w", err)
	}
	data := appendFrame([]byte(manifestMagic), payload)
	f, err := os.OpenFile(path+".tmp", os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return nil, fmt.Errorf("create manifest: %w", err)
	}
	if _, err = f.Write(data); err == nil {
		err = f.Sync()
	}
	if err == nil {
		failpoint.Hit("store.manifest.rename.before")
		err = os.Rename(path+".tmp", path)
	}
	if err == nil {
		failpoint.Hit("store.manifest.rename.after")
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("create manifest: %w", err), f.Close())
	}
	return &manifest{path: path, file: f, size: int64(len(data))}, nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func appendFrame(dst, payload []byte) []byte {
	at := len(dst)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(payload)))
	dst = binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[at:at+4], castagnoli))
	dst = append(dst, payload...)
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(payload, castagnoli))
}

// append makes rec durable. After an error the record does not count.
func (m *manifest) append(rec record) error {
	if m.broken != nil {
		return fmt.Errorf("append to manifest: an earlier write left it unusable: %w", m.broken)
	}
	payload, err := json.Marshal(rec)
	if err != nil {
		return fmt.Errorf("encode manifest record: %w", err)
	}
	if len(payload) > maxRecord {
		return fmt.Errorf("append to manifest: a record of %d bytes is longer than %d", len(payload), maxRecord)
	}
	frame := appendFrame(nil, payload)
	failpoint.Hit("store.manifest.append.before")
	if _, err := m.file.WriteAt(frame, m.size); err != nil {
		// Part of the frame may be there: it must not stay in front of the next one.
		if cutErr := m.cut(); cutErr != nil {
			m.broken = cutErr
		}
		return fmt.Errorf("append to manifest: %w", err)
	}
	failpoint.Hit("store.manifest.sync.before")
	if err := m.file.Sync(); err != nil {
		// What the file holds after a failed fsync is unknown, and a second fsync may claim success.
		m.broken = err
		return fmt.Errorf("append to manifest: fsync: %w", err)
	}
	failpoint.Hit("store.manifest.sync.after")
	m.size += int64(len(frame))
	return nil
}

// cut makes the file end at size again.
func (m *manifest) cut() error {
	if err := m.file.Truncate(m.size); err != nil {
		return err
	}
	return m.file.Sync()
}

// rewrite replaces the file by one that holds rec alone.
func (m *manifest) rewrite(rec record) error {
	if m.broken != nil {
		return fmt.Errorf("rewrite manifest: an earlier write left it unusable: %w", m.broken)
	}
	rec.Fresh = true
	fresh, err := createManifest(m.path, rec)
	if err != nil {
		// The rename may have happened: then an append to the old file would be lost.
		m.broken = err
		return err
	}
	old := m.file
	m.file, m.size = fresh.file, fresh.size
	_ = old.Close() // it is unlinked, and all that it held is in the new one
	return nil
}

func (m *manifest) close() error {
	if err := m.file.Close(); err != nil {
		return fmt.Errorf("close manifest: %w", err)
	}
	return nil
}

// readManifest calls apply for each record and returns where the last whole one ends.
func readManifest(data []byte, apply func(record) error) (good int64, err error) {
	if len(data) < len(manifestMagic) || string(data[:len(manifestMagic)]) != manifestMagic {
		return 0, corrupt(manifestName, 0, "it does not begin as one")
	}
	at := len(manifestMagic)
	for at < len(data) {
		payload, err := readFrame(data, at)
		if errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			return 0, err
		}
		var rec record
		if err := json.Unmarshal(payload, &rec); err != nil {
			return 0, corrupt(manifestName, at, "its record is not readable: %w", err)
		}
		if at == len(manifestMagic) && !rec.Fresh {
			return 0, corrupt(manifestName, at, "its first record is not the beginning")
		}
		if err := apply(rec); err != nil {
			return 0, corrupt(manifestName, at, "%w", err)
		}
		at += frameHeader + len(payload) + frameTrailer
	}
	if at == len(manifestMagic) {
		// It was renamed into place whole, so this is no torn append.
		return 0, corrupt(manifestName, at, "it has no records")
	}
	return int64(at), nil
}

// readFrame returns the payload of the frame at offset at, or io.ErrUnexpectedEOF if the file was cut
// off inside it, which is what a crash leaves behind.
func readFrame(data []byte, at int) ([]byte, error) {
	rest := data[at:]
	if len(rest) < frameHeader {
		return nil, io.ErrUnexpectedEOF
	}
	n := int(binary.LittleEndian.Uint32(rest))
	if crc32.Checksum(rest[:4], castagnoli) != binary.LittleEndian.Uint32(rest[4:]) {
		if zeros(rest[frameHeader:]) {
			return nil, io.ErrUnexpectedEOF // loss of power: the file grew, its bytes did not come
		}
		return nil, corrupt(manifestName, at, "the length of its record does not check")
	}
	if len(rest) < frameHeader+n+frameTrailer {
		return nil, io.ErrUnexpectedEOF
	}
	payload := rest[frameHeader : frameHeader+n]
	if crc32.Checksum(payload, castagnoli) != binary.LittleEndian.Uint32(rest[frameHeader+n:]) {
		if zeros(rest[len(rest)-frameTrailer:]) && len(rest) == frameHeader+n+frameTrailer {
			return nil, io.ErrUnexpectedEOF // the same, from somewhere within the payload on
		}
		return nil, corrupt(manifestName, at, "its record does not check")
	}
	return payload, nil
}

func zeros(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
