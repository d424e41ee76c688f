package plan

// flinkSettings are the keys of Flink's sessions that mean nothing here, one a line: key, the kind of
// its value or the words that it may be, default. They are Flink 2.3's and, of what those no longer
// have, 1.20's.
const flinkSettings = `execution.async-state.active-buffer-size int 1000
execution.async-state.active-buffer-timeout int 1000
execution.async-state.total-buffer-size int 6000
execution.attached bool false
execution.batch-shuffle-mode ALL_EXCHANGES_PIPELINED|ALL_EXCHANGES_BLOCKING|ALL_EXCHANGES_HYBRID_FULL|ALL_EXCHANGES_HYBRID_SELECTIVE ALL_EXCHANGES_BLOCKING
execution.batch-state-backend.enabled bool true
execution.batch.adaptive.auto-parallelism.avg-data-volume-per-task size 16mb
execution.batch.adaptive.auto-parallelism.default-source-parallelism int -
execution.batch.adaptive.auto-parallelism.enabled bool true
execution.batch.adaptive.auto-parallelism.max-parallelism int 128
execution.batch.adaptive.auto-parallelism.min-parallelism int 1
execution.batch.job-recovery.enabled bool false
execution.batch.job-recovery.previous-worker.recovery.timeout duration 30s
execution.batch.job-recovery.snapshot.min-pause duration 3min
execution.batch.speculative.block-slow-node-duration duration 1min
execution.batch.speculative.enabled bool false
execution.batch.speculative.max-concurrent-executions int 2
execution.buffer-timeout.enabled bool true
execution.buffer-timeout.interval duration 100ms
execution.checkpointing.aligned-checkpoint-timeout duration 0ms
execution.checkpointing.checkpoints-after-tasks-finish bool true
execution.checkpointing.cleaner.parallel-mode bool true
execution.checkpointing.create-subdir bool true
execution.checkpointing.data-inline-threshold size 20kb
execution.checkpointing.dir text -
execution.checkpointing.during-recovery.enabled bool false
execution.checkpointing.externalized-checkpoint-retention DELETE_ON_CANCELLATION|RETAIN_ON_CANCELLATION|NO_EXTERNALIZED_CHECKPOINTS NO_EXTERNALIZED_CHECKPOINTS
execution.checkpointing.file-merging.across-checkpoint-boundary bool false
execution.checkpointing.file-merging.enabled bool false
execution.checkpointing.file-merging.max-file-size size 32mb
execution.checkpointing.file-merging.max-space-amplification float 2.0
execution.checkpointing.file-merging.max-subtasks-per-file int 4
execution.checkpointing.file-merging.pool-blocking bool false
execution.checkpointing.force-unaligned bool false
execution.checkpointing.incremental bool false
execution.checkpointing.interval-during-backlog duration -
execution.checkpointing.local-backup.dirs text -
execution.checkpointing.local-backup.enabled bool false
execution.checkpointing.max-concurrent-checkpoints int 1
execution.checkpointing.min-pause duration 0ms
execution.checkpointing.mode EXACTLY_ONCE|AT_LEAST_ONCE EXACTLY_ONCE
execution.checkpointing.num-retained int 1
execution.checkpointing.prefer-checkpoint-for-recovery bool false
execution.checkpointing.savepoint-dir text -
execution.checkpointing.snapshot-compression bool false
execution.checkpointing.storage text -
execution.checkpointing.timeout duration 10min
execution.checkpointing.tolerable-failed-checkpoints int 0
execution.checkpointing.unaligned.enabled bool false
execution.checkpointing.unaligned.forced bool false
execution.checkpointing.unaligned.interruptible-timers.enabled bool false
execution.checkpointing.unaligned.max-subtasks-per-channel-state-file int 5
execution.checkpointing.unaligned.recover-output-on-downstream.enabled bool false
execution.checkpointing.write-buffer-size int 4096
execution.job-listeners text -
execution.job-status-changed-listeners text -
execution.program-config.enabled bool true
execution.program-config.wildcards text -
execution.shutdown-on-application-finish bool true
execution.shutdown-on-attached-exit bool false
execution.sort-keyed-partition.memory size 128mb
execution.sort-partition.memory size 128mb
execution.sorted-inputs.enabled bool true
execution.sorted-inputs.memory size 128mb
execution.state-recovery.approximate-local-recovery bool false
execution.state-recovery.claim-mode CLAIM|NO_CLAIM|LEGACY NO_CLAIM
execution.state-recovery.from-local bool false
execution.state-recovery.ignore-unclaimed-state bool false
execution.state-recovery.path text -
execution.state-recovery.without-channel-state.checkpoint-id int -1
execution.submit-failed-job-on-application-error bool false
execution.target text -
execution.terminate-application-on-any-job-terminated-exceptionally bool true
pipeline.auto-generate-uids bool true
pipeline.cached-files text -
pipeline.classpaths text -
pipeline.closure-cleaner-level NONE|TOP_LEVEL|RECURSIVE RECURSIVE
pipeline.default-kryo-serializers text -
pipeline.force-avro bool false
pipeline.force-kryo bool false
pipeline.force-kryo-avro bool -
pipeline.generic-types bool true
pipeline.global-job-parameters text -
pipeline.jars text -
pipeline.jobvertex-parallelism-overrides text -
pipeline.max-parallelism int -1
pipeline.object-reuse bool false
pipeline.operator-chaining.chain-operators-with-different-max-parallelism bool true
pipeline.operator-chaining.enabled bool true
pipeline.registered-kryo-types text -
pipeline.registered-pojo-types text -
pipeline.serialization-config text -
pipeline.sources.pause-until-first-checkpoint bool false
pipeline.time-characteristic text -
pipeline.vertex-description-mode TREE|CASCADING TREE
pipeline.vertex-name-include-index-prefix bool false
pipeline.watermark-alignment.allow-unaligned-source-splits bool false
pipeline.watermark-alignment.buffer-size int 3
sql-client.display.color-schema text DEFAULT
sql-client.display.print-time-cost bool true
sql-client.display.show-line-numbers bool false
sql-client.execution.max-table-result.rows int 1000000
sql-client.execution.result-mode TABLE|CHANGELOG|TABLEAU TABLE
sql-client.verbose bool false
state.backend.type text hashmap
table.builtin-catalog-name text default_catalog
table.builtin-database-name text default_database
table.catalog-modification.listeners text -
table.catalog-store.kind text generic_in_memory
table.column-expansion-strategy text -
table.display.max-column-width int 30
table.dml-sync bool false
table.exec.async-lookup.buffer-capacity int 100
table.exec.async-lookup.key-ordered-enabled bool false
table.exec.async-lookup.output-mode ORDERED|ALLOW_UNORDERED ORDERED
table.exec.async-lookup.timeout duration 3min
table.exec.async-ml-predict.max-concurrent-operations int 10
table.exec.async-ml-predict.output-mode ORDERED|ALLOW_UNORDERED ORDERED
table.exec.async-ml-predict.timeout duration 3min
table.exec.async-scalar.max-attempts int 3
table.exec.async-scalar.max-concurrent-operations int 10
table.exec.async-scalar.retry-delay duration 100ms
table.exec.async-scalar.retry-strategy NO_RETRY|FIXED_DELAY FIXED_DELAY
table.exec.async-scalar.timeout duration 3min
table.exec.async-state.enabled bool false
table.exec.async-table.max-concurrent-operations int 10
table.exec.async-table.max-retries int 3
table.exec.async-table.retry-delay duration 100ms
table.exec.async-table.retry-strategy NO_RETRY|FIXED_DELAY FIXED_DELAY
table.exec.async-table.timeout duration 3min
table.exec.async-vector-search.max-concurrent-operations int 10
table.exec.async-vector-search.output-mode ORDERED|ALLOW_UNORDERED ORDERED
table.exec.async-vector-search.timeout duration 3min
table.exec.deduplicate.insert-update-after-sensitive-enabled bool true
table.exec.deduplicate.mini-batch.compact-changes-enabled bool false
table.exec.delta-join.cache-enabled bool true
table.exec.delta-join.left.cache-size int 10000
table.exec.delta-join.right.cache-size int 10000
table.exec.disabled-operators text -
table.exec.dynamic-filtering.threshold size 8mb
table.exec.interval-join.min-cleanup-interval duration 0ms
table.exec.legacy-cast-behaviour ENABLED|DISABLED DISABLED
table.exec.legacy-transformation-uids bool false
table.exec.local-hash-agg.adaptive.distinct-value-rate-threshold float 0.5
table.exec.local-hash-agg.adaptive.enabled bool true
table.exec.local-hash-agg.adaptive.sampling-threshold int 500000
table.exec.operator-fusion-codegen.enabled bool false
table.exec.rank.topn-cache-size int 10000
table.exec.resource.external-buffer-memory size 10mb
table.exec.resource.hash-agg.memory size 128mb
table.exec.resource.hash-join.memory size 128mb
table.exec.resource.sort.memory size 128mb
table.exec.shuffle-mode text -
table.exec.simplify-operator-name-enabled bool true
table.exec.sink.keyed-shuffle NONE|AUTO|FORCE AUTO
table.exec.sink.require-on-conflict bool true
table.exec.sink.rowtime-inserter ENABLED|DISABLED ENABLED
table.exec.sink.upsert-materialize-strategy.adaptive.threshold.high int -
table.exec.sink.upsert-materialize-strategy.adaptive.threshold.low int -
table.exec.sink.upsert-materialize-strategy.type LEGACY|MAP|VALUE|ADAPTIVE LEGACY
table.exec.sort.async-merge-enabled bool true
table.exec.sort.default-limit int -1
table.exec.sort.max-num-file-handles int 128
table.exec.sort.non-temporal.enabled bool false
table.exec.spill-compression.block-size size 64kb
table.exec.spill-compression.enabled bool true
table.exec.uid.format text <id>_<transformation>
table.exec.uid.generation PLAN_ONLY|ALWAYS|DISABLED PLAN_ONLY
table.exec.unbounded-over.version int 2
table.exec.window-agg.buffer-size-limit int 100000
table.generated-code.max-length int 4000
table.generated-code.max-members int 10000
table.legacy-nested-row-nullability bool false
table.optimizer.adaptive-broadcast-join.strategy auto|runtime_only|none auto
table.optimizer.agg-phase-strategy AUTO|ONE_PHASE|TWO_PHASE AUTO
table.optimizer.bushy-join-reorder-threshold int 12
table.optimizer.cnf-nodes-limit int -1
table.optimizer.delta-join.strategy AUTO|FORCE|NONE AUTO
table.optimizer.distinct-agg.split.bucket-num int 1024
table.optimizer.distinct-agg.split.enabled bool false
table.optimizer.dynamic-filtering.enabled bool true
table.optimizer.incremental-agg-enabled bool true
table.optimizer.join-reorder-enabled bool false
table.optimizer.join.broadcast-threshold int 1048576
table.optimizer.join.null-filter-threshold int 2000000
table.optimizer.multi-join.enabled bool false
table.optimizer.multiple-input-enabled bool true
table.optimizer.non-deterministic-update.strategy TRY_RESOLVE|IGNORE IGNORE
table.optimizer.ptf.max-tables int 20
table.optimizer.reuse-optimize-block-with-digest-enabled bool false
table.optimizer.reuse-sink-enabled bool true
table.optimizer.reuse-source-enabled bool true
table.optimizer.reuse-sub-plan-enabled bool true
table.optimizer.runtime-filter.enabled bool false
table.optimizer.runtime-filter.max-build-data-size size 150mb
table.optimizer.runtime-filter.min-filter-ratio float 0.5
table.optimizer.runtime-filter.min-probe-data-size size 10gb
table.optimizer.skewed-join-optimization.skewed-factor float 4.0
table.optimizer.skewed-join-optimization.skewed-threshold size 256mb
table.optimizer.skewed-join-optimization.strategy auto|forced|none auto
table.optimizer.source.aggregate-pushdown-enabled bool true
table.optimizer.source.predicate-pushdown-enabled bool true
table.optimizer.source.report-statistics-enabled bool true
table.optimizer.sql2rel.project-merge.enabled bool false
table.optimizer.union-all-as-breakpoint-enabled bool true
table.plan.compile.catalog-objects ALL|SCHEMA|IDENTIFIER ALL
table.plan.force-recompile bool false
table.plan.restore.catalog-objects ALL|ALL_ENFORCED|IDENTIFIER ALL
table.resources.download-dir text /tmp
table.rtas-ctas.atomicity-enabled bool false
table.secret-store.kind text generic_in_memory
table.sql-dialect default default
`

