// Analysis and saved views of the mock platform. Each series is a function of the time, so that an answer
// is the same however it is asked for.

import { clamp, noise, random } from './noise.mjs'

const hosts = ['mill-01', 'mill-02', 'mill-03']
const cores = ['0', '1', '2', '3', '4', '5', '6', '7']
const sensors = ['s001', 's002', 's003', 's004', 's005', 's006', 's007', 's008']
const double = (name) => ({ name, type: 'DOUBLE' })

/** Everything that is stored: its tags with their values, its fields, and the value at a second. */
const stored = {
  cpu_core_usage: { tags: { core: cores, host: hosts }, fields: [double('value')], at: (s, t) => clamp(42 + 9 * hosts.indexOf(t.host) + 30 * noise(s / 60, Number(t.core) * 1.7 + hosts.indexOf(t.host)) + 4 * noise(s / 3, 5), 0, 100) },
  cpu_usage: { tags: { host: hosts }, fields: [double('value')], at: (s, t) => clamp(46 + 9 * hosts.indexOf(t.host) + 26 * noise(s / 60, 1 + hosts.indexOf(t.host)), 2, 99) },
  disk_read: { tags: { device: ['nvme0n1', 'nvme1n1'], host: hosts }, fields: [double('value')], at: (s, t) => 12e6 * (1.1 + noise(s / 40, t.device.length + hosts.indexOf(t.host))) },
  http_requests: {
    tags: { host: hosts, method: ['GET', 'POST'], region: ['eu-west', 'us-east', 'ap-south'], status: ['200', '404', '500'] },
    fields: [{ name: 'count', type: 'BIGINT' }, double('duration_ms')],
    at: (s, t, field) => (field === 'count' ? Math.round(clamp({ 200: 900, 404: 40, 500: 9 }[t.status] * (1 + 0.5 * noise(s / 90, t.region.length)), 0, 1e6)) : 38 + t.region.length * 4 + 20 * (1 + noise(s / 50, t.method.length))),
  },
  memory_usage: { tags: { host: hosts }, fields: [double('value')], at: (s, t) => clamp(63 + 4 * hosts.indexOf(t.host) + 5 * noise(s / 240, 2), 1, 99) },
  network_traffic: { tags: { host: hosts }, fields: [double('value')], at: (s, t) => 13e6 + 8e6 * (1 + noise(s / 60, 5 + hosts.indexOf(t.host))) },
  'sensors.stats': {
    tags: { id: sensors }, every: 10,
    fields: [double('avg_celsius'), { name: 'cnt', type: 'BIGINT' }, double('max_celsius'), { name: 'note', type: 'VARCHAR' }],
    at: (s, t, field) => (field === 'cnt' ? 96 + (s % 9) : 19 + sensors.indexOf(t.id) * 1.35 + 1.3 * noise(s / 10, sensors.indexOf(t.id) * 2.1) + (field === 'max_celsius' ? 1.8 : 0)),
  },
}

export const measurements = (started) =>
  Object.entries(stored).map(([name, { tags, fields }]) => ({
    name, tags: Object.keys(tags), fields, rows: 86_400 * Object.values(tags).flat().length,
    from: new Date(started - 8 * 864e5).toISOString(), upto: new Date().toISOString(),
  }))

const UNITS = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }
const seconds = (text) => Number(text.slice(0, -1)) * UNITS[text.at(-1)]
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400]

function product(tags) {
  return Object.entries(tags).reduce((rows, [tag, values]) => rows.flatMap((row) => values.map((value) => ({ ...row, [tag]: value }))), [{}])
}

const fold = {
  avg: (list) => list.reduce((a, b) => a + b, 0) / list.length,
  min: (list) => Math.min(...list),
  max: (list) => Math.max(...list),
  sum: (list) => list.reduce((a, b) => a + b, 0),
  count: (list) => list.length,
  first: (list) => list[0],
  last: (list) => list.at(-1),
  p50: (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length * 0.5)],
  p95: (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length * 0.95)],
  p99: (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length * 0.99)],
  stddev: (list) => Math.sqrt(fold.avg(list.map((value) => (value - fold.avg(list)) ** 2))),
  rate: (list) => (list.at(-1) - list[0]) / list.length,
}

