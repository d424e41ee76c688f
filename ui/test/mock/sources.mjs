// Sources and dead letters of the mock platform.

const problem = (status, title, detail, hint) => ({ status, body: { title, status, detail, ...(hint ? { hint } : {}) } })
const option = (name, doc, more = {}) => ({ name, kind: 'string', default: '', doc, one_of: [], secret: false, required: false, ...more })
const tls = [
  option('tls', 'Encrypt the connection.', { kind: 'bool', default: 'false' }),
  option('ca_file', 'A PEM file with the certificates to trust.'),
  option('insecure_skip_verify', 'Trust any certificate: for tries only.', { kind: 'bool', default: 'false' }),
]

const connectors = [
  { name: 'host', doc: 'Processor, memory, disks and network of the machine itself.', options: [option('interval', 'How often to measure.', { kind: 'duration', default: '1 s' }), option('topic', 'The topic to fill.', { default: 'metrics.host' })] },
  { name: 'http', doc: 'Asks an address again and again, and takes each answer for records.', options: [
    option('url', 'The address to ask.', { required: true }), option('topic', 'The topic to fill.', { default: 'http.raw' }),
    option('interval', 'How often to ask.', { kind: 'duration', default: '10 s' }), option('method', 'The method.', { default: 'GET', one_of: ['GET', 'POST'] }),
    option('timeout', 'How long an answer may take.', { kind: 'duration', default: '10 s' }), option('headers.*', 'Headers to send, as headers.Authorization.', { secret: true }),
    option('password', 'The password of the user.', { secret: true }), option('max_bytes', 'The largest answer.', { kind: 'size', default: '16 mb' }), ...tls] },
  { name: 'mqtt', doc: 'Subscribes to topics of an MQTT broker.', options: [option('topics', 'The topics to subscribe to.', { required: true }), option('qos', 'The quality of service.', { kind: 'int', default: '1', one_of: ['0', '1', '2'] })] },
]

const HIDDEN = '******'
const hide = (options) => Object.fromEntries(Object.entries(options).map(([name, value]) => [name, /password|headers\./.test(name) ? HIDDEN : value]))
const ago = (ms) => new Date(Date.now() - ms).toISOString()

/** sourcesAtFirst are those that the mock begins with. */
export const sourcesAtFirst = () =>
  new Map([
    ['host', { connector: 'host', options: { interval: '1s', topic: 'metrics.host' }, origin: 'config', rate: 28.4, began: Date.now() - 6e6 }],
    ['plant-mqtt', { connector: 'mqtt', options: { topics: 'plant/#', qos: '1' }, origin: 'api', rate: 4120, began: Date.now() - 9e6, refused: 31, lag: 120 }],
    ['old-meters', { connector: 'http', options: { url: 'http://meters.internal/latest', password: 'kept' }, origin: 'api', rate: 0, began: Date.now() - 9e7, failing: 'get http://meters.internal/latest: connection refused' }],
  ])

function view(name, one) {
  const running = !one.paused && !one.failing
  return {
    name, connector: one.connector, options: hide(one.options), origin: one.origin, state: one.paused ? 'paused' : one.failing ? 'retrying' : 'running', replica: one.paused ? '' : 'mill-01',
    records_total: Math.floor((one.rate * (Date.now() - one.began)) / 1000), records_per_second: running ? one.rate : 0, refused_total: one.refused ?? 0, lag: one.lag ?? -1,
    last_record_at: ago(running ? 400 : 36e5), ...(one.failing ? { last_error: one.failing, last_error_at: ago(9000) } : {}), restarts: one.failing ? 14 : 0,
  }
}

function lacking({ connector, options }) {
  const kind = connectors.find((one) => one.name === connector)
  if (!kind) return problem(422, 'Unprocessable Entity', `connector "${connector}" does not exist`, `there are: ${connectors.map((one) => one.name).join(', ')}`)
  const missing = kind.options.find((one) => one.required && !options[one.name])
  return missing && problem(422, 'Unprocessable Entity', `connector "${connector}": option "${missing.name}" is missing`)
}

const unreachable = ({ options }) => options.url?.includes('nowhere')

