package file

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// glob is a pattern for paths, by its parts between slashes. A part ** stands for any number of folders.
type glob struct {
	text  string
	parts []string // the first is empty if the pattern begins with a slash
}

// anyFolders is the part that stands for any number of folders.
const anyFolders = "**"

// maxDepth is how deep ** goes.
const maxDepth = 32

func parseGlob(text string) (glob, error) {
	g := glob{text: text, parts: strings.Split(filepath.Clean(text), "/")}
	if g.parts[len(g.parts)-1] == anyFolders {
		g.parts = append(g.parts, "*")
	}
	for _, p := range g.parts {
		if _, err := filepath.Match(p, ""); err != nil {
			return g, err
		}
	}
	return g, nil
}

// covers reports whether the pattern is for the path; one without a slash is for names.
func (g glob) covers(path string) bool {
	if len(g.parts) == 1 {
		path = filepath.Base(path)
	}
	return matchParts(g.parts, strings.Split(path, "/"))
}

func matchParts(pattern, path []string) bool {
	for len(pattern) > 0 {
		if pattern[0] == anyFolders {
			for skip := range len(path) {
				if matchParts(pattern[1:], path[skip:]) {
					return true
				}
			}
			return false
		}
		if len(path) == 0 {
			return false
		}
		if ok, _ := filepath.Match(pattern[0], path[0]); !ok { // parseGlob has looked for errors
			return false
		}
		pattern, path = pattern[1:], path[1:]
	}
	return len(path) == 0
}

// walk looks for the files of a pattern.
type walk struct {
	found func(path string)
	dirs  map[string]bool // where files would be
	wrong func(path string, err error)
}

func (w *walk) glob(ctx context.Context, g glob) {
	if g.parts[0] == "" {
		w.in(ctx, "/", g.parts[1:], 0)
		return
	}
	w.in(ctx, ".", g.parts, 0)
}

func (w *walk) in(ctx context.Context, dir string, parts []string, depth int) {
	if ctx.Err() != nil || depth > maxDepth {
		return
	}
	part, last := parts[0], len(parts) == 1
	if last {
		w.dirs[dir] = true
	}
	if part != anyFolders && !strings.ContainsAny(part, `*?[\`) {
		path := filepath.Join(dir, part)
		if !last {
			w.in(ctx, path, parts[1:], depth)
		} else if _, err := os.Stat(path); err == nil {
			w.found(path)
		} else {
			w.miss(path, err)
		}
		return
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		w.miss(dir, err)
		return
	}
	if part == anyFolders {
		w.in(ctx, dir, parts[1:], depth)
	}
	for _, e := range entries {
		w.entry(ctx, dir, e, parts, depth)
	}
}

func (w *walk) entry(ctx context.Context, dir string, e fs.DirEntry, parts []string, depth int) {
	part, name := parts[0], e.Name()
	hidden := name[0] == '.' && part[0] != '.'
	path := filepath.Join(dir, name)
	if part == anyFolders {
		if e.IsDir() && !hidden { // links are not followed: they may go in circles
			w.in(ctx, path, parts, depth+1)
		}
		return
	}
	if ok, _ := filepath.Match(part, name); !ok || hidden {
		return
	}
	if len(parts) == 1 {
		w.found(path)
	} else if info, err := os.Stat(path); err == nil && info.IsDir() {
		w.in(ctx, path, parts[1:], depth)
	}
}

// miss reports what cannot be looked at. What is not there may come.
func (w *walk) miss(path string, err error) {
	if !errors.Is(err, fs.ErrNotExist) {
		w.wrong(path, err)
	}
}

// compressed are the ends of names of files whose lines were read before somebody packed them.
var compressed = []string{".gz", ".bz2", ".xz", ".zst", ".zip", ".lz4", ".tgz", ".Z"}

func isCompressed(path string) bool {
	return slices.ContainsFunc(compressed, func(end string) bool { return strings.HasSuffix(path, end) })
}
