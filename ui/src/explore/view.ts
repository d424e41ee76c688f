// What is being looked at. All of it is in the address, so that a link shows the same.

import { aggregations, type Aggregation, type AnalyzeRequest } from '@/api/analysis'
import type { Measurement } from '@/api/measurements'
import { parseRange, rangeText, spanMs, type Range } from './range'

export interface View {
  measurement: string
  fields: string[]
  aggregation: Aggregation
  groupBy: string[]
  /** Tag to the values of which one must be there. */
  filters: Record<string, string[]>
  range: Range
  /** auto, or a length such as 30s. */
  interval: string
  limit: number
  compare: string
  /** Keys of the series that are not drawn. */
  hidden: string[]
  /** Seconds between two questions; 0: only when something changes. */
  refresh: number
}

/** What an address may say: vue-router's form. */
export type AddressQuery = Record<string, string | null | (string | null)[] | undefined>

export const comparisons = ['', 'previous', '1h', '1d', '7d'] as const
export const limits = [5, 10, 20, 50] as const
export const refreshes = [0, 5, 10, 30, 60] as const

export const blank: View = {
  measurement: '',
  fields: [],
  aggregation: 'avg',
  groupBy: [],
  filters: {},
  range: { kind: 'last', span: '1h' },
  interval: 'auto',
  limit: 10,
  compare: '',
  hidden: [],
  refresh: 10,
}

const FILTER = 'w.'

function textsOf(value: AddressQuery[string]): string[] {
  const list = Array.isArray(value) ? value : [value]
  return list.filter((item): item is string => typeof item === 'string' && item !== '')
}

const oneOf = <T>(list: readonly T[], value: T, otherwise: T): T => (list.includes(value) ? value : otherwise)

/** parseView reads an address; what makes no sense in it is as if it were not there. */
export function parseView(query: AddressQuery): View {
  const one = (key: string) => textsOf(query[key])[0] ?? ''
  const number = (key: string, allowed: readonly number[], otherwise: number) =>
    one(key) === '' ? otherwise : oneOf(allowed, Number(one(key)), otherwise)
  const filters: Record<string, string[]> = {}
  for (const key of Object.keys(query)) {
    const values = textsOf(query[key])
    if (key.startsWith(FILTER) && key.length > FILTER.length && values.length > 0) filters[key.slice(FILTER.length)] = values
  }
  return {
    measurement: one('m'),
    fields: textsOf(query.f),
    aggregation: oneOf<string>(aggregations, one('agg'), blank.aggregation) as Aggregation,
    groupBy: textsOf(query.by),
    filters,
    range: parseRange(one('range')) ?? blank.range,
    interval: spanMs(one('every')) > 0 ? one('every') : blank.interval,
    limit: number('top', limits, blank.limit),
    compare: oneOf<string>(comparisons, one('vs'), blank.compare),
    hidden: textsOf(query.hide),
    refresh: number('refresh', refreshes, blank.refresh),
  }
}

/** addressOf writes a view so that parseView reads the same; what is as usual is left out. */
export function addressOf(view: View): Record<string, string | string[]> {
  const query: Record<string, string | string[]> = {}
  if (view.measurement !== '') query.m = view.measurement
  if (view.fields.length > 0) query.f = view.fields
  if (view.aggregation !== blank.aggregation) query.agg = view.aggregation
  if (view.groupBy.length > 0) query.by = view.groupBy
  for (const [tag, values] of Object.entries(view.filters)) if (values.length > 0) query[FILTER + tag] = values
  if (rangeText(view.range) !== rangeText(blank.range)) query.range = rangeText(view.range)
  if (view.interval !== blank.interval) query.every = view.interval
  if (view.limit !== blank.limit) query.top = String(view.limit)
  if (view.compare !== '') query.vs = view.compare
  if (view.hidden.length > 0) query.hide = view.hidden
  if (view.refresh !== blank.refresh) query.refresh = String(view.refresh)
  return query
}

/** Types that can be averaged. */
const NUMERIC = /INT|DOUBLE|FLOAT|DECIMAL|REAL|BOOL/i

