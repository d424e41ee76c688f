import { expect, it } from 'vitest'
import type { Alert } from '@/api/alerts'
import { channelOf, draftOf, timesAreFine } from '@/alerts/channel'
import { boundsOf, countsOf, firing, newestOf, numberText } from '@/alerts/levels'
import { matchedBy, matchersOf, silenceOf, silenceState } from '@/alerts/silence'
import { commands, matchingCommands } from '@/parts/commands'

const alert = (more: Partial<Alert> = {}): Alert => ({
  id: '1', rule: 'cpu_usage', labels: { host: 'a' }, level: 'error', state: 'firing', value: 100, threshold: 80, since: '2026-11-23T10:00:00Z', silenced_by: [], summary: '', ...more,
})

it("levels are the article's", () => {
  expect(boundsOf('>', 80)).toEqual({ warning: 80, error: 96, critical: 120 })
  expect(boundsOf('<', 60)).toEqual({ warning: 60, error: 50, critical: 40 })
  expect([boundsOf('>', 0), boundsOf('>', -5), boundsOf('>', NaN)]).toEqual([null, null, null])
})

it('what is silenced, pending or over is not wrong now', () => {
  const list = [alert(), alert({ state: 'pending' }), alert({ state: 'resolved-recently' }), alert({ silenced_by: ['s'] })]
  expect(firing(list)).toEqual([list[0]])
})

it('counts by level, the worst first', () => {
  expect(countsOf([alert(), alert({ level: 'critical' }), alert()])).toEqual([{ level: 'critical', count: 1 }, { level: 'error', count: 2 }])
  expect(countsOf([])).toEqual([])
})

it('knows the newest, by when it fired', () => {
  const old = alert({ since: '2026-11-23T12:00:00Z', fired_at: '2026-11-23T08:00:00Z' })
  const late = alert({ since: '2026-11-23T09:00:00Z' })
  expect(newestOf([old, late])).toBe(late)
  expect(newestOf([])).toBeUndefined()
})

it.each([[12_345.6, '12,346'], [99.968, '99.97'], [0.00123, '0.0012'], [-3, '-3']])('%d is %s', (value, want) => {
  expect(numberText(value)).toBe(want)
})

it('a silence of an alert keeps no other quiet', () => {
  const draft = silenceOf(alert(), '2h', 'why')
  expect(draft).toEqual({ matchers: { rule: 'cpu_usage', host: 'a' }, duration: '2h', comment: 'why' })
  expect(matchedBy(draft.matchers, [alert(), alert({ labels: { host: 'b' } })])).toEqual([alert()])
})

it('a star stands for any text, and other signs for themselves', () => {
  const hit = (pattern: string, rule: string) => matchedBy({ rule: pattern }, [alert({ rule })]).length === 1
  expect([hit('cpu*', 'cpu_usage'), hit('*', 'x'), hit('c.u', 'cpu'), hit('a*c', 'abcd'), hit('a*c', 'a\nc')]).toEqual([true, true, false, false, true])
  expect([matchersOf('rule=cpu*, host=a'), matchersOf(''), matchersOf('rule')]).toEqual([{ rule: 'cpu*', host: 'a' }, null, null])
})

it.each([['active', 50], ['coming', 0], ['ended', 100]])('is %s at %d', (want, now) => {
  expect(silenceState({ starts_at: new Date(10).toISOString(), ends_at: new Date(90).toISOString() }, now)).toBe(want)
})

it('a channel is sent as it was set', () => {
  const kind = { name: 'webhook', doc: '', options: [{ name: 'url', kind: 'string' as const, default: '', doc: '', one_of: [], secret: true, required: true }] }
  const channel = { name: 'ops', kind: 'webhook', options: { url: '******' }, levels: ['error' as const], send_resolved: false, group_wait: '30s', per_minute: 20 }
  expect(channelOf(kind, draftOf(channel, ''))).toEqual(channel)
  const fresh = draftOf(null, 'webhook')
  expect(channelOf(kind, { ...fresh, options: { url: 'http://a', secret: 'of another kind' } })).toEqual({ name: 'webhook', kind: 'webhook', options: { url: 'http://a' }, send_resolved: true })
  expect([timesAreFine(fresh), timesAreFine({ ...fresh, groupWait: 'soon' }), timesAreFine({ ...fresh, perMinute: '-1' })]).toEqual([true, false, false])
})

it('commands are found by any of their words, what begins with them first', () => {
  const found = (text: string) => matchingCommands(commands, text, (command) => command.name).map((command) => command.name)
  expect(found('')).toHaveLength(commands.length)
  expect(found('al')[0]).toBe('alerts')
  expect(found('钉钉')).toEqual(['channels'])
  expect(found('create threshold')).toEqual(['ruleNew'])
  expect(found('nothing at all')).toEqual([])
})
