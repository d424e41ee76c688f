// Package differ compares Millrace with Flink on random scripts. A seed gives a script: tables with their
// data, and a query over them. The answers that a real Flink gave to the scripts of some seeds are kept in
// testdata and compared with Millrace's in `go test ./test/differ`; with the tag oracle a real Flink is asked
// about the seeds that -seeds names:
//
//	go test -tags oracle -count=1 ./test/differ -run Flink -seeds 1-1000
//
// A difference prints the seed, the script and both answers. Where Millrace differs by decision the script
// is matched by a deviation, which holds the reason.
package differ
