// Package oracle compares with a real Flink: `make oracle` runs the golden scripts there and holds
// their expectations against its answers. It needs the tag oracle, for nothing here is fast:
//
//	MILLRACE_CASES   a folder of expressions.jsonl, functions.jsonl and programs.jsonl; ../shared/oracle beside the checkout if unset
package oracle
