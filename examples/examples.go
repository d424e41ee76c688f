// Package examples holds the pipelines that come with the program: Flink SQL that a real Flink runs as
// it is, too.
package examples

import "embed"

// Files has a folder for each example, with its pipeline.sql.
//
//go:embed */pipeline.sql
var Files embed.FS
