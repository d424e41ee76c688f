-- Joins, sub-queries that become joins, and what is pushed into them.
CREATE TABLE a (id INT NOT NULL, k STRING, v INT, w DECIMAL(10, 2), ts TIMESTAMP(3)) WITH ('connector' = 'datagen');
CREATE TABLE b (id INT NOT NULL, k STRING, v INT, n BIGINT, ts TIMESTAMP(3)) WITH ('connector' = 'datagen');

SELECT a.id, b.v FROM a JOIN b ON a.k = b.k AND a.v > b.v AND b.id > 5 WHERE a.id < 3;
--->
--  Collect [id, v]
--    Project [id, v0 AS v]
--      Join INNER on=[k = k] where=(v > v0)
--        Filter (id < 3)
--          Scan a (datagen) read=[id, k, v]
--        Project [k, v]
--          Filter (id0 > 5)
--            Scan b (datagen) read=[id, k, v]
SELECT a.id FROM a, b WHERE a.v = b.n AND a.w = b.v;
--->
--  Collect [id]
--    Project [id]
--      Join INNER on=[CAST(v AS BIGINT) = n, CAST(w AS DECIMAL(12, 2)) = CAST(CAST(v0 AS DECIMAL(10, 0)) AS DECIMAL(12, 2))]
--        Project [id, CAST(v AS BIGINT), CAST(w AS DECIMAL(12, 2))]
--          Scan a (datagen) read=[id, v, w]
--        Project [n, CAST(CAST(v0 AS DECIMAL(10, 0)) AS DECIMAL(12, 2))]
--          Scan b (datagen) read=[id, v, n] columns=[v, n]
SELECT a.id FROM a, b WHERE UPPER(a.k) = b.k OR a.k IS NULL;
--->
--  Collect [id]
--    Project [id]
--      Join INNER where=((UPPER(k) = k0) OR k IS NULL)
--        Scan a (datagen) read=[id, k]
--        Scan b (datagen) read=[id, k] columns=[k]
SELECT a.id FROM a JOIN b ON a.k = b.k OR a.k IS NULL AND b.k IS NULL;
--->
--  Collect [id]
--    Project [id]
--      Join INNER on=[k IS NOT DISTINCT FROM k]
--        Scan a (datagen) read=[id, k]
--        Scan b (datagen) read=[id, k] columns=[k]
SELECT a.id, b.id FROM a LEFT JOIN b ON a.k = b.k AND a.v > 1 AND b.v > 2 WHERE a.id > 3 AND b.id IS NULL;
--->
--  Collect [id, id0]
--    Project [id, id0]
--      Filter id0 IS NULL
--        Join LEFT on=[k = k] where=(v > 1)
--          Filter (id > 3)
--            Scan a (datagen) read=[id, k, v]
--          Project [id, k]
--            Filter (v0 > 2)
--              Scan b (datagen) read=[id, k, v]
SELECT a.id, b.id FROM a FULL JOIN b ON a.k = b.k WHERE b.v + 1 > 2;
--->
--  Collect [id, id0]
--    Project [id, id0]
--      Join RIGHT on=[k = k]
--        Scan a (datagen) read=[id, k]
--        Project [id, k]
--          Filter ((v0 + 1) > 2)
--            Scan b (datagen) read=[id, k, v]
SELECT a.id, b.id FROM a RIGHT JOIN b ON a.k = b.k WHERE a.v > 2 OR a.v < 1;
--->
--  Collect [id, id0]
--    Project [id, id0]
--      Join INNER on=[k = k]
--        Project [id, k]
--          Filter ((v > 2) OR (v < 1))
--            Scan a (datagen) read=[id, k, v]
--        Scan b (datagen) read=[id, k]
SELECT k, a.v FROM a JOIN b USING (k) WHERE k = 'x';
--->
--  Collect [k, v]
--    Project [k, v]
--      Join INNER on=[k = k]
--        Filter (k = 'x')
--          Scan a (datagen) read=[id, k, v] columns=[k, v]
--        Scan b (datagen) read=[id, k] columns=[k]
SELECT id FROM a WHERE k IN (SELECT k FROM b WHERE b.v = a.v AND b.n > 3);
--->
--  Collect [id]
--    Project [id]
--      Join SEMI on=[v = v, k = k]
--        Scan a (datagen) read=[id, k, v]
--        Project [k, v]
--          Filter (n > 3)
--            Scan b (datagen) read=[id, k, v, n] columns=[k, v, n]
SELECT id FROM a WHERE id NOT IN (SELECT id FROM b) AND k NOT IN (SELECT k FROM b);
--->
--  Collect [id]
--    Project [id]
--      Join ANTI where=(k = k) IS NOT FALSE
--        Join ANTI on=[id = id]
--          Scan a (datagen) read=[id, k]
--          Scan b (datagen) read=[id]
--        Scan b (datagen) read=[id, k] columns=[k]
SELECT id FROM a WHERE NOT EXISTS (SELECT * FROM b);
--->
--  Collect [id]
--    Join ANTI
--      Scan a (datagen) read=[id]
--      Project [TRUE AS row]
--        Scan b (datagen) read=[id]
SELECT id, (SELECT COUNT(*) FROM b WHERE b.k = a.k) AS n FROM a;
--->
--  Collect [id, n]
--    Project [id, CASE WHEN COUNT(*) IS NOT NULL THEN COUNT(*) ELSE 0 END AS n]
--      Join LEFT on=[k = correlation0]
--        Scan a (datagen) read=[id, k]
--        Project [COUNT(*), correlation0]
--          GroupAggregate keys=[k] aggs=[COUNT(*)]
--            Scan b (datagen) read=[id, k] columns=[k]
SELECT id FROM a WHERE v > (SELECT MAX(v) FROM b);
--->
--  Collect [id]
--    Project [id]
--      Join INNER where=(v > MAX(v))
--        Scan a (datagen) read=[id, v]
--        GroupAggregate keys=[] aggs=[MAX(v)]
--          Scan b (datagen) read=[id, v] columns=[v]
SELECT id, (SELECT v FROM b WHERE b.id = a.id) AS v FROM a WHERE id IN (SELECT id FROM b) OR v > 3;
--->
--  Collect [id, v]
--    Project [id, v0 AS v]
--      Join LEFT on=[id = id] single
--        Project [id]
--          Filter (mark OR (v > 3))
--            Join MARK on=[id = id]
--              Scan a (datagen) read=[id, v]
--              Scan b (datagen) read=[id]
--        Project [v, id]
--          Scan b (datagen) read=[id, v]
SELECT k FROM a INTERSECT SELECT k FROM b EXCEPT ALL SELECT k FROM a;
--->
--  Collect [k]
--    Except all
--      Intersect
--        Scan a (datagen) read=[id, k] columns=[k]
--        Scan b (datagen) read=[id, k] columns=[k]
--      Scan a (datagen) read=[id, k] columns=[k]
SELECT id FROM a JOIN b ON a.k = b.k;
--->
--  error: column "id" is ambiguous
--  SELECT id FROM a JOIN b ON a.k = b.k;
--         ^^
--  hint: write a.id or b.id
SELECT 1 FROM a JOIN b USING (w);
--->
--  error: column "w" not found in "b"
--  SELECT 1 FROM a JOIN b USING (w);
--                                ^
SELECT 1 FROM a JOIN b USING (ts, nix);
--->
--  error: column "nix" not found in "a"
--  SELECT 1 FROM a JOIN b USING (ts, nix);
--                                    ^^^
--  hint: did you mean "id"?
SELECT id FROM a WHERE k IN (SELECT k, v FROM b);
--->
--  error: 1 values are held against a query of 2 columns
--  SELECT id FROM a WHERE k IN (SELECT k, v FROM b);
--                               ^^^^^^^^^^^^^^^^^^
SELECT id FROM a WHERE k = (SELECT k, v FROM b);
--->
--  error: a query of 2 columns stands for one value
--  SELECT id FROM a WHERE k = (SELECT k, v FROM b);
--                              ^^^^^^^^^^^^^^^^^^
SELECT id FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.k = c.k);
--->
--  error: table "c" not found
--  SELECT id FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.k = c.k);
--                                                             ^
SELECT id FROM a WHERE v > (SELECT MAX(v) FROM b WHERE b.v < a.v);
--->
--  Collect [id]
--    Project [id]
--      Join INNER on=[v IS NOT DISTINCT FROM correlation0] where=(v > MAX(v))
--        Scan a (datagen) read=[id, v]
--        Project [MAX(v), correlation0]
--          GroupAggregate keys=[v0] aggs=[MAX(v)]
--            Join INNER where=(v < v)
--              Scan b (datagen) read=[id, v] columns=[v]
--              GroupAggregate keys=[v] aggs=[]
--                Scan a (datagen) read=[id, v] columns=[v]
SELECT id FROM a WHERE v IN (SELECT b.v + a.v FROM b);
--->
--  Collect [id]
--    Project [id]
--      Join SEMI where=(v = (v + v))
--        Scan a (datagen) read=[id, v]
--        Scan b (datagen) read=[id, v] columns=[v]
SELECT id FROM a LEFT JOIN b ON a.k IN (SELECT k FROM b);
--->
--  error: a query in the condition of an outer join is not supported
--  SELECT id FROM a LEFT JOIN b ON a.k IN (SELECT k FROM b);
--                                  ^^^^^^^^^^^^^^^^^^^^^^^^
--  hint: join with a query that has asked it: LEFT JOIN (SELECT … FROM t WHERE x IN (…)) AS t ON …
SELECT k FROM a EXCEPT SELECT k, v FROM b;
--->
--  error: EXCEPT of 1 columns with 2 columns
--  SELECT k FROM a EXCEPT SELECT k, v FROM b;
--                         ^^^^^^^^^^^^^^^^^^
