import { describe, expect, it } from 'vitest'
import type { Measurement } from '@/api/measurements'
import { addressOf, alertAddress, begin, blank, drillDown, mayDrill, parseView, preferred, requestOf, settle, toggle, withFilter, type View } from '@/explore/view'

const cores: Measurement = { name: 'cpu_core_usage', tags: ['core', 'host'], fields: [{ name: 'value', type: 'DOUBLE' }], rows: 1, from: null, upto: null }
const requests: Measurement = {
  name: 'http_requests',
  tags: ['host', 'method', 'status'],
  fields: [{ name: 'path', type: 'VARCHAR' }, { name: 'count', type: 'BIGINT' }, { name: 'ms', type: 'DOUBLE' }],
  rows: 1, from: null, upto: null,
}
const full: View = {
  measurement: 'http_requests', fields: ['count', 'ms'], aggregation: 'p95', groupBy: ['host', 'method'],
  filters: { status: ['200', '404'], 'odd tag&=': ['a b', '中文'] },
  range: { kind: 'between', from: Date.parse('2026-11-20T10:00:00Z'), upto: Date.parse('2026-11-20T11:00:00.500Z') },
  interval: '30s', limit: 20, compare: '7d', hidden: ['count/a/GET'], refresh: 0,
}

describe('the address', () => {
  it('holds the whole view', () => {
    const query = new URLSearchParams()
    for (const [key, value] of Object.entries(addressOf(full))) for (const one of [value].flat()) query.append(key, one)
    const read: Record<string, string[]> = {}
    for (const [key, value] of new URLSearchParams(query.toString())) read[key] = [...(read[key] ?? []), value]
    expect(parseView(read)).toEqual(full)
  })

  it('leaves out what is as usual', () => {
    expect(addressOf(blank)).toEqual({})
    expect(parseView({})).toEqual(blank)
  })

  it.each([
    [{ agg: 'harmonic', range: 'yesterday', every: 'often', top: '7', vs: '3y', refresh: '-1' }],
    [{ agg: null, range: '-0m', every: '0s', top: 'NaN', 'w.': 'x', f: [null] }],
    [{ range: '2026-11-20T11:00:00Z/2026-11-20T10:00:00Z' }],
  ])('ignores what makes no sense: %j', (query) => expect(parseView(query)).toEqual(blank))
})

describe('a view fits what is stored', () => {
  it('keeps nothing of fields and tags that are not there', () => {
    const view = settle({ ...full, groupBy: ['host', 'gone'] }, requests)
    expect(view.fields).toEqual(['count', 'ms'])
    expect(view.groupBy).toEqual(['host'])
    expect(view.filters).toEqual({ status: ['200', '404'] })
    expect(settle({ ...full, fields: ['path'] }, requests).fields).toEqual(['count'])
  })

  it('begins with a field and a tag', () => {
    expect(begin(full, cores)).toMatchObject({ measurement: 'cpu_core_usage', fields: ['value'], groupBy: ['core'], filters: {}, hidden: [], aggregation: 'p95' })
    expect(begin(blank, { ...cores, tags: ['host'] }).groupBy).toEqual(['host'])
    expect(begin(blank, { ...cores, tags: [] }).groupBy).toEqual([])
  })

  it('prefers what has several series', () => {
    expect(preferred([requests, cores])?.name).toBe('cpu_core_usage')
    expect(preferred([{ ...cores, name: 'notes', fields: [{ name: 'text', type: 'VARCHAR' }] }, requests])?.name).toBe('http_requests')
    expect(preferred([])).toBeUndefined()
  })
})

describe('drilling down', () => {
  it('makes the tags filters and goes on to the next tag', () => {
    const first = drillDown({ ...blank, groupBy: ['host'], hidden: ['x'] }, { host: 'a' }, requests.tags)
    expect(first).toMatchObject({ filters: { host: ['a'] }, groupBy: ['method'], hidden: [] })
    const second = drillDown(first, { method: 'GET' }, requests.tags)
    expect(second).toMatchObject({ filters: { host: ['a'], method: ['GET'] }, groupBy: ['status'] })
    const last = drillDown(second, { status: '200' }, requests.tags)
    expect(last.groupBy).toEqual([])
    expect(mayDrill(last, {})).toBe(false)
  })

  it('narrows a filter of several values', () => {
    const view = { ...blank, filters: { host: ['a', 'b'] }, groupBy: ['host'] }
    expect(mayDrill(view, { host: 'a' })).toBe(true)
    expect(drillDown(view, { host: 'a' }, requests.tags).filters).toEqual({ host: ['a'] })
    expect(mayDrill({ ...view, filters: { host: ['a'] } }, { host: 'a' })).toBe(false)
  })
})

it('a filter without values is none', () => {
  expect(withFilter(full, 'status', []).filters).not.toHaveProperty('status')
  expect(withFilter(blank, 'host', ['a']).filters).toEqual({ host: ['a'] })
  expect(toggle(['a', 'b'], 'a')).toEqual(['b'])
  expect(toggle(['a'], 'b')).toEqual(['a', 'b'])
})

describe('the question to the platform', () => {
  it('has relative and absolute ranges, and compares only if asked', () => {
    expect(requestOf({ ...blank, measurement: 'm', fields: ['value'] })).toEqual({
      measurement: 'm', fields: ['value'], aggregation: 'avg', group_by: [], time_range: '-1h', interval: 'auto', filters: {}, limit: 10,
    })
    expect(requestOf(full)).toMatchObject({ time_range: { start: '2026-11-20T10:00:00.000Z', end: '2026-11-20T11:00:00.500Z' }, compare: '7d', filters: full.filters })
  })

  it('goes on to an alert', () => {
    expect(alertAddress(full).query).toMatchObject({ new: '1', measurement: 'http_requests', field: 'count', aggregation: 'p95', filters: JSON.stringify(full.filters), by: ['host', 'method'] })
  })
})
