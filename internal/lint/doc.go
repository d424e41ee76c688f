// Package lint holds the rules of this repository that a machine can check, as tests that read the
// source: which package may import which (deps.txt), which outside module may be imported where
// (doors.txt), names, comments, error texts, global state.
//
// It is run by make lint and by go test like any other package. Files are parsed, never type-checked
// or built, so the whole tree takes a second. Every message says where, and what to write instead;
// a rule that is wrong is changed here, in the open, and not worked around.
package lint
