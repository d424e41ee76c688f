// Alerts of the mock platform: rules on metrics are really evaluated, whenever somebody looks.

import { randomUUID } from 'node:crypto'

const problem = (status, title, detail, hint) => ({ status, body: { title, status, detail, ...(hint ? { hint } : {}) } })
const option = (name, doc, more = {}) => ({ name, kind: 'string', default: '', doc, one_of: [], secret: false, required: false, ...more })
const iso = (ms) => new Date(ms).toISOString()

const notifiers = [
  { name: 'dingtalk', doc: 'A DingTalk group, through its custom robot.', options: [option('url', 'The webhook address of the robot.', { secret: true, required: true }), option('secret', 'The key of its signature.', { secret: true }), option('at_all', 'Whether to mention everyone.', { kind: 'bool', default: 'false' }), option('language', 'The language of what is written.', { default: 'zh', one_of: ['zh', 'en'] })] },
  { name: 'email', doc: 'E-mail by SMTP.', options: [option('host', 'The SMTP server.', { required: true }), option('port', 'Its port.', { kind: 'int' }), option('to', 'The recipients.', { required: true })] },
  { name: 'webhook', doc: 'An address of yours, with JSON.', options: [option('url', 'The address to post to.', { secret: true, required: true }), option('headers.*', 'Headers to send.', { secret: true })] },
]

const defaults = { cpu_usage: 80, memory_usage: 85, processing_latency: 1000, error_rate: 5 }

/** rulesAtFirst are the rules that the mock begins with. */
export const rulesAtFirst = () =>
  new Map(Object.entries(defaults).map(([metric, threshold]) => [metric, { name: metric, enabled: true, doc: '', metric, op: '>', threshold, for: '0s', keep_firing_for: '0s', interval: '10s', group_by: ['rule'], no_data: 'keep', stale_after: '5m', summary: `${metric} {value} > {threshold}`, origin: 'default' }]))

/** channelsAtFirst are the channels that the mock begins with. */
export const channelsAtFirst = () =>
  new Map([
    ['ops', { name: 'ops', kind: 'dingtalk', options: { url: 'https://robot.example.org/x', secret: 'SEC1' }, levels: ['error', 'critical'], send_resolved: true, origin: 'api', state: { sent: 42, failed: 1, dropped: 0, queued: 0, last_sent_at: iso(Date.now() - 36e5) } }],
    ['night', { name: 'night', kind: 'email', options: { host: 'smtp.example.org', to: 'night@example.org' }, levels: [], send_resolved: true, origin: 'config', state: { sent: 3, failed: 9, dropped: 2, queued: 1, last_error: 'dial smtp.example.org:587: connection refused', last_error_at: iso(Date.now() - 6e4), last_sent_at: iso(Date.now() - 864e5) } }],
  ])

const beyond = { '>': (a, b) => a > b, '>=': (a, b) => a >= b, '<': (a, b) => a < b, '<=': (a, b) => a <= b }

function levelOf(rule, value, threshold) {
  if (rule.level) return rule.level
  if (!(threshold > 0)) return 'warning'
  const ratio = rule.op.startsWith('<') ? threshold / value : value / threshold
  return ratio > 1.5 ? 'critical' : ratio > 1.2 ? 'error' : 'warning'
}

function conditions(rule, metrics) {
  if (rule.sql) return [{ labels: { host: 'mill-01' }, value: 91.5, threshold: rule.threshold ?? 0, level: levelOf(rule, 91.5, rule.threshold ?? 0) }]
  const value = metrics()[rule.metric]
  if (value === undefined || !beyond[rule.op ?? '>'](value, rule.threshold)) return []
  return [{ labels: { host: 'mill-01' }, value, threshold: rule.threshold, level: levelOf(rule, value, rule.threshold) }]
}

function note(state, alert, from, to) {
  state.events.unshift({ at: iso(Date.now()), id: alert.id, rule: alert.rule, labels: alert.labels, from, to, level: alert.level, value: alert.value, threshold: alert.threshold })
  state.notices.unshift({ at: iso(Date.now()), channel: 'ops', group: `{rule="${alert.rule}"}`, status: to === 'firing' ? 'firing' : 'resolved', alerts: 1, outcome: 'sent', attempts: 1 })
}

function evaluate(state, metrics) {
  for (const [id, alert] of state.alerts) {
    const rule = state.rules.get(alert.rule)
    const holds = rule && rule.enabled !== false && conditions(rule, metrics).length > 0
    if (holds || alert.state !== 'firing') continue
    Object.assign(alert, { state: 'resolved-recently', resolved_at: iso(Date.now()) })
    note(state, alert, 'firing', 'resolved')
    setTimeout(() => state.alerts.get(id) === alert && alert.state !== 'firing' && state.alerts.delete(id), 60_000).unref()
  }
  for (const rule of state.rules.values()) {
    if (rule.enabled === false) continue
    for (const one of conditions(rule, metrics)) {
      const summary = (rule.summary || `${rule.name} {value}`).replace('{value}', one.value.toFixed(1)).replace('{threshold}', one.threshold)
      const old = state.alerts.get(rule.name)
      const alert = { id: rule.name, rule: rule.name, silenced_by: [], since: iso(Date.now()), fired_at: iso(Date.now()), ...(old?.state === 'firing' ? old : {}), ...one, labels: { ...one.labels, ...rule.labels }, state: 'firing', summary }
      alert.silenced_by = [...state.silences.values()].filter((silence) => Date.parse(silence.ends_at) > Date.now() && Object.entries(silence.matchers).every(([key, value]) => ({ ...alert.labels, rule: rule.name })[key] === value)).map((silence) => silence.id)
      state.alerts.set(rule.name, alert)
      if (old?.state !== 'firing') note(state, alert, 'inactive', 'firing')
    }
  }
}

