// Package config is the settings of a node: one struct, filled from defaults, one YAML file, the
// environment and the command line, the later ones winning. node reads it; nothing below knows it.
//
// Every key of the file is also a variable: kafka.listen is MILLRACE_KAFKA_LISTEN. Unknown keys are
// refused, with the place and the nearest known name. example.yaml is the reference: it holds every
// key with its default, and a test keeps it so.
//
// What surprises people: a list in the file or the environment replaces the default list as a
// whole. Unknown MILLRACE_ variables are warnings, not errors, because Kubernetes makes some up
// from the names of services.
package config

import (
	_ "embed"
	"time"

	"millrace/alert"
	"millrace/telemetry"
)

// Example is the documented file, with every key at its default.
//
//go:embed example.yaml
var Example []byte

// Config is the settings of one node.
type Config struct {
	Data      string     `yaml:"data"`      // folder of everything that is kept
	Listen    string     `yaml:"listen"`    // address of API and screen
	Replica   string     `yaml:"replica"`   // name of this one among several; empty: the name of the machine
	Hosts     []string   `yaml:"hosts"`     // names under which a loopback address may be asked for
	Insecure  bool       `yaml:"insecure"`  // an open address without tokens
	Tokens    []Token    `yaml:"tokens"`    // who may do what; empty: a loopback address is open to all
	TLS       TLS        `yaml:"tls"`       // encrypts API and screen
	Limits    Limits     `yaml:"limits"`    // what one caller may do
	Kafka     Kafka      `yaml:"kafka"`     // the bus
	Broker    Broker     `yaml:"broker"`    // the embedded one
	Demo      Switch     `yaml:"demo"`      // the labelled generator that feeds sensors.raw
	Log       Log        `yaml:"log"`       // what is written to stderr
	CORS      CORS       `yaml:"cors"`      // who may call from other sites
	Sources   Sources    `yaml:"sources"`   // what is collected
	Pipelines []Pipeline `yaml:"pipelines"` // what runs from the start
	Flink     Flink      `yaml:"flink"`     // runs pipelines that are too large for this
	Store     Store      `yaml:"store"`     // what is kept
	Bucket    Bucket     `yaml:"bucket"`    // where old parts go
	Redis     Redis      `yaml:"redis"`     // newest values, shared by replicas
	InfluxDB  InfluxDB   `yaml:"influxdb"`  // warm store
	Alerts    Alerts     `yaml:"alerts"`    // what is watched, and who is told
	SQL       SQL        `yaml:"sql"`       // bounds of a query
	Jobs      Jobs       `yaml:"jobs"`      // pipelines that run here
	Functions Functions  `yaml:"functions"` // of users, in pipelines

	// Warnings are what was understood but does nothing, or was not understood in the environment.
	Warnings []string `yaml:"-"`
}

// Token lets its bearer in with a role. Exactly one of Token and TokenFile is given; Load reads the
// file.
type Token struct {
	Name      string           `yaml:"name"`
	Role      string           `yaml:"role"` // viewer, editor, admin or ingest
	Token     telemetry.Secret `yaml:"token"`
	TokenFile string           `yaml:"token_file"`
}

// Kafka says where the bus is.
type Kafka struct {
	Listen     string   `yaml:"listen"`     // address of the embedded broker
	Bootstrap  []string `yaml:"bootstrap"`  // brokers of a cluster; empty: the embedded one
	Partitions int      `yaml:"partitions"` // of topics that the platform makes
	TLS        KafkaTLS `yaml:"tls"`        // to a cluster
	SASL       SASL     `yaml:"sasl"`       // for a cluster
}

// KafkaTLS encrypts the connections to a cluster.
type KafkaTLS struct {
	Enabled  bool   `yaml:"enabled"`
	CAFile   string `yaml:"ca_file"`   // empty: what the system trusts
	CertFile string `yaml:"cert_file"` // of ours, if the cluster asks; with KeyFile
	KeyFile  string `yaml:"key_file"`
}

// SASL is our user at a cluster that asks for one.
type SASL struct {
	Mechanism string           `yaml:"mechanism"` // PLAIN, SCRAM-SHA-256, SCRAM-SHA-512; empty: none
	User      string           `yaml:"user"`
	Password  telemetry.Secret `yaml:"password"`
}

// TLS is the certificate of API and screen; without one they speak plain HTTP.
type TLS struct {
	CertFile string `yaml:"cert_file"`
	KeyFile  string `yaml:"key_file"`
}

