// Topics and consumer groups of the mock platform.

const problem = (status, title, detail, hint) => ({ status, body: { title, status, detail, ...(hint ? { hint } : {}) } })
const WEEK_MS = '604800000'

const topic = (name, partitions, records, bytes, rate, more = {}) => [name, { partitions, records, bytes, rate, configs: {}, ...more }]

/** topicsAtFirst are those that the mock begins with, and who reads them. */
export const topicsAtFirst = () => ({
  topics: new Map([
    topic('metrics.host', 1, 182_220, 20_120_000, 28.4),
    topic('metrics.push', 1, 0, 0, 0),
    topic('sensors.clean', 3, 978_120, 140_400_000, 812.4),
    topic('sensors.raw', 3, 981_233, 122_800_000, 816.1, { configs: { 'retention.ms': '86400000' } }),
    topic('sensors.raw.dead', 1, 1204, 410_000, 0.2),
    topic('sensors.stats', 3, 9720, 1_880_000, 0.8),
    topic('__epochs', 3, 240, 88_000, 1),
    topic('__millrace_epochs', 1, 240, 88_000, 1, { configs: { 'cleanup.policy': 'compact' } }),
  ]),
  groups: new Map([
    ['billing-nightly', { state: 'Empty', members: [], at: { 'sensors.stats': [3000, 3100, 3240] } }],
    ['dashboard-readers', { state: 'Stable', members: ['10.0.4.17', '10.0.4.18'], at: { 'sensors.raw': [326_900, 326_711, 325_100], 'sensors.stats': [3240, 3240, 3240] } }],
    ['__millrace_work', { state: 'Stable', members: ['127.0.0.1'], at: {} }],
  ]),
})

const usual = { 'cleanup.policy': 'delete', 'compression.type': 'producer', 'max.message.bytes': '1048588', 'min.insync.replicas': '1', 'retention.bytes': '-1', 'retention.ms': WEEK_MS, 'segment.bytes': '1073741824', 'message.timestamp.type': 'CreateTime' }
const endOf = (it, partition) => Math.floor(it.records / it.partitions) + (partition < it.records % it.partitions ? 1 : 0)

function view(name, it) {
  const bytes = it.records === 0 ? 0 : it.bytes / it.records
  return {
    name, partitions: it.partitions, records: it.records, bytes: it.bytes, internal: name.startsWith('__'),
    records_in_per_second: it.rate, records_out_per_second: it.rate * 0.98, bytes_in_per_second: it.rate * bytes, bytes_out_per_second: it.rate * bytes * 0.98,
  }
}

const lagsOf = (all, group) => Object.entries(group.at).flatMap(([name, offsets]) =>
  offsets.map((offset, partition) => {
    const end = all.topics.has(name) ? endOf(all.topics.get(name), partition) : -1
    const reader = group.members[partition % Math.max(1, group.members.length)]
    return { topic: name, partition, offset, start: 0, end, lag: Math.max(0, end - offset), client: reader ? 'reader' : '', host: reader ?? '' }
  }))
const sum = (list) => list.reduce((total, it) => total + it.lag, 0)

const groupView = (all, name, group) => ({
  name, kind: 'classic', state: group.state, protocol: 'consumer', assignor: group.members.length > 0 ? 'range' : '', members: group.members.length,
  topics: Object.keys(group.at), lag: sum(lagsOf(all, group)), protected: name.startsWith('__millrace'),
})

function groupDetail(all, name, group) {
  const assigned = (at) => Object.entries(group.at).map(([topic, offsets]) => ({ topic, partitions: offsets.map((_, id) => id).filter((id) => id % group.members.length === at) }))
  return {
    ...groupView(all, name, group), coordinator: 0, offsets: lagsOf(all, group),
    member_list: group.members.map((host, at) => ({ id: `reader-${at}-5fa3d853`, client: 'reader', host: `/${host}`, assigned: assigned(at) })),
  }
}

function detail(all, name, it) {
  const own = Object.entries(it.configs).map(([key, value]) => ({ name: key, value, source: 'topic', read_only: false, sensitive: false }))
  const rest = Object.entries(usual).filter(([key]) => !(key in it.configs)).map(([key, value]) => ({ name: key, value, source: 'default', read_only: false, sensitive: false }))
  return {
    ...view(name, it), protected: name.startsWith('__millrace'), configs: [...own, ...rest],
    layout: Array.from({ length: it.partitions }, (_, partition) => ({ partition, start: 0, end: endOf(it, partition), stable: endOf(it, partition), bytes: Math.round(it.bytes / it.partitions), leader: 0, replicas: [0], in_sync: [0] })),
    readers: [...all.groups].filter(([, group]) => name in group.at).map(([id, group]) => ({ group: id, state: group.state, members: group.members.length, lag: sum(lagsOf(all, group).filter((p) => p.topic === name)) })),
  }
}

