// Package filesystem reads tables from files, one record a line, and writes them to files, as Flink's
// connector of that name does.
//
// Reading: path is a file or a folder; each file in it (hidden ones and those that begin with an
// underscore apart) is a bounded split, and an offset is a position in bytes. With source.monitor-interval the table
// never ends: one more split, which never has rows, keeps the job waiting for new files. Such a job
// wants an idle timeout if it has a watermark. A file that grows after it was read is not read again.
//
// The files of a table that is PARTITIONED BY are in folders k=v; those that are in none are not read.
//
// Writing: path is a folder. Rows go to a hidden file, which is synced at every checkpoint and gets its
// name, part-…, when the rolling policy has closed it and the checkpoint is committed, or when the job
// ends. A CSV field with a line end in quotes is written, but not read back, as a record is a line.
package filesystem

import (
	"regexp"
	"strings"

	"millrace/connector"
	"millrace/fault"
	"millrace/option"
	"millrace/schema"
)

// Spec returns the connector as SQL sees it.
func Spec() connector.Spec {
	return connector.Spec{
		Name:       "filesystem",
		Doc:        "Files of one record a line: a file or folder to read, a folder to write.",
		SQL:        true,
		Format:     true,
		Options:    options(),
		Lines:      true,
		Partitions: true,
		Overwrites: true,
		Lookup:     func(v option.Values) bool { return !v.Has("source.monitor-interval") },
		Metadata: map[string]schema.Type{
			"file.path":              schema.Of(schema.VarChar).Required(),
			"file.name":              schema.Of(schema.VarChar).Required(),
			"file.size":              schema.Of(schema.BigInt).Required(),
			"file.modification-time": schema.Of(schema.TimestampLTZ).WithPrecision(3).Required(),
		},
		Source: newSource,
		Sink:   newSink,
	}
}

func options() []option.Option {
	return []option.Option{
		{Name: "path", Required: true, Doc: "The file or folder."},
		{Name: "source.monitor-interval", Kind: option.Duration, Doc: "Look for new files this often and never end; unset, the files there are at the start are read."},
		{Name: "source.path.regex-pattern", Doc: "A regular expression that the whole path of a file must match to be read."},
		{Name: optPartEmpty, Default: "__DEFAULT_PARTITION__", Doc: "What a partition is called whose value is NULL or empty."},
		{Name: optPartPolicy, Doc: "success-file: a partition to which files were added gets one that says so."},
		{Name: optPartSuccess, Default: "_SUCCESS", Doc: "The name of that file."},
		{Name: optPartTrigger, OneOf: []string{"process-time", "partition-time"}, Default: "process-time", Doc: "process-time: when files are added."},
		{Name: optPartDelay, Kind: option.Duration, Default: "0 s", Doc: "Only 0: at once."},
		{Name: "sink.rolling-policy.file-size", Kind: option.Size, Default: "128mb", Doc: "Begin a new file when one has this size."},
		{Name: "sink.rolling-policy.rollover-interval", Kind: option.Duration, Default: "30 min", Doc: "Begin a new file when one is this old."},
		{Name: "sink.rolling-policy.check-interval", Kind: option.Duration, Default: "1 min", Doc: "How often Flink looks at the age of a file; here it is looked at on every checkpoint."},
	}
}

// localPath is a path as Flink writes it, without its scheme.
func localPath(v option.Values) (string, error) {
	path := v.String("path")
	if rest, ok := strings.CutPrefix(path, "file:"); ok {
		if after, ok := strings.CutPrefix(rest, "//"); ok {
			rest = after
		}
		return rest, nil
	}
	if scheme, _, ok := strings.Cut(path, "://"); ok {
		return "", fault.New(fault.Invalid, "connector filesystem: path %q: there is no file system %q", path, scheme).
			WithHint("use a path of this machine, or file://")
	}
	return path, nil
}

func newSource(t connector.Table) (connector.Source, error) {
	path, err := localPath(t.Options)
	if err != nil {
		return nil, err
	}
	s := &source{path: path, parts: newPartitions(t), monitor: t.Options.Duration("source.monitor-interval"), meta: t.Meta}
	if p := t.Options.String("source.path.regex-pattern"); p != "" {
		if s.pattern, err = regexp.Compile("^(?:" + p + ")$"); err != nil {
			return nil, fault.New(fault.Invalid, "connector filesystem: option %q: %w", "source.path.regex-pattern", err)
		}
	}
	return s, nil
}