// Limits bound what one token, or one address without a token, may do.
type Limits struct {
	RequestsPerSecond int `yaml:"requests_per_second"` // 0: as many as come
	LiveClients       int `yaml:"live_clients"`        // WebSocket connections
}

// Bucket is object storage: parts go there when they are old, and snapshots of jobs if replicas share them.
type Bucket struct {
	// URL is file:///dir or s3://bucket/prefix?endpoint=…&region=…&path_style=true; empty: none.
	URL string `yaml:"url"`
	// After is the age at which a part moves there.
	After Duration `yaml:"after"`
	// Cache bounds what is kept on disk of parts that queries fetched.
	Cache Size `yaml:"cache"`
	// Snapshots: jobs keep their snapshots there, so that another replica can take them over.
	Snapshots bool `yaml:"snapshots"`
}

// Redis keeps the newest values where all replicas see them.
type Redis struct {
	URL telemetry.Secret `yaml:"url"` // redis://[:password@]host:port/db or host:port; empty: in this process
}

// Alerts are the rules that are watched and the channels that are told.
type Alerts struct {
	Enabled      Switch `yaml:"enabled"`
	DefaultRules Switch `yaml:"default_rules"` // cpu_usage, memory_usage, processing_latency, error_rate
	URL          string `yaml:"url"`           // of the screen, for links; empty: the address it listens on
	// GroupWait is how long the first notice of a group waits for more alerts, GroupInterval the least time between
	// two notices of it, RepeatInterval when one that did not change is told again.
	GroupWait      Duration           `yaml:"group_wait"`
	GroupInterval  Duration           `yaml:"group_interval"`
	RepeatInterval Duration           `yaml:"repeat_interval"`
	Rules          []alert.Rule       `yaml:"rules"`
	Channels       []AlertChannel     `yaml:"channels"`
	Inhibit        []alert.Inhibition `yaml:"inhibit"`
}

// AlertChannel is a way to tell people: a notifier and its options.
type AlertChannel struct {
	Name         string        `yaml:"name"`
	Kind         string        `yaml:"kind"`
	Options      SourceOptions `yaml:"options"`
	Levels       []string      `yaml:"levels"`
	SendResolved *bool         `yaml:"send_resolved"`
	PerMinute    int           `yaml:"per_minute"`
}

// InfluxDB keeps what is stored and answers POST /api/query.
type InfluxDB struct {
	URL       telemetry.Secret `yaml:"url"` // empty: the built-in store answers
	Token     telemetry.Secret `yaml:"token"`
	TokenFile string           `yaml:"token_file"`
	Org       string           `yaml:"org"`
	Bucket    string           `yaml:"bucket"`
}

// Embedded reports whether the bus is the embedded broker.
func (k Kafka) Embedded() bool { return len(k.Bootstrap) == 0 }

// Log says what is logged, and how.
type Log struct {
	Level  string              `yaml:"level"`
	Format telemetry.LogFormat `yaml:"format"`
}

// CORS lists the origins whose pages may call the API; "*" is everyone, none is the own one.
type CORS struct {
	Origins []string `yaml:"origins"`
}

// Sources are the collectors.
type Sources struct {
	Host HostSource `yaml:"host"`
	// Connect are sources of other kinds; more can be added while the platform runs.
	Connect []Source `yaml:"connect"`
}

// Source is a connector that collects, and its options.
type Source struct {
	Name      string        `yaml:"name"`
	Connector string        `yaml:"connector"`
	Options   SourceOptions `yaml:"options"`
}

// HostSource collects the figures of this machine.
type HostSource struct {
	Enabled  bool     `yaml:"enabled"`
	Interval Duration `yaml:"interval"`
	Topic    string   `yaml:"topic"`
}

// Pipeline is a Flink SQL file that runs from the start, and what is configured beside it.
type Pipeline struct {
	Name string `yaml:"name"`
	File string `yaml:"file"` // "example:sensors" is in the binary
	// DeadLetters is the topic for records that could not be read, "{topic}" standing for the one
	// they came from; "off" drops them, counted.
	DeadLetters string `yaml:"dead_letters"`
	// Engine is what runs it: Millrace or Flink.
	Engine  string           `yaml:"engine"`
	Gateway telemetry.Secret `yaml:"gateway"` // of Flink; empty: Flink.Gateway
}

// The engines that run pipelines.
const (
	EngineMillrace = "millrace"
	EngineFlink    = "flink"
)