/** found answers like a topic whose newest record has offset 1000 and came now. */
function found(name, query, record) {
  const now = Date.now()
  const limit = Math.min(20, Number(query.get('limit') ?? 50))
  const offset = query.get('offset') ?? 'latest'
  const from = query.get('from')
  const first = from ? Math.max(0, 1000 - Math.floor((now - Date.parse(from)) / 400)) : offset === 'latest' ? 981 : offset === 'earliest' ? 0 : Number(offset)
  const all = Array.from({ length: Math.max(0, Math.min(limit, 1001 - first)) }, (_, at) => record(name, first + at, now - (1000 - first - at) * 400))
  const wanted = query.get('filter')?.toLowerCase()
  const partition = query.get('partition')
  const records = all.filter((it) => (!wanted || JSON.stringify([it.key, it.value, it.headers]).toLowerCase().includes(wanted)) && (partition === null || it.partition === Number(partition)))
  return { records, scanned: wanted ? 200_000 : all.length, complete: !wanted || wanted !== 'rare' }
}

function answerGroups(all, method, path, body) {
  if (path === '/api/groups') return { status: 200, body: { groups: [...all.groups].map(([name, group]) => groupView(all, name, group)) } }
  const [, name, offsets] = /^\/api\/groups\/([^/]+)(\/offsets)?$/.exec(path)
  const group = all.groups.get(decodeURIComponent(name))
  if (!group) return problem(404, 'Not Found', `describe group ${name}: there is no such group`)
  if (method === 'GET') return { status: 200, body: groupDetail(all, name, group) }
  if (group.members.length > 0) return problem(409, 'Conflict', `reset group ${name}: it has members (it is Stable)`, 'stop them first')
  if (method === 'DELETE') {
    all.groups.delete(name)
    return { status: 204, body: null }
  }
  if (!offsets) return undefined
  const moved = lagsOf(all, group).filter((it) => !body.topic || it.topic === body.topic).map((it) => {
    const to = { earliest: 0, latest: it.end }[body.to] ?? (/^[+-]/.test(body.to) ? it.offset + Number(body.to) : /^\d+$/.test(body.to) ? Number(body.to) : 1200)
    const after = Math.max(0, Math.min(it.end, to))
    return { topic: it.topic, partition: it.partition, before: it.offset, after, lag: it.end - after }
  })
  if (!body.dry_run) for (const it of moved) group.at[it.topic][it.partition] = it.after
  return { status: 200, body: { moved, lag: sum(moved) } }
}

/** answerTopics answers the routes of topics and groups, or returns undefined. record makes one of a topic. */
export function answerTopics(state, method, path, body, query, record) {
  const all = state.topics
  if (path.startsWith('/api/groups')) return state.empty ? { status: 200, body: { groups: [] } } : answerGroups(all, method, path, body)
  if (path === '/api/topics' && method === 'GET') return { status: 200, body: { topics: state.empty ? [] : [...all.topics].map(([name, it]) => view(name, it)).sort((a, b) => (a.name < b.name ? -1 : 1)) } }
  if (path === '/api/topics') {
    all.topics.set(body.name, { partitions: body.partitions ?? 4, records: 0, bytes: 0, rate: 0, configs: body.configs ?? {} })
    return { status: 200, body: detail(all, body.name, all.topics.get(body.name)) }
  }
  const match = /^\/api\/topics\/([^/]+)(\/records)?$/.exec(path)
  if (!match) return undefined
  const name = decodeURIComponent(match[1])
  if (match[2]) return { status: 200, body: found(name, query, record) }
  const it = all.topics.get(name)
  if (!it) return problem(404, 'Not Found', `describe topic ${name}: there is no such topic`)
  if (method === 'DELETE') {
    all.topics.delete(name)
    return { status: 204, body: null }
  }
  if (method === 'PATCH') {
    for (const [key, value] of Object.entries(body.configs ?? {})) {
      if (key.endsWith('.ms') && value !== null && !/^-?\d+$/.test(value)) return problem(422, 'Unprocessable Entity', `change settings of topic ${name}: Invalid value ${value} for configuration ${key}: not a number`)
      if (value === null) delete it.configs[key]
      else it.configs[key] = value
    }
    if (body.partitions) it.partitions = body.partitions
  }
  return { status: 200, body: detail(all, name, it) }
}
