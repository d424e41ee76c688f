// Package ui carries the Millrace screen inside the binary.
//
// The screen is a Vue application built by `npm run build` into dist, which is not under version
// control: a checkout that has not built it still compiles, and then serves one page that says how
// to build it. Package api serves the files; it decides headers, caching and the fallback to
// index.html for the routes of the application.
//
// What surprises people: files are embedded when the binary is compiled, so a rebuilt screen is
// seen only after the binary is rebuilt.
package ui

import (
	"embed"
	"io/fs"
)

// unbuilt is the page shown in place of a screen that was not built.
//
//go:embed unbuilt
var unbuilt embed.FS

// Files returns the files of the screen with index.html at the root, and whatever happens an
// index.html is among them.
func Files() fs.FS {
	if Built() {
		return mustSub(built, "dist")
	}
	return mustSub(unbuilt, "unbuilt")
}

// Built reports whether the real screen is in the binary.
func Built() bool {
	_, err := fs.Stat(built, "dist/index.html")
	return err == nil
}

// mustSub panics only on an invalid path, and both paths are constants.
func mustSub(files fs.FS, dir string) fs.FS {
	sub, err := fs.Sub(files, dir)
	if err != nil {
		panic(err)
	}
	return sub
}