/** answerSources answers the routes of sources, or returns undefined. latest is what an HTTP source would bring. */
export function answerSources(state, method, path, body, latest) {
  if (path === '/api/connectors') return { status: 200, body: { connectors } }
  if (path === '/api/sources' && method === 'GET') return { status: 200, body: { sources: state.empty ? [] : [...state.sources].map(([name, one]) => view(name, one)).sort((a, b) => (a.name < b.name ? -1 : 1)) } }
  if (path === '/api/sources/test') return lacking(body) ?? { status: 200, body: unreachable(body) ? { ok: false, took_ms: 12, error: `get ${body.options.url}: no such host`, hint: 'see whether the address is right and can be reached from here' } : { ok: true, took_ms: 7.4 } }
  if (path === '/api/sources/preview') {
    const records = unreachable(body) ? [] : Array.from({ length: Math.min(3, body.limit) }, (_, at) => ({ partition: 0, offset: at, timestamp: ago(1000 * at), key: null, value: latest() }))
    return lacking(body) ?? { status: 200, body: { records, refused: [], ...(unreachable(body) ? { error: `get ${body.options.url}: no such host` } : {}) } }
  }
  if (path === '/api/sources' && method === 'POST') {
    const old = state.sources.get(body.name)
    if (old?.origin === 'config') return problem(409, 'Conflict', `source "${body.name}" is in the configuration`, 'change it there')
    const bad = lacking(body)
    if (bad) return bad
    const options = Object.fromEntries(Object.entries(body.options).map(([name, value]) => [name, value === HIDDEN ? (old?.options[name] ?? '') : value]))
    state.sources.set(body.name, { connector: body.connector, options, origin: 'api', rate: 2, began: Date.now() })
    return { status: 200, body: view(body.name, state.sources.get(body.name)) }
  }
  const match = /^\/api\/sources\/([^/]+)(?:\/(pause|resume))?$/.exec(path)
  if (!match) return undefined
  const name = decodeURIComponent(match[1])
  const one = state.sources.get(name)
  if (!one) return problem(404, 'Not Found', `source "${name}" does not exist`)
  if (one.origin === 'config') return problem(409, 'Conflict', `source "${name}" is in the configuration`, 'change it there')
  if (method === 'DELETE') {
    state.sources.delete(name)
    return { status: 204, body: null }
  }
  one.paused = match[2] === 'pause'
  return { status: 200, body: view(name, one) }
}

const reasons = ['field "id": is NOT NULL, but missing', 'field "temperature": "hot" is no DOUBLE', 'invalid JSON at byte 10: the text ends inside a string']
const LETTERS = 240

function letter(state, offset) {
  const kind = offset % 4
  const values = [{ temperature: 71.2, humidity: 40 }, { id: 's003', temperature: 'hot', event_time: '2026-11-20 10:00:01' }, '{"id": "s00', btoa('\x00\x01\xfe\xffmill race\x80')]
  return {
    partition: offset % 3, offset, time: ago((LETTERS - offset) * 4000), error: reasons[Math.min(kind, 2)], field: kind === 0 ? 'id' : kind === 1 ? 'temperature' : '', pipeline: 'sensors.clean', topic: 'sensors.raw',
    source_partition: String(offset % 3), source_offset: String(90_000 + offset * 7), key: kind === 1 ? 's003' : null, value: values[kind], encoding: ['json', 'json', 'text', 'base64'][kind], replayed: offset < LETTERS - state.pending,
  }
}

/** answerLetters answers the routes of dead letters, or returns undefined. */
export function answerLetters(state, method, path, body, query) {
  if (path === '/api/dead-letters') {
    const topics = [
      { topic: 'sensors.raw.dead', origin: 'sensors.raw', records: LETTERS, pending: state.pending, newest_at: ago(4000), reasons: reasons.map((reason, at) => ({ reason, count: [60, 60, 120][at] })) },
      { topic: 'orders.dead', origin: 'orders', records: 2, pending: 0, newest_at: ago(864e5), reasons: [{ reason: 'field "total": "n/a" is no DECIMAL', count: 2 }] },
    ]
    return { status: 200, body: { topics: state.empty ? [] : topics } }
  }
  const match = /^\/api\/dead-letters\/([^/]+)\/(records|replay)$/.exec(path)
  if (!match) return undefined
  if (match[2] === 'replay') {
    const count = body.all ? state.pending : body.records.length
    if (body.all && !body.dry_run) state.pending = 0
    return { status: 200, body: { replayed: count, skipped: 0, to: count > 0 ? ['sensors.raw'] : [] } }
  }
  const end = Number(query.get('before') ?? LETTERS)
  const begin = Math.max(0, end - Number(query.get('limit') ?? 50))
  const records = Array.from({ length: end - begin }, (_, at) => letter(state, end - 1 - at))
  return { status: 200, body: { records, ...(begin > 0 ? { next: String(begin) } : {}) } }
}
