-- Entries of maps come in the order of Flink's hashes; binaries inside of values print as such, and are text in a STRING.
CREATE TABLE t (a ARRAY<BYTES>, r ROW<b BYTES, tm TIME, ts TIMESTAMP(3), z TIMESTAMP_LTZ(3), f FLOAT, bo BOOLEAN, c CHAR(4)>, many MAP<STRING, INT>, bag MULTISET<STRING>)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"a": ["QUI="], "r": {"b": "QUI=", "tm": "10:00:00", "ts": "2026-11-20 10:00:00.5", "z": "2026-11-20 10:00:00Z", "f": 0.1, "bo": true, "c": "ab"}, "many": {"zeta": 1, "alpha": 2, "mid": 3, "k1": 4, "k2": 5, "k10": 6}, "bag": {"q": 2, "b": 1, "a": 3}}
--  {"many": {"温度": 1, "größe": 2, "temperature": 3, "": 4, "a b": 5, "größe": 6, "Temperature": 7, "humidity": 8, "v": 9, "w": 10, "x": 11, "y": 12, "z": 13, "0": 14, "1": 15, "2": 16}}

SELECT * FROM t;
--out
--  +I	[x'4142']	(x'4142', 10:00:00, 2026-11-20 10:00:00.500, 2026-11-20 10:00:00.000, 0.1, TRUE, ab)	{zeta=1, alpha=2, k1=4, k2=5, mid=3, k10=6}	{q=2, a=3, b=1}
--  +I	<NULL>	<NULL>	{humidity=8, größe=6, =4, y=12, 2=16, a b=5, temperature=3, 1=15, x=11, z=13, w=10, v=9, Temperature=7, 温度=1, 0=14}	<NULL>

SELECT CAST(a AS STRING), CAST(r AS STRING), CAST(many AS STRING), CAST(bag AS STRING), MAP_KEYS(many) FROM t;
--out
--  +I	[AB]	(AB, 10:00:00, 2026-11-20 10:00:00.500, 2026-11-20 10:00:00.000, 0.1, TRUE, ab)	{zeta=1, alpha=2, k1=4, k2=5, mid=3, k10=6}	{q=2, a=3, b=1}	[zeta, alpha, k1, k2, mid, k10]
--  +I	<NULL>	<NULL>	{humidity=8, größe=6, =4, y=12, 2=16, a b=5, temperature=3, 1=15, x=11, z=13, w=10, v=9, Temperature=7, 温度=1, 0=14}	<NULL>	[humidity, größe, , y, 2, a b, temperature, 1, x, z, w, v, Temperature, 温度, 0]

CREATE TABLE o (many MAP<STRING, INT>, bag MULTISET<STRING>) WITH ('connector' = 'filesystem', 'path' = '${dir}/o', 'format' = 'json');
CREATE TABLE lo (line STRING) WITH ('connector' = 'filesystem', 'path' = '${dir}/o', 'format' = 'raw');
INSERT INTO o SELECT many, bag FROM t;
SELECT * FROM lo;
--out sorted
--  +I	{"many":{"zeta":1,"alpha":2,"k1":4,"k2":5,"mid":3,"k10":6},"bag":{"q":2,"a":3,"b":1}}
--  +I	{"many":{"humidity":8,"größe":6,"":4,"y":12,"2":16,"a b":5,"temperature":3,"1":15,"x":11,"z":13,"w":10,"v":9,"Temperature":7,"温度":1,"0":14},"bag":null}
