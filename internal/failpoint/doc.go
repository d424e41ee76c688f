// Package failpoint names the points of the program at which a crash would be hardest to survive: before and after each
// fsync, rename, append to a manifest, snapshot, decision, marker and commit. Tests end the process there (test/ledger).
//
// It does something only in a program built with -tags failpoints. In all others Hit is an empty function and Planted
// the constant false, which the compiler leaves out.
//
//	MILLRACE_FAILPOINT=NAME:N[:ACTION]  does ACTION when the point NAME is hit for the N-th time
//	MILLRACE_FAILPOINT_LOG=FILE         appends the name of a point to FILE when it is hit, the first 100 times
//	MILLRACE_PLANT=NAME                 lets the program do one thing wrong, so that tests can show that they would notice
//
// The actions are kill (the process is gone, as by kill -9; the default), stop (it stands still until somebody sends
// SIGCONT), panic, and sleep=DURATION.
//
// The names of points are string constants in the calls, PACKAGE.WHAT.WHEN, each in one place: test/ledger reads them
// from the source and wants each to have been hit.
package failpoint