// Flink is a cluster of Apache Flink, for pipelines that say engine: flink.
type Flink struct {
	Gateway    telemetry.Secret `yaml:"gateway"`     // URL of the SQL Gateway
	JobManager telemetry.Secret `yaml:"job_manager"` // URL of its REST API; empty: the gateway tells
	// BootstrapServers is how Flink reaches the bus; empty: as this does.
	BootstrapServers []string `yaml:"bootstrap_servers"`
	Savepoints       string   `yaml:"savepoints"` // folder that Flink writes them to; empty: its own setting
}

// Store says what is kept.
type Store struct {
	FlushInterval Duration  `yaml:"flush_interval"` // the longest that rows are in memory only
	Retention     Retention `yaml:"retention"`
	// RollupRetention says how long rollups are kept, by their interval ("1m", "1h").
	RollupRetention Rollups  `yaml:"rollup_retention"`
	QueryCache      Size     `yaml:"query_cache"` // bounds answers that are kept
	Topics          []Stored `yaml:"topics"`
}

// Rollups are durations by the interval of a rollup; 0 is for ever.
type Rollups struct {
	Minute Duration `yaml:"1m"`
	Hour   Duration `yaml:"1h"`
}

// Stored is a topic that is kept as a measurement.
type Stored struct {
	Topic string `yaml:"topic"`
	// Measurement is its name; empty: the topic's. For points it is unused.
	Measurement string   `yaml:"measurement"`
	Layout      Layout   `yaml:"layout"`
	Time        string   `yaml:"time"` // the field of event time; empty: the record's own time
	Tags        []string `yaml:"tags"` // the fields that tell series apart
}

// Layout is how records of a topic become rows.
type Layout string

// The layouts: Points are DataPoints, each a row of the measurement named by its metric; Row is a
// JSON object that is one row.
const (
	Points Layout = "points"
	Row    Layout = "row"
)

// SQL bounds what one query may use.
type SQL struct {
	Memory  Size     `yaml:"memory"`
	Threads int      `yaml:"threads"` // 0: one for each core
	Timeout Duration `yaml:"timeout"`
	Rows    int      `yaml:"rows"` // the most an answer has
}

// Jobs bound what the pipelines that run here may use.
type Jobs struct {
	Memory Size `yaml:"memory"` // of all their state; what is above it goes to disk; 0: a quarter of the machine's
}

// Functions bound what functions of users may use that are WebAssembly.
type Functions struct {
	Folder  string   `yaml:"folder"`  // where modules are read from; empty: they stand in the scripts
	Memory  Size     `yaml:"memory"`  // of each instance
	Timeout Duration `yaml:"timeout"` // of each call
}

// Default returns the settings of a node that nobody configured.
func Default() Config {
	return Config{
		Data:   "./data",
		Listen: "127.0.0.1:8000",
		Kafka:  Kafka{Listen: "127.0.0.1:9092", Partitions: 4},
		Broker: defaultBroker(),
		Demo:   On,
		Log:    Log{Level: "info", Format: telemetry.AutoFormat},
		Sources: Sources{Host: HostSource{
			Enabled: true, Interval: Duration(time.Second), Topic: "metrics.host",
		}},
		Pipelines: []Pipeline{{Name: "sensors", File: "example:sensors", DeadLetters: "{topic}.dead", Engine: EngineMillrace}},
		Store: Store{
			FlushInterval:   Duration(5 * time.Second),
			Retention:       Retention{DefaultRetention: Duration(30 * 24 * time.Hour)},
			RollupRetention: Rollups{Minute: Duration(90 * 24 * time.Hour), Hour: Duration(2 * 365 * 24 * time.Hour)},
			QueryCache:      64 << 20,
			Topics: []Stored{
				{Topic: "metrics.host", Layout: Points},
				{Topic: "metrics.push", Layout: Points},
				{Topic: "metrics.platform", Layout: Points},
				{Topic: "sensors.clean", Layout: Row, Time: "event_time", Tags: []string{"id"}},
				{Topic: "sensors.stats", Layout: Row, Time: "window_start", Tags: []string{"id"}},
			},
		},
		Limits: Limits{LiveClients: 100},
		Bucket: Bucket{After: Duration(7 * 24 * time.Hour), Cache: 1 << 30, Snapshots: true},
		Alerts: Alerts{
			Enabled: On, DefaultRules: On,
			GroupWait: Duration(10 * time.Second), GroupInterval: Duration(5 * time.Minute), RepeatInterval: Duration(4 * time.Hour),
		},
		SQL:       SQL{Memory: 1 << 30, Timeout: Duration(30 * time.Second), Rows: 100_000},
		Functions: Functions{Memory: 64 << 20, Timeout: Duration(time.Second)},
	}
}
