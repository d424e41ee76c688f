package file

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"

	"millrace/fault"
	"millrace/logline"
)

// tried is how many bytes of a file Test reads, and lines it parses.
const (
	triedBytes = 256 << 10
	triedLines = 20
)

// Test looks for files, opens one of them and reads its first lines.
func (c *collector) Test(ctx context.Context) error {
	var path string
	var wrong error
	w := &walk{dirs: map[string]bool{}, wrong: func(_ string, err error) { wrong = err }}
	excluded := 0
	w.found = func(p string) {
		if isCompressed(p) || c.excludes(p) {
			excluded++
			return
		}
		if info, err := os.Stat(p); path == "" && err == nil && info.Mode().IsRegular() {
			path = p
		}
	}
	for _, g := range c.globs {
		w.glob(ctx, g)
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case path == "" && wrong != nil:
		return fault.New(fault.Denied, "look for files: %w", wrong).WithHint("let the user that runs the platform read the folder")
	case path == "" && excluded > 0:
		return fault.New(fault.NotFound, "all %d files that match are excluded or compressed", excluded)
	case path == "":
		return fault.New(fault.NotFound, "no file matches the paths").WithHint("files that come later are found; if some should be there, look at the paths, which are those of the machine that runs the platform")
	}
	return c.tryFile(path)
}

func (c *collector) excludes(path string) bool {
	for _, g := range c.exclude {
		if g.covers(path) {
			return true
		}
	}
	return false
}

// tryFile parses the first records of a file. If it can read none of them, the format is wrong.
func (c *collector) tryFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		kind := fault.Unavailable
		if os.IsPermission(err) {
			kind = fault.Denied
		}
		return fault.New(kind, "open file: %w", err).WithHint("let the user that runs the platform read the file")
	}
	defer func() { _ = f.Close() }() // was only read
	b, err := io.ReadAll(io.LimitReader(f, triedBytes))
	if err != nil {
		return fmt.Errorf("read file %s: %w", path, err)
	}
	parser, err := logline.New(c.format, c.settings)
	if err != nil {
		return err
	}
	var first error
	s := splitter{c.maxLine, c.multi}
	for range triedLines {
		found := s.next(b, skipNothing, true, false)
		if found.used == 0 {
			break
		}
		object, _, err := parser.Append(nil, bytes.ToValidUTF8(clean(found.text, 1), []byte("\ufffd")))
		if err == nil && len(object) > 0 {
			return nil
		}
		if err != nil && first == nil {
			first = err
		}
		b = b[found.used:]
	}
	if first != nil {
		return fault.New(fault.Invalid, "read the first lines of %s as %s: %w", path, c.format, first).WithHint("choose the format that the file has, or mend its settings")
	}
	return nil
}