/** numericFields are those that a chart can show. */
export function numericFields(measurement: Measurement): string[] {
  return measurement.fields.filter((field) => NUMERIC.test(field.type)).map((field) => field.name)
}

/** More charts than these would be too low to read. */
export const MOST_FIELDS = 4

/**
 * settle makes a view fit what is stored: of a field or a tag that is not there nothing is kept. A
 * view without a field gets the first one.
 */
export function settle(view: View, measurement: Measurement): View {
  const numeric = numericFields(measurement)
  const fields = view.fields.filter((field) => numeric.includes(field)).slice(0, MOST_FIELDS)
  const filters: Record<string, string[]> = {}
  for (const tag of Object.keys(view.filters)) if (measurement.tags.includes(tag)) filters[tag] = view.filters[tag]!
  return {
    ...view,
    fields: fields.length > 0 ? fields : numeric.slice(0, 1),
    groupBy: view.groupBy.filter((tag) => measurement.tags.includes(tag)),
    filters,
  }
}

/** begin looks at a measurement for the first time: its first field, apart by what tells most apart. */
export function begin(view: View, measurement: Measurement): View {
  const tag = measurement.tags.find((name) => name !== 'host') ?? measurement.tags[0]
  const fresh = { ...view, measurement: measurement.name, fields: [], filters: {}, hidden: [], groupBy: tag ? [tag] : [] }
  return settle(fresh, measurement)
}

const FIRST = ['cpu_core_usage', 'cpu_usage']

/** preferred is what somebody who chose nothing is shown: it has several series on any machine. */
export function preferred(measurements: readonly Measurement[]): Measurement | undefined {
  const known = FIRST.map((name) => measurements.find((it) => it.name === name)).find((it) => it !== undefined)
  return known ?? measurements.find((it) => numericFields(it).length > 0) ?? measurements[0]
}

/** toggle takes a value out of a list, or adds it. */
export function toggle<T>(list: readonly T[], value: T): T[] {
  return list.includes(value) ? list.filter((item) => item !== value) : [...list, value]
}

/** withFilter changes the values of one tag; none means that all are let through. */
export function withFilter(view: View, tag: string, values: string[]): View {
  const filters = { ...view.filters }
  if (values.length > 0) filters[tag] = values
  else delete filters[tag]
  return { ...view, filters, hidden: [] }
}

/**
 * drillDown looks into one series: its tags become filters, and what is inside is told apart by the
 * next tag that is still open.
 */
export function drillDown(view: View, tags: Record<string, string>, all: readonly string[]): View {
  const filters = { ...view.filters }
  for (const [tag, value] of Object.entries(tags)) filters[tag] = [value]
  const next = all.find((tag) => filters[tag]?.length !== 1)
  return { ...view, filters, groupBy: next ? [next] : [], hidden: [] }
}

/** mayDrill says whether looking into a series shows anything that is not shown already. */
export function mayDrill(view: View, tags: Record<string, string>): boolean {
  return Object.entries(tags).some(([tag, value]) => view.filters[tag]?.length !== 1 || view.filters[tag]?.[0] !== value)
}

/** requestOf asks the platform for a view. */
export function requestOf(view: View): AnalyzeRequest {
  const { range } = view
  const request: AnalyzeRequest = {
    measurement: view.measurement,
    fields: view.fields,
    aggregation: view.aggregation,
    group_by: view.groupBy,
    time_range:
      range.kind === 'last'
        ? `-${range.span}`
        : { start: new Date(range.from).toISOString(), end: new Date(range.upto).toISOString() },
    interval: view.interval,
    filters: view.filters,
    limit: view.limit,
  }
  if (view.compare !== '') request.compare = view.compare
  return request
}

/** alertAddress opens a new alert rule about what is looked at. */
export function alertAddress(view: View): { path: string; query: Record<string, string | string[]> } {
  return {
    path: '/alerts',
    query: {
      new: '1',
      measurement: view.measurement,
      field: view.fields[0] ?? '',
      aggregation: view.aggregation,
      filters: JSON.stringify(view.filters),
      by: view.groupBy,
    },
  }
}
