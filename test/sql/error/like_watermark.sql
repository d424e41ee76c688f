-- Two watermarks, one of them by LIKE.
CREATE TABLE base (ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'blackhole');

CREATE TABLE t (WATERMARK FOR ts AS ts - INTERVAL '1' SECOND) LIKE base;
--error OVERWRITING WATERMARKS