const hide = (channel) => ({ ...channel, options: Object.fromEntries(Object.entries(channel.options).map(([key, value]) => [key, /url|secret|headers/.test(key) ? '******' : value])) })
const minutes = { m: 1, h: 60, d: 1440 }

function silences(state, method, path, body) {
  if (path === '/api/alerts/silences' && method === 'GET') return { status: 200, body: { silences: [...state.silences.values()] } }
  if (path === '/api/alerts/silences') {
    const id = body.id ?? randomUUID()
    const length = Number(body.duration.slice(0, -1)) * (minutes[body.duration.at(-1)] ?? 1) * 6e4
    state.silences.set(id, { id, matchers: body.matchers, starts_at: iso(Date.now()), ends_at: iso(Date.now() + length), comment: body.comment ?? '', by: 'anyone' })
    return { status: 200, body: { id } }
  }
  const one = state.silences.get(decodeURIComponent(path.split('/').at(-1)))
  if (!one) return problem(404, 'Not Found', 'the silence does not exist')
  one.ends_at = iso(Date.now())
  return { status: 204, body: null }
}

function channels(state, method, path, body) {
  if (path === '/api/alerts/channels' && method === 'GET') return { status: 200, body: { channels: state.empty ? [] : [...state.channels.values()].map(hide) } }
  if (path.endsWith('/test')) return { status: 200, body: JSON.stringify(body ?? {}).includes('nowhere') ? { ok: false, took_ms: 30, error: 'post: no such host', hint: 'is the address right?' } : { ok: true, took_ms: 88 } }
  if (path === '/api/alerts/channels') {
    const old = state.channels.get(body.name)
    state.channels.set(body.name, { levels: [], send_resolved: true, ...body, origin: 'api', state: old?.state ?? { sent: 0, failed: 0, dropped: 0, queued: 0 } })
    return { status: 200, body: hide(state.channels.get(body.name)) }
  }
  state.channels.delete(decodeURIComponent(path.split('/').at(-1)))
  return { status: 204, body: null }
}

function rules(state, method, path, body, metrics) {
  const view = (rule) => ({ ...rule, state: { last_evaluated_at: iso(Date.now() - 2000), took_ms: 0.4, firing: state.alerts.get(rule.name)?.state === 'firing' ? 1 : 0, pending: 0 } })
  if (path === '/api/alerts/rules/test') return { status: 200, body: /boom/.test(body.sql ?? '') ? { conditions: [], error: 'line 1: table boom does not exist', hint: 'did you mean cpu_usage?' } : { conditions: conditions(body, metrics) } }
  if (path === '/api/alerts/rules' && method === 'GET') return { status: 200, body: { rules: [...state.rules.values()].map(view).sort((a, b) => (a.name < b.name ? -1 : 1)) } }
  if (path === '/api/alerts/rules') {
    state.rules.set(body.name, { ...body, origin: 'api' })
    return { status: 200, body: view(state.rules.get(body.name)) }
  }
  const name = decodeURIComponent(path.split('/').at(-1))
  if (!state.rules.delete(name)) return problem(404, 'Not Found', `rule "${name}" does not exist`)
  if (defaults[name] !== undefined) state.rules.set(name, rulesAtFirst().get(name))
  return { status: 204, body: null }
}

/** answerAlerts answers the routes of alerts, or returns undefined. metrics are the newest values. */
export function answerAlerts(state, method, path, body, query, metrics) {
  if (path === '/api/notifiers') return { status: 200, body: { notifiers } }
  if (!path.startsWith('/api/alerts')) return undefined
  evaluate(state, metrics)
  if (path === '/api/alerts') return { status: 200, body: { alerts: state.empty ? [] : [...state.alerts.values()], evaluated_at: iso(Date.now() - 1500) } }
  if (path === '/api/alerts/history') return { status: 200, body: { events: state.empty ? [] : state.events.filter((event) => !query.get('rule') || event.rule === query.get('rule')) } }
  if (path === '/api/alerts/notices') return { status: 200, body: { notices: state.empty ? [] : state.notices } }
  if (path.startsWith('/api/alerts/silences')) return silences(state, method, path, body)
  if (path.startsWith('/api/alerts/channels')) return channels(state, method, path, body)
  return path.startsWith('/api/alerts/rules') ? rules(state, method, path, body, metrics) : undefined
}
