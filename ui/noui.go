//go:build noui

package ui

import "embed"

// built is empty: the tag noui leaves the screen out of the binary even when it was built.
var built embed.FS
