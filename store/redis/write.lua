-- Writes points of series of one metric. An older point never takes the place of a newer one, whoever
-- writes it: replicas write the same series, and a replica that was cut off writes what it missed.
--
-- KEYS: the latest values of the metric, then the ring of each series.
-- ARGV: how long keys live in ms, how many points a ring has, then for each series: its tags, its
-- number of points, and of each point its time and "time value".
local keep, most, at = ARGV[1], tonumber(ARGV[2]), 3
for k = 2, #KEYS do
  local tags, points = ARGV[at], tonumber(ARGV[at + 1])
  at = at + 2
  local had = redis.call('HGET', KEYS[1], tags)
  local newest, best = had and tonumber(string.match(had, '^%-?%d+')) or -math.huge, nil
  local ring = {}
  for i = 1, points do
    local time, point = ARGV[at], ARGV[at + 1]
    at = at + 2
    ring[2 * i - 1], ring[2 * i] = time, point
    if tonumber(time) >= newest then
      newest, best = tonumber(time), point
    end
  end
  if best then
    redis.call('HSET', KEYS[1], tags, best)
  end
  redis.call('ZADD', KEYS[k], unpack(ring))
  redis.call('ZREMRANGEBYRANK', KEYS[k], 0, -most - 1)
  redis.call('PEXPIRE', KEYS[k], keep)
end
redis.call('PEXPIRE', KEYS[1], keep)
