-- Takes series that have stopped out of the latest values of a metric. What was written since they were
-- looked at stays.
--
-- KEYS: the latest values of the metric. ARGV: for each series its tags and the value it was seen with.
for i = 1, #ARGV, 2 do
  if redis.call('HGET', KEYS[1], ARGV[i]) == ARGV[i + 1] then
    redis.call('HDEL', KEYS[1], ARGV[i])
  end
end