// flinkRenamed are older names of keys, beside those of today.
const flinkRenamed = `execution.allow-client-job-configurations execution.program-config.enabled
execution.buffer-timeout execution.buffer-timeout.interval
execution.checkpointing.alignment-timeout execution.checkpointing.aligned-checkpoint-timeout
execution.checkpointing.approximate-local-recovery execution.state-recovery.approximate-local-recovery
execution.checkpointing.checkpoints-after-tasks-finish.enabled execution.checkpointing.checkpoints-after-tasks-finish
execution.checkpointing.recover-without-channel-state.checkpoint-id execution.state-recovery.without-channel-state.checkpoint-id
execution.checkpointing.unaligned execution.checkpointing.unaligned.enabled
execution.savepoint-restore-mode execution.state-recovery.claim-mode
execution.savepoint.ignore-unclaimed-state execution.state-recovery.ignore-unclaimed-state
execution.savepoint.path execution.state-recovery.path
pipeline.operator-chaining pipeline.operator-chaining.enabled
restart-strategy restart-strategy.type
state.backend state.backend.type
state.backend.changelog.enabled state.changelog.enabled
state.backend.changelog.max-failures-allowed state.changelog.max-failures-allowed
state.backend.changelog.periodic-materialize.enabled state.changelog.periodic-materialize.enabled
state.backend.changelog.periodic-materialize.interval state.changelog.periodic-materialize.interval
state.backend.changelog.storage state.changelog.storage
state.backend.fs.checkpointdir execution.checkpointing.dir
state.backend.fs.memory-threshold execution.checkpointing.data-inline-threshold
state.backend.fs.write-buffer-size execution.checkpointing.write-buffer-size
state.backend.incremental execution.checkpointing.incremental
state.backend.latency-track.history-size state.latency-track.history-size
state.backend.latency-track.keyed-state-enabled state.latency-track.keyed-state-enabled
state.backend.latency-track.sample-interval state.latency-track.sample-interval
state.backend.latency-track.state-name-as-variable state.latency-track.state-name-as-variable
state.backend.local-recovery execution.state-recovery.from-local
state.checkpoint-storage execution.checkpointing.storage
state.checkpoint.cleaner.parallel-mode execution.checkpointing.cleaner.parallel-mode
state.checkpoints.create-subdir execution.checkpointing.create-subdir
state.checkpoints.dir execution.checkpointing.dir
state.checkpoints.num-retained execution.checkpointing.num-retained
state.savepoints.dir execution.checkpointing.savepoint-dir
state.storage.fs.memory-threshold execution.checkpointing.data-inline-threshold
state.storage.fs.write-buffer-size execution.checkpointing.write-buffer-size
table.exec.async-scalar.buffer-capacity table.exec.async-scalar.max-concurrent-operations
`

// flinkFamilies are the settings of a Flink cluster and of its kinds of state, which no session here has.
const flinkFamilies = `
	state.backend.rocksdb.* state.backend.forst.* state.changelog.* state.latency-track.* state.size-track.*
	taskmanager.* jobmanager.* rest.* metrics.* cluster.* client.* high-availability.* security.* heartbeat.*
	kubernetes.* yarn.* web.* blob.* classloader.* env.* fs.* io.* python.* akka.* pekko.* historyserver.* s3.*
	job-result-store.* traces.* events.*`
