// Package kafka lets real clients of Kafka work on a broker and holds what they did against a ledger: franz-go,
// confluent-kafka and kcat (librdkafka), kafka-python, Kafka's own Java client, tools, Streams and Connect, Flink's
// connector, Telegraf.
//
// -on says which brokers: millrace is the built binary (MILLRACE_BIN names it; without it one is built first), broker the
// package broker in a process of its own, kafka a real Kafka, which shows that a test asks for nothing but what Kafka does;
// HOST:PORT is one that runs already. What the tests need besides is installed by make deps; none is skipped. The heavy
// ones have names that begin with TestHeavy.
//
// # Roles
//
// A client that is a library is driven by a program that plays roles: clients/confluent.py, clients/kafka_python.py,
// clients/Client.java, and for franz-go this test binary. It is started as `PROGRAM ROLE SETTINGS`, settings is the type in
// JSON, and writes a line of JSON (event) for each thing that happens. Its standard input closed tells it to end well.
//
//	produce   sends the ids [first, first+count) to partition id % partitions; says sent with the outcome of each
//	consume   reads in a group and commits after each batch; says assigned, got, committed
//	transact  sends the ids in transactions of size, each abort_every-th aborted; says transaction of each
//	hold      sends the ids in one transaction, says ready, waits for a line, and commits; says transaction, which is
//	          fenced if somebody has taken its transactional id
//	relay     reads committed records and writes them to out with its offsets in transactions; says relayed
//
// The record of an id has the key k<id % 17>, the value {"id": id, "pad": "…"} and a header `from` that names the client.
package kafka