function analyze(request, partial) {
  const one = stored[request.measurement]
  if (!one) return { status: 404, body: { title: 'Not Found', status: 404, detail: `measurement "${request.measurement}" does not exist`, hint: 'see GET /api/measurements' } }
  if (request.compare === '') return { status: 422, body: { title: 'Unprocessable Entity', status: 422, detail: 'validation failed', errors: [{ location: 'body.compare', message: 'expected value to be one of "previous, 1h, 1d, 7d"' }] } }
  const now = Date.now() / 1000
  const range = request.time_range
  const from = typeof range === 'string' ? now - seconds(range.slice(1)) : Date.parse(range.start) / 1000
  const upto = typeof range === 'string' ? now : Date.parse(range.end) / 1000
  const step = request.interval === 'auto' ? STEPS.find((s) => (upto - from) / s <= 300) : seconds(request.interval)
  const back = { previous: Math.ceil((upto - from) / step) * step, '1h': 3600, '1d': 86_400, '7d': 604_800 }[request.compare] ?? 0
  const members = product(one.tags).filter((tags) => Object.entries(request.filters).every(([tag, values]) => values.includes(tags[tag])))
  const groups = new Map()
  for (const tags of members) {
    const own = Object.fromEntries(request.group_by.map((tag) => [tag, tags[tag]]))
    const key = JSON.stringify(own)
    groups.set(key, { tags: own, members: [...(groups.get(key)?.members ?? []), tags] })
  }
  const points = (group, field, shift) => {
    const list = []
    for (let at = Math.floor(from / step) * step; at < upto; at += step) {
      const has = at <= now && (!one.every || Math.floor((at + step - 1) / one.every) * one.every >= at)
      const values = has ? group.flatMap((tags) => [0, step / 3, (2 * step) / 3].map((more) => one.at(at - shift + more, tags, field))) : []
      list.push([at * 1000, values.length > 0 ? fold[request.aggregation](values) : null])
    }
    return list
  }
  const series = []
  for (const field of request.fields) {
    for (const group of groups.values()) {
      const own = points(group.members, field, 0)
      const known = own.map((point) => point[1]).filter((value) => value !== null)
      const total = known.length === 0 ? null : fold[request.aggregation === 'count' ? 'sum' : request.aggregation](known)
      series.push({ field, tags: group.tags, points: own, total, ...(back ? { previous: points(group.members, field, back) } : {}) })
    }
  }
  series.sort((a, b) => (b.total ?? 0) - (a.total ?? 0))
  const shown = request.fields.flatMap((field) => series.filter((it) => it.field === field).slice(0, request.limit))
  const jitter = random(Math.floor(now))
  return { status: 200, body: {
    interval_seconds: step, from: new Date(from * 1000).toISOString(), upto: new Date(upto * 1000).toISOString(),
    series: shown, series_total: series.length, truncated: shown.length < series.length, rollup: step >= 3600 ? '1h' : step >= 60 ? '1m' : '',
    partial, warnings: partial ? ['bucket s3://cold: connection refused: parts before 2026-11-20 are missing'] : [], took_ms: 6 + 9 * jitter() } }
}

/** answerAnalysis answers the routes of this file, or returns undefined. */
export function answerAnalysis(state, method, path, body) {
  if (path === '/api/measurements') return { status: 200, body: { measurements: state.empty ? [] : measurements(state.started) } }
  if (path === '/api/analyze') return analyze(body, state.partial)
  const tags = /^\/api\/measurements\/([^/]+)\/tags$/.exec(path)
  if (tags) {
    const found = stored[decodeURIComponent(tags[1])]?.tags ?? {}
    return { status: 200, body: { tags: found, truncated: Object.fromEntries(Object.keys(found).map((tag) => [tag, false])) } }
  }
  if (path === '/api/views' && method === 'GET') return { status: 200, body: { views: [...state.views.values()] } }
  if (path === '/api/views') {
    state.views.set(body.name, body)
    return { status: 200, body }
  }
  const view = /^\/api\/views\/([^/]+)$/.exec(path)
  if (view && method === 'DELETE') {
    state.views.delete(decodeURIComponent(view[1]))
    return { status: 204, body: null }
  }
  return undefined
}
