// A platform for tests: it serves dist and answers the API with figures that move like real ones.
// Nothing here is shipped. `node test/mock-server.mjs [port]`, or import startMock.

import { createReadStream, existsSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { WebSocketServer } from 'ws'
import { answerAlerts, channelsAtFirst, rulesAtFirst } from './mock/alerts.mjs'
import { answerAnalysis } from './mock/analysis.mjs'
import { clamp, noise, random } from './mock/noise.mjs'
import { answerOperation, refuse, whoIs } from './mock/operation.mjs'
import { answerTopics, topicsAtFirst } from './mock/topics.mjs'
import { answerLetters, answerSources, sourcesAtFirst } from './mock/sources.mjs'

const dist = fileURLToPath(new URL('../dist', import.meta.url))
const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' }

/** reading is what the mock's host did in a second; history and live agree because both ask here. */
export function reading(second, cores) {
  const jitter = random(second)
  const load = 46 + 26 * noise(second, 1) + 8 * (jitter() - 0.5)
  return {
    cpu: clamp(load, 2, 99),
    memory: clamp(63 + 5 * noise(second / 4, 2) + (jitter() - 0.5) * 0.4, 1, 99),
    rate: Math.round(clamp(12400 + 2600 * noise(second, 4) + 900 * (jitter() - 0.5), 0, 1e9)),
    received: 9e6 + 6e6 * (1 + noise(second, 5)) + 2e6 * jitter(),
    sent: 4e6 + 2.4e6 * (1 + noise(second, 6)) + 1e6 * jitter(),
    read: jitter() < 0.3 ? 24e6 * jitter() : 2e6 * jitter(),
    write: 8e6 * (1 + noise(second, 8)) + 3e6 * jitter(),
    cores: Array.from({ length: cores }, (_, core) => clamp(load + 34 * noise(second, core * 1.7) + 10 * (jitter() - 0.5), 0, 100)),
  }
}

const sensorIds = ['s001', 's002', 's003', 's004', 's005', 's006', 's007', 's008']
const sqlTime = (time) => new Date(time).toISOString().slice(0, 19).replace('T', ' ')

export function window(id, end) {
  const at = sensorIds.indexOf(id)
  const average = 19 + at * 1.35 + 1.3 * noise(end / 10_000, at * 2.1)
  return {
    id,
    window_start: sqlTime(end - 10_000),
    window_end: sqlTime(end),
    cnt: 96 + ((end / 10_000 + at) % 9),
    avg_celsius: average,
    min_celsius: average - 1.4 - 0.4 * noise(end / 9000, at),
    max_celsius: average + 1.5 + 0.4 * noise(end / 8000, at),
    processed_at: sqlTime(end + 300),
  }
}

const pipelineSql = `CREATE TABLE sensors_raw (
  id STRING NOT NULL,
  temperature DOUBLE,
  event_time TIMESTAMP(3) NOT NULL,
  WATERMARK FOR event_time AS event_time - INTERVAL '5' SECOND
) WITH ('connector' = 'kafka', 'topic' = 'sensors.raw', 'format' = 'json');

INSERT INTO sensors_stats
SELECT id, window_start, window_end, COUNT(*) AS cnt, AVG(temperature_celsius) AS avg_celsius
FROM TABLE(TUMBLE(TABLE sensors_clean, DESCRIPTOR(event_time), INTERVAL '10' SECOND))
GROUP BY id, window_start, window_end;`

/** startMock listens on port (0 for any) and returns the address, switches and an end. */
export async function startMock({ port = 0, cores = 8, processes = 5 } = {}) {
  const state = {
    demo: true, empty: false, failing: false, refusing: false, partial: false, locked: false, level: 'info',
    paused: new Set(), views: new Map(), total: 1_482_000, started: Date.now(),
    topics: topicsAtFirst(), sources: sourcesAtFirst(), pending: 180, rules: rulesAtFirst(), channels: channelsAtFirst(), alerts: new Map(), silences: new Map(), events: [], notices: [],
  }
  const sockets = new Set()

  const job = (name, rate, more = {}) => ({
    name, state: state.paused.has('sensors') ? 'paused' : 'running', restarts: 0, records_in: 981_233, records_out: 978_120,
    records_per_second: state.paused.has('sensors') ? 0 : rate, dead_letters: 0, late: 3, lag: 41,
    watermark: new Date(Date.now() - 5200).toISOString(),
    last_checkpoint: { epoch: 118, at: new Date(Date.now() - 4000).toISOString(), duration_ms: 23, bytes: 48_211 }, ...more,
  })
  const pipelines = () => [
    { name: 'sensors', state: state.paused.has('sensors') ? 'paused' : 'running', sql: pipelineSql,
      jobs: [job('clean', 812.4, { dead_letters: 1204 }), job('stats', 790.1, { lag: 0 })] },
    { name: 'clickstream-enrich', state: 'running', sql: pipelineSql, jobs: [job('enrich', 11_204, { lag: 1830, late: 0 })] },
    { name: 'trips-by-zone', state: 'paused', engine: 'flink', gateway: 'http://flink:8083', sql: pipelineSql,
      jobs: [job('trips-by-zone.insert-into_zones', 41_300, {
        state: 'paused', engine: 'flink', flink_job: '5fa3d8534f029082efb08c4c26c3efa3', link: 'http://flink:8081/#/job/running/5fa3d8534f029082efb08c4c26c3efa3/overview',
        savepoint: 's3://flink/savepoints/savepoint-5fa3d8-70a80aedf205', dead_letters: 0 })] },
    { name: 'orders-top-n', state: 'restarting', sql: pipelineSql,
      jobs: [job('top', 0, { state: 'restarting', restarts: 2, lag: 20_441, error: 'read topic orders: connection refused', watermark: null, last_checkpoint: null })] },
  ]
  const record = (topic, offset, time) => {
    const base = { partition: offset % 3, offset, timestamp: new Date(time).toISOString() }
    const id = sensorIds[offset % 8]
    if (topic === 'sensors.stats') return { ...base, key: id, value: window(id, Math.floor(time / 10_000) * 10_000) }
    if (topic === 'sensors.raw.dead') return { ...base, key: null, value: ['{"id": "s00', '{"id":"s003","temperature":"hot","event_time":"2026-11-20 10:00:01"}', '{"temperature":71.2,"humidity":40}'][offset % 3], headers: { 'millrace.error': ['unexpected end of JSON', 'temperature: not a number', 'id: missing, but NOT NULL'][offset % 3] } }
    if (topic.startsWith('metrics')) return { ...base, key: 'cpu_usage', value: { timestamp: base.timestamp, metric: 'cpu_usage', value: reading(Math.floor(time / 1000), cores).cpu, tags: { host: 'mill-01' } } }
    return { ...base, key: id, value: { id, temperature: 66 + (offset % 17), humidity: 40, value: 1.5, event_time: sqlTime(time) } }
  }

  function history({ measurement, time_range: range }) {
    const now = Math.floor(Date.now() / 1000)
    if (measurement === 'sensors.stats') {
      const rows = []
      for (let end = Math.floor(now / 10) * 10_000 - 600_000; end <= now * 1000; end += 10_000) {
        for (const id of sensorIds) {
          const tags = { id }
          const time = new Date(end).toISOString()
          for (const [field, value] of Object.entries(window(id, end))) if (field !== 'id') rows.push({ time, measurement, field, value, tags })
        }
      }
      return rows
    }
    const pick = { cpu_usage: 'cpu', memory_usage: 'memory', disk_read: 'read', disk_write: 'write' }
    const seconds = range === '-1m' ? 60 : 3600
    return Array.from({ length: seconds }, (_, at) => {
      const second = now - seconds + at
      const r = reading(second, cores)
      return {
        time: new Date(second * 1000 + 40).toISOString(), measurement, field: 'value',
        value: measurement === 'network_traffic' ? r.received + r.sent : r[pick[measurement]], tags: { host: 'mill-01' },
      }
    })
  }

  function sql({ sql: text }) {
    if (/boom/.test(text)) {
      const line = text.split('\n').findIndex((one) => one.includes('boom'))
      const quote = `LINE ${line + 1}: ${text.split('\n')[line]}`
      const detail = `query: Catalog Error: Table with name boom does not exist!\n\n${quote}\n${' '.repeat(quote.indexOf('boom'))}^`
      return { status: 422, body: { title: 'Unprocessable Entity', status: 422, detail, hint: 'did you mean "cpu_usage"?' } }
    }
    if (/nothing/.test(text)) return { status: 200, body: { columns: [{ name: 'n', type: 'BIGINT' }], rows: [], truncated: false, elapsed_ms: 2 } }
    const now = Date.now()
    return { status: 200, body: {
      columns: [{ name: 'time', type: 'TIMESTAMP WITH TIME ZONE' }, { name: 'host', type: 'VARCHAR' }, { name: 'value', type: 'DOUBLE' }, { name: 'note', type: 'VARCHAR' }],
      rows: Array.from({ length: 100 }, (_, at) => [new Date(now - at * 1000).toISOString(), 'mill-01', reading(Math.floor(now / 1000) - at, cores).cpu, null]),
      truncated: true, elapsed_ms: 7.4 } }
  }

  const latest = () => {
    const r = reading(Math.floor(Date.now() / 1000), cores)
    return { cpu_usage: r.cpu, memory_usage: r.memory, processing_latency: 40, error_rate: 0.2, network_traffic: r.received + r.sent }
  }

  function answer(method, path, body, token, query) {
    const who = whoIs(state, token)
    const no = refuse(who, method, path)
    if (no) return no
    if (state.failing) return { status: 503, body: { title: 'Service Unavailable', status: 503, detail: 'bus: broker 127.0.0.1:9092 is not reachable', hint: 'start the broker, or see --kafka' } }
    const second = Math.floor(Date.now() / 1000)
    if (path === '/api/statistics/summary') {
      return { status: 200, body: { total_events: state.total, events_per_second: reading(second, cores).rate, active_sources: 25, processing_latency_ms: Math.round(38 + 12 * noise(second, 9)) } }
    }
    if (path === '/api/status') {
      return { status: 200, body: { version: '0.1.0', started_at: new Date(state.started).toISOString(), uptime_seconds: 90, host: 'mill-01',
        demo: { running: state.demo, topic: 'sensors.raw', label: 'demo generator' }, bus: { embedded: true, address: '127.0.0.1:9092' }, listen: '127.0.0.1:8000' } }
    }
    if (path === '/api/pipelines') return { status: 200, body: { pipelines: state.empty ? [] : pipelines() } }
    const action = /^\/api\/pipelines\/([^/]+)\/(pause|resume)$/.exec(path)
    if (action && method === 'POST') {
      if (action[2] === 'pause') state.paused.add(action[1])
      else state.paused.delete(action[1])
      return { status: 200, body: {} }
    }
    if (path === '/api/query') return { status: 200, body: { data: history(body) } }
    if (path === '/api/sql') return sql(body)
    if (path === '/api/metrics/latest') return { status: 200, body: latest() }
    return (
      answerTopics(state, method, path, body, query, record) ??
      answerAnalysis(state, method, path, body) ??
      answerSources(state, method, path, body, latest) ??
      answerLetters(state, method, path, body, query) ??
      answerAlerts(state, method, path, body, query, latest) ??
      answerOperation(state, method, path, body, who) ?? { status: 404, body: { title: 'Not Found', status: 404, detail: `no such path: ${path}` } }
    )
  }

  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://mock')
    if (!pathname.startsWith('/api/')) return serveFile(pathname, response)
    let text = ''
    request.on('data', (chunk) => (text += chunk))
    request.on('end', () => {
      const { status, body } = answer(request.method, pathname, text ? JSON.parse(text) : null, request.headers.authorization?.replace(/^Bearer /, ''), searchParams)
      response.writeHead(status, { 'content-type': status < 400 ? 'application/json' : 'application/problem+json' })
      response.end(body === null ? undefined : JSON.stringify(body))
    })
  })

  const hub = new WebSocketServer({ noServer: true })
  server.on('upgrade', (request, socket, head) => {
    if (state.refusing || !request.url.startsWith('/ws/realtime')) return socket.destroy()
    hub.handleUpgrade(request, socket, head, (client) => {
      const connection = { client, subscriptions: new Map(), seq: 0 }
      if (!state.locked) sockets.add(connection)
      client.on('close', () => sockets.delete(connection))
      client.on('message', (data) => {
        const message = JSON.parse(data)
        if (message.op === 'auth') {
          if (whoIs(state, message.token)) sockets.add(connection)
        } else if (!sockets.has(connection)) client.close(1008, 'a token is needed')
        else if (message.op === 'unsubscribe') connection.subscriptions.delete(message.id)
        else if (message.topic === 'missing') client.send(JSON.stringify({ op: 'error', id: message.id, error: { title: 'Not Found', status: 404, detail: 'no topic "missing"' } }))
        else {
          connection.subscriptions.set(message.id, message)
          client.send(JSON.stringify({ op: 'subscribed', id: message.id }))
        }
      })
    })
  })

  function metrics(second) {
    const r = reading(second, cores)
    const point = (metric, value, tags = {}) => ({ metric, value, tags: { host: 'mill-01', ...tags } })
    const names = ['duckdb', 'millrace', 'chromium', 'postgres', 'kafka-broker-with-a-long-name']
    return [
      ...r.cores.map((usage, core) => point('cpu_core_usage', usage, { core: String(core) })),
      point('disk_read', r.read, { device: 'nvme0n1' }), point('disk_write', r.write * 0.7, { device: 'nvme0n1' }), point('disk_write', r.write * 0.3, { device: 'nvme1n1' }),
      point('network_traffic', r.received + r.sent), point('net_received', r.received, { interface: 'eth0' }), point('net_sent', r.sent, { interface: 'eth0' }),
      point('load1', 2.31), point('load5', 1.98), point('load15', 1.72), point('swap_usage', 3.1),
      point('memory_total_bytes', 33.5e9), point('memory_used_bytes', 335e6 * r.memory),
      ...names.slice(0, processes).flatMap((name, at) => [
        point('process_cpu', clamp(70 / (at + 1) + 20 * noise(second, at), 0.2, 400), { pid: String(400 + at), name }),
        point('process_memory_bytes', (at + 1.3) * 210e6, { pid: String(400 + at), name }),
      ]),
    ]
  }

  let offset = 5000
  function tick() {
    const now = Date.now()
    const second = Math.floor(now / 1000)
    const r = reading(second, cores)
    state.total += r.rate
    for (const connection of sockets) {
      const send = (message) => connection.client.send(JSON.stringify(message))
      send({ timestamp: new Date(now).toISOString(), metrics: { cpu: r.cpu, memory: r.memory, requests_per_second: r.rate } })
      for (const { id, channel, topic, names } of connection.subscriptions.values()) {
        const seq = ++connection.seq
        if (channel === 'metrics') {
          send({ id, channel, seq, timestamp: new Date(now).toISOString(), points: metrics(second).filter((p) => names.includes(p.metric)) })
        } else if (topic === 'sensors.stats') {
          if (second % 10 === 0) {
            const end = second * 1000
            send({ id, channel, seq, dropped: 0, records: sensorIds.map((sensor) => ({ partition: 0, offset: offset++, timestamp: new Date(now).toISOString(), key: sensor, value: window(sensor, end) })) })
          }
        } else if (topic) {
          send({ id, channel, seq, dropped: seq % 5 === 0 ? 3 : 0, records: [0, 1, 2].map(() => record(topic, offset++, now)) })
        }
      }
    }
  }
  const timer = setInterval(tick, 1000)

  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    state,
    /** drop ends all connections; refuse keeps new ones out. */
    drop(refuse = false) {
      state.refusing = refuse
      for (const { client } of sockets) client.terminate()
    },
    connections: () => sockets.size,
    close() {
      clearInterval(timer)
      for (const { client } of sockets) client.terminate()
      server.closeAllConnections()
      return new Promise((resolve) => server.close(resolve))
    },
  }
}

function serveFile(pathname, response) {
  let file = join(dist, normalize(pathname))
  if (!file.startsWith(dist) || !existsSync(file) || statSync(file).isDirectory()) file = join(dist, 'index.html')
  response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' })
  createReadStream(file).pipe(response)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const mock = await startMock({ port: Number(process.argv[2] ?? 8000), cores: Number(process.env.CORES ?? 8) })
  for (const name of (process.env.STATE ?? '').split(',').filter(Boolean)) mock.state[name] = true
  console.log(`mock platform at ${mock.url}`)
}
