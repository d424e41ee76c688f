// The series of an answer: their names, colours, figures, order, and differences.

import type { Aggregation, Analysis, AnalyzePoint, AnalyzeSeries } from '@/api/analysis'
import type { Json } from '@/api/values'
import { manyColors } from '@/chart/palette'

/** Row is a series with what the table and the chart want to know of it. */
export interface Row {
  key: string
  field: string
  tags: Record<string, string>
  /** What tells it apart from the others in the answer. */
  name: string
  color: string
  points: AnalyzePoint[]
  previous: AnalyzePoint[]
  total: number | null
  least: number | null
  most: number | null
  last: number | null
  /** The aggregation over the range that is compared with. */
  before: number | null
  /** How much more than before, as a share; null where there is no before. */
  change: number | null
}

/** keyOf names a series in an address: its field and its tags, in the order of the question. */
export const keyOf = (field: string, tags: Record<string, string>, groupBy: readonly string[]): string =>
  [field, ...groupBy.map((tag) => tags[tag] ?? '')].map(encodeURIComponent).join('/')

/**
 * rowsOf prepares an answer. A group has the same colour in the chart of each field, and keeps it when
 * the next answer has the same groups in another order.
 */
export function rowsOf(analysis: Analysis, groupBy: readonly string[], aggregation: Aggregation): Row[] {
  const groupOf = (series: AnalyzeSeries) => keyOf('', series.tags, groupBy)
  const groups = [...new Set(analysis.series.map(groupOf))].sort((a, b) => a.localeCompare(b, undefined, { numeric: true }))
  const colors = new Map(groups.map((group, at) => [group, manyColors[at % manyColors.length]!]))
  return analysis.series.map((series) => {
    const key = keyOf(series.field, series.tags, groupBy)
    const values = valuesOf(series.points)
    const before = wholeOf(series.previous ?? [], aggregation)
    return {
      key,
      field: series.field,
      tags: series.tags,
      name: nameOf(series, groupBy),
      color: colors.get(groupOf(series))!,
      points: series.points,
      previous: series.previous ?? [],
      total: series.total,
      least: values.length > 0 ? values.reduce((a, b) => Math.min(a, b)) : null,
      most: values.length > 0 ? values.reduce((a, b) => Math.max(a, b)) : null,
      last: values[values.length - 1] ?? null,
      before,
      // Both sides are computed alike: total may weigh every record, which points do not tell.
      change: changeOf(wholeOf(series.points, aggregation), before),
    }
  })
}

function nameOf(series: AnalyzeSeries, groupBy: readonly string[]): string {
  const values = groupBy.map((tag) => series.tags[tag] ?? '–')
  return values.length > 0 ? values.join(' · ') : series.field
}

const valuesOf = (points: AnalyzePoint[]): number[] => points.map((point) => point[1]).filter((value) => value !== null)

/** wholeOf is the aggregation over all points, as near as points tell it. */
export function wholeOf(points: AnalyzePoint[], aggregation: Aggregation): number | null {
  const values = valuesOf(points)
  if (values.length === 0) return null
  switch (aggregation) {
    case 'min':
      return values.reduce((a, b) => Math.min(a, b))
    case 'max':
      return values.reduce((a, b) => Math.max(a, b))
    case 'first':
      return values[0]!
    case 'last':
      return values[values.length - 1]!
    case 'sum':
    case 'count':
      return values.reduce((a, b) => a + b, 0)
    default:
      return values.reduce((a, b) => a + b, 0) / values.length
  }
}

/** changeOf is a share of the size of before; from nothing, no share can be told. */
export function changeOf(now: number | null, before: number | null): number | null {
  if (now === null || before === null) return null
  if (before === 0) return now === 0 ? 0 : null
  return (now - before) / Math.abs(before)
}

/** sumOf adds the totals of all rows, for aggregations whose totals can be added. */
export function sumOf(rows: readonly Row[], aggregation: Aggregation): number | null {
  if (aggregation !== 'sum' && aggregation !== 'count') return null
  return rows.reduce((sum, row) => sum + (row.total ?? 0), 0)
}

export type SortKey = 'name' | 'field' | 'total' | 'least' | 'most' | 'last' | 'before' | 'change'

export interface Sorting {
  key: SortKey
  down: boolean
}

/** sorted puts rows in order; what has no value stands last in both directions. */
export function sorted(rows: readonly Row[], { key, down }: Sorting): Row[] {
  const sign = down ? -1 : 1
  return [...rows].sort((a, b) => {
    const x = a[key]
    const y = b[key]
    if (x === null || y === null) return x === y ? 0 : x === null ? 1 : -1
    if (typeof x === 'string' || typeof y === 'string') return sign * String(x).localeCompare(String(y), undefined, { numeric: true })
    return sign * (x - y)
  })
}

/** isolate hides all others, or shows them again when only this one is seen. */
export function isolate(rows: readonly Row[], hidden: readonly string[], key: string): string[] {
  const others = rows.map((row) => row.key).filter((other) => other !== key)
  const alone = others.every((other) => hidden.includes(other)) && !hidden.includes(key)
  return alone ? [] : others
}

/** csvTable is what is shown, a line for each point, times in UTC. */
export function csvTable(rows: readonly Row[], groupBy: readonly string[], aggregation: Aggregation): { columns: string[]; rows: Json[][] } {
  const compared = rows.some((row) => row.previous.length > 0)
  const columns = ['time', 'field', ...groupBy, aggregation, ...(compared ? ['previous'] : [])]
  const lines: Json[][] = []
  for (const row of rows) {
    const before = new Map(row.previous)
    for (const [time, value] of row.points) {
      const line: Json[] = [new Date(time).toISOString(), row.field, ...groupBy.map((tag) => row.tags[tag] ?? null), value]
      if (compared) line.push(before.get(time) ?? null)
      lines.push(line)
    }
  }
  return { columns, rows: lines }
}
