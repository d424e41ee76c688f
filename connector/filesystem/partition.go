package filesystem

import (
	"net/url"
	"path/filepath"
	"strings"

	"millrace/connector"
	"millrace/fault"
	"millrace/vec"
)

// partitions are the folders k=v, one inside the other, in which a table that is PARTITIONED BY has its files. The
// columns are not in the files.
type partitions struct {
	columns []string
	at      []int  // where they are among a table's columns; -1: not read
	empty   string // stands for NULL and for no text
	success string // the file that says that a partition has grown; "": none
}

// Options about partitions.
const (
	optPartEmpty   = "partition.default-name"
	optPartTrigger = "sink.partition-commit.trigger"
	optPartDelay   = "sink.partition-commit.delay"
	optPartPolicy  = "sink.partition-commit.policy.kind"
	optPartSuccess = "sink.partition-commit.success-file.name"
)

func newPartitions(t connector.Table) partitions {
	p := partitions{columns: t.Partition, empty: t.Options.String(optPartEmpty)}
	for _, name := range t.Partition {
		at := -1
		for c, key := range t.Meta {
			if key == connector.PartitionMetadata+name {
				at = c
			}
		}
		p.at = append(p.at, at)
	}
	return p
}

// commits reads how partitions are said to have grown.
func (p *partitions) commits(t connector.Table) error {
	v := t.Options
	for kind := range strings.SplitSeq(v.String(optPartPolicy), ",") {
		switch kind = strings.TrimSpace(kind); kind {
		case "":
		case "success-file":
			p.success = v.String(optPartSuccess)
		default:
			return fault.New(fault.Invalid, "connector filesystem: option %q: policy %q is not known", optPartPolicy, kind).WithHint("it is success-file")
		}
	}
	if p.success != "" && (v.String(optPartTrigger) == "partition-time" || v.Duration(optPartDelay) > 0) {
		return fault.New(fault.Invalid, "connector filesystem: partitions are committed with each checkpoint that adds to them, not by their time or later").
			WithHint("leave %s and %s out", optPartTrigger, optPartDelay)
	}
	return nil
}

// special are the characters that Hive and Flink do not have in names, besides control characters.
const special = "\"#%'*/:=?\\{[]^\x7f"

// appendFolder appends the folder of a row, relative to that of the table.
func (p *partitions) appendFolder(dst []byte, b *vec.Batch, row int) []byte {
	for i, name := range p.columns {
		if i > 0 {
			dst = append(dst, '/')
		}
		dst = append(appendName(dst, name), '=')
		col := &b.Cols[p.at[i]]
		if col.IsNull(row) || len(col.Bytes(row)) == 0 {
			dst = appendName(dst, p.empty)
			continue
		}
		dst = appendName(dst, col.Bytes(row))
	}
	return dst
}

func appendName[T string | []byte](dst []byte, name T) []byte {
	const digits = "0123456789ABCDEF"
	for i := range len(name) {
		c := name[i]
		if c < ' ' || strings.IndexByte(special, c) >= 0 {
			dst = append(dst, '%', digits[c>>4], digits[c&15])
			continue
		}
		dst = append(dst, c)
	}
	return dst
}

// values returns what the partition columns are in a file, or false if it is in no partition.
func (p *partitions) values(root, path string) ([]string, bool) {
	if len(p.columns) == 0 {
		return nil, true
	}
	rel, err := filepath.Rel(root, filepath.Dir(path))
	if err != nil {
		return nil, false
	}
	found := map[string]string{}
	for folder := range strings.SplitSeq(filepath.ToSlash(rel), "/") {
		if k, v, ok := strings.Cut(folder, "="); ok {
			found[unescaped(k)] = unescaped(v)
		}
	}
	out := make([]string, len(p.columns))
	for i, name := range p.columns {
		v, ok := found[name]
		if !ok {
			return nil, false
		}
		out[i] = v
	}
	return out, true
}

func unescaped(s string) string {
	if out, err := url.PathUnescape(s); err == nil {
		return out
	}
	return s
}

// set fills the partition columns of the row that comes next.
func (p *partitions) set(dst *connector.Rows, values []string) {
	for i, c := range p.at {
		if c >= 0 && values[i] != p.empty {
			dst.SetString(c, values[i])
		}
	}
}
