-- A watermark over text.
CREATE TABLE e (ts STRING, WATERMARK FOR ts AS ts) WITH ('connector' = 'filesystem', 'path' = '${dir}/e', 'format' = 'json');
SELECT * FROM e;
--error line 2
