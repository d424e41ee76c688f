// Package oracle compares with a real Flink: `make oracle` runs the golden scripts there and holds
// their expectations against its answers. It needs the tag oracle, for nothing here is fast:
//
//	MILLRACE_REAL            the folder with flink/gateway-up.sh; ../shared/real beside the checkout if unset
//	MILLRACE_FLINK           where Flink is installed to; millrace/flink in the user's cache folder if unset
//	MILLRACE_FLINK_GATEWAY   the port of a gateway that runs already, on the Flink of MILLRACE_FLINK
//	MILLRACE_CASES           a folder of expressions.jsonl, functions.jsonl and programs.jsonl; without it those are left out
package oracle
