import { describe, expect, it } from 'vitest'
import type { AlertRule } from '@/api/alert-rules'
import { blankRule, conditionText, draftOf, draftOfAddress, holds, labelsOf, ruleFaults, ruleOf, withThreshold } from '@/alerts/rule'
import { alertAddress, blank } from '@/explore/view'

const full: AlertRule = {
  name: 'cpu', enabled: false, doc: 'd', metric: 'cpu_usage', aggregate: 'max', op: '>=', threshold: 80, for: '30s', keep_firing_for: '1m', recover: 70, interval: '5s',
  level: 'error', labels: { team: 'ops', site: 'a=b' }, group_by: ['rule', 'host'], channels: ['ops'], no_data: 'alert', stale_after: '2m', summary: '{value}',
}

it('what is edited and sent again is the same', () => {
  expect(ruleOf(draftOf(full))).toEqual(full)
})

it('what is as usual is left out', () => {
  expect(ruleOf({ ...blankRule, name: ' x ', metric: 'm', threshold: '0' })).toEqual({ name: 'x', enabled: true, metric: 'm', op: '>', threshold: 0, for: '0s', keep_firing_for: '0s', interval: '10s', no_data: 'keep', group_by: ['rule'] })
  expect(ruleOf({ ...blankRule, name: 'x', kind: 'sql', metric: 'old', sql: ' SELECT 1 ' })).not.toHaveProperty('metric')
})

it.each([
  [{ name: '' }, { name: 'required' }],
  [{ name: 'a b' }, { name: 'name' }],
  [{ name: 'other' }, { name: 'taken' }],
  [{ metric: '' }, { metric: 'required' }],
  [{ threshold: '' }, { threshold: 'required' }],
  [{ threshold: 'many' }, { threshold: 'number' }],
  [{ kind: 'sql', sql: '' }, { sql: 'required' }],
  [{ kind: 'sql', sql: 'SELECT 1', threshold: '' }, {}],
  [{ for: 'soon' }, { for: 'duration' }],
  [{ labels: 'team' }, { labels: 'labels' }],
  [{ recover: '90' }, { recover: 'recover' }],
  [{ recover: '70' }, {}],
  [{ op: '<', recover: '90' }, {}],
] as const)('%j: %j', (change, want) => {
  expect(ruleFaults({ ...blankRule, name: 'cpu', metric: 'cpu_usage', threshold: '80', ...change }, ['other'])).toEqual(want)
})

it('labels are read, also with an equals sign in the value', () => {
  expect([labelsOf(''), labelsOf('a=1, b=c=d'), labelsOf('=x'), labelsOf('a')]).toEqual([{}, { a: '1', b: 'c=d' }, null, null])
})

it.each([['>', 81, true], ['>', 80, false], ['>=', 80, true], ['<', 79, true], ['<=', 80, true], ['<=', 81, false]] as const)('%s: %d beyond 80 is %s', (op, value, want) => {
  expect(holds(op, value, 80)).toBe(want)
})

describe('a link', () => {
  it('about a metric begins a rule on it', () => {
    expect(draftOfAddress({ new: '1', metric: 'cpu_usage', threshold: '80' })).toMatchObject({ kind: 'metric', metric: 'cpu_usage', threshold: '80', name: 'cpu_usage_alert' })
  })

  it('of the analysis screen begins a rule over the store', () => {
    const { query } = alertAddress({ ...blank, measurement: 'room "a"', fields: ['temp'], aggregation: 'p95', filters: { host: ["o'b", 'c'], none: [] } })
    const draft = draftOfAddress(query)
    expect(draft).toMatchObject({ kind: 'sql', name: 'room_a_temp_p95' })
    expect(draft.sql).toBe(`SELECT quantile_cont("temp", 0.95) AS value
FROM "room ""a"""
WHERE time >= now() - INTERVAL 300 SECOND
  AND "host" IN ('o''b', 'c')
HAVING value > 0`)
  })

  it('may tell series apart', () => {
    expect(draftOfAddress({ measurement: 'm', field: 'value', by: ['host', 'core'], threshold: '5', op: '<' }).sql).toBe(`SELECT "host", "core", avg("value") AS value
FROM "m"
WHERE time >= now() - INTERVAL 300 SECOND
GROUP BY "host", "core"
HAVING value < 5`)
  })

  it.each(['[', '7', 'null'])('with filters that make no sense (%s) has none', (filters) => {
    expect(draftOfAddress({ measurement: 'm', filters, aggregation: 'nonsense' }).sql).not.toContain(' IN ')
  })
})

it('the end of a statement of ours follows the form, and no other', () => {
  expect(withThreshold('SELECT 1\nHAVING value > 0', '<=', '-2.5')).toBe('SELECT 1\nHAVING value <= -2.5')
  expect(withThreshold('SELECT 1\nHAVING value > 0', '>', '')).toBe('SELECT 1\nHAVING value > 0')
  expect(withThreshold('SELECT 1\nHAVING value > 0 LIMIT 5', '>', '9')).toBe('SELECT 1\nHAVING value > 0 LIMIT 5')
})

it('says in a line what is watched', () => {
  expect(conditionText(full)).toBe('max(cpu_usage) >= 80')
  expect(conditionText({ name: 'x', sql: 'SELECT 1\n  AS value' })).toBe('SELECT 1 AS value')
})
