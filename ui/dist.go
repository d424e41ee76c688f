//go:build !noui

package ui

import "embed"

// built is what `npm run build` wrote, or only .gitkeep. The prefix all: is what lets a folder
// that holds nothing but a dot file be embedded.
//
//go:embed all:dist
var built embed.FS
