// Operation of the mock platform: who is there, log level, settings, storage, replicas.

/** The tokens of a mock that asks for one. */
const tokens = { 'look-only': { name: 'wall display', role: 'viewer' }, 'may-edit': { name: 'lin', role: 'editor' }, 'may-all': { name: 'ops', role: 'admin' } }

const rank = { viewer: 0, editor: 1, admin: 2 }
const problem = (status, title, detail, hint) => ({ status, body: { title, status, detail, ...(hint ? { hint } : {}) } })

/** whoIs is the identity of a token; null is nobody. */
export function whoIs(state, token) {
  if (!state.locked) return { name: 'anyone', role: 'admin', open: true }
  return tokens[token] ? { ...tokens[token], open: false } : null
}

/** refuse says why someone may not do something, or returns undefined. */
export function refuse(who, method, path) {
  if (!who) return problem(401, 'Unauthorized', 'a token is needed', 'send the header Authorization: Bearer <token>')
  const admin = path === '/api/config' || (path === '/api/log-level' && method === 'PUT') || (path.startsWith('/api/topics/') && method === 'DELETE')
  const reads = method === 'GET' || ['/api/query', '/api/sql', '/api/analyze', '/api/alerts/rules/test'].includes(path)
  const need = admin ? 'admin' : reads ? 'viewer' : 'editor'
  if (rank[who.role] < rank[need]) return problem(403, 'Forbidden', `token ${who.name} has the role ${who.role}; this needs ${need}`)
  return undefined
}

const yaml = `listen: 127.0.0.1:8000
data: ./data
kafka:
  bootstrap_servers: ""        # empty: the embedded broker
  listen: 127.0.0.1:9092
store:
  retention: 30d
  bucket: s3://cold?endpoint=http://127.0.0.1:9000&path_style=true
  rollups: [1m, 1h]
redis:
  host: cache.internal
  password: "******"
security:
  tokens:
    - { name: ops, role: admin, secret: "******" }
log:
  level: info
`

const day = 864e5
const ago = (ms) => new Date(Date.now() - ms).toISOString()

const storage = (state) => ({
  tiers: [
    { tier: 'head', rows: 412_220, bytes: 38_400_000, parts: 0, from: ago(36e5), upto: ago(0) },
    { tier: 'disk', rows: 61_220_114, bytes: 1_220_000_000, parts: 214, from: ago(7 * day), upto: ago(36e5) },
    { tier: 'bucket', rows: 640_118_420, bytes: 9_870_000_000, parts: 1208, from: ago(90 * day), upto: ago(7 * day) },
  ],
  measurements: ['cpu_core_usage', 'cpu_usage', 'http_requests', 'memory_usage', 'sensors.stats', 'disk_read', 'network_traffic'].map((name, at) => ({
    name, rows: 120_400_000 / (at + 1), bytes: 2_400_000_000 / (at * at + 1), retention: ['30d', '', '90d'][at % 3], rollups: at % 2 ? ['1h'] : ['1m', '1h'] })),
  cache: { bytes: 402_000_000, limit: 1_000_000_000, hits: 9120, misses: 410 },
  bucket: { url: 's3://cold?endpoint=http://127.0.0.1:9000', reachable: !state.partial, ...(state.partial ? { error: 'connection refused' } : {}) },
  hot: { kind: 'redis', reachable: true, series: 8214 },
  warm: { kind: 'local', reachable: true, pending: 0 },
})

/** answerOperation answers the routes of this file, or returns undefined. */
export function answerOperation(state, method, path, body, who) {
  if (path === '/api/whoami') return { status: 200, body: who }
  if (path === '/api/log-level') {
    if (method === 'PUT') state.level = body.level
    return { status: 200, body: { level: state.level } }
  }
  if (path === '/api/config') return { status: 200, body: { yaml } }
  if (path === '/api/storage') return { status: 200, body: storage(state) }
  if (path === '/api/replicas') {
    return { status: 200, body: { replicas: [
      { name: 'mill-01', address: '10.0.0.11:8000', started_at: new Date(state.started).toISOString(), shares: ['pipeline/sensors', 'source/host', 'store/writer'], self: true },
      { name: 'mill-02', address: '10.0.0.12:8000', started_at: ago(day), shares: ['pipeline/orders-top-n'], self: false },
    ] } }
  }
  return undefined
}
