import { expect, it } from 'vitest'
import type { Analysis, AnalyzePoint } from '@/api/analysis'
import { chartsOf } from '@/explore/charts'
import { changeOf, csvTable, isolate, rowsOf, sorted, sumOf, wholeOf } from '@/explore/series'
import { sqlOf } from '@/explore/sql'
import { blank } from '@/explore/view'

const points = (...values: (number | null)[]): AnalyzePoint[] => values.map((value, at) => [at * 1000, value])
const analysis = (series: Analysis['series']): Analysis => ({
  interval_seconds: 1, from: '', upto: '', series, series_total: series.length, truncated: false, rollup: '', partial: false, warnings: [], took_ms: 1,
})
const two = analysis([
  { field: 'value', tags: { host: 'b', core: '10' }, points: points(1, null, 5), previous: points(2, 2, 2), total: 3 },
  { field: 'value', tags: { host: 'a', core: '2' }, points: points(4, 4, 4), previous: points(0, 0, 0), total: 4 },
  { field: 'other', tags: { host: 'b', core: '10' }, points: points(null), total: null },
])
const rows = rowsOf(two, ['host', 'core'], 'avg')

it('reads each series', () => {
  expect(rows[0]).toMatchObject({ name: 'b · 10', least: 1, most: 5, last: 5, before: 2, change: 0.5, total: 3 })
  expect(rows[1]).toMatchObject({ before: 0, change: null })
  expect(rows[2]).toMatchObject({ field: 'other', least: null, last: null, before: null, change: null })
  expect(rows[0]!.key).not.toBe(rows[2]!.key)
})

it('a group keeps its colour: in another field, and in another order', () => {
  expect(rows[0]!.color).toBe(rows[2]!.color)
  expect(rows[0]!.color).not.toBe(rows[1]!.color)
  const again = rowsOf(analysis([two.series[2]!, two.series[1]!, two.series[0]!]), ['host', 'core'], 'avg')
  expect(again.find((row) => row.key === rows[1]!.key)!.color).toBe(rows[1]!.color)
})

it('without tags a series is called by its field', () => expect(rowsOf(two, [], 'avg')[0]!.name).toBe('value'))

it('puts in order, numbers in names too, and what is unknown last', () => {
  expect(sorted(rows, { key: 'total', down: true }).map((row) => row.total)).toEqual([4, 3, null])
  expect(sorted(rows, { key: 'total', down: false }).map((row) => row.total)).toEqual([3, 4, null])
  const cores = rowsOf(two, ['core'], 'avg')
  expect(sorted(cores, { key: 'name', down: false }).map((row) => row.name)).toEqual(['2', '10', '10'])
})

it('isolates, and shows all again', () => {
  const [first, second, third] = rows.map((row) => row.key)
  expect(isolate(rows, [], first!)).toEqual([second, third])
  expect(isolate(rows, [second!, third!], first!)).toEqual([])
  expect(isolate(rows, [second!, third!], second!)).toEqual([first, third])
})

it.each([['avg', 3], ['sum', 9], ['count', 9], ['min', 1], ['max', 5], ['first', 1], ['last', 5], ['p95', 3]] as const)('%s of points is %d', (aggregation, want) => {
  expect(wholeOf(points(1, 3, null, 5), aggregation)).toBe(want)
  expect(wholeOf(points(null), aggregation)).toBeNull()
})

it('tells a change as a share of what was', () => {
  expect([changeOf(3, 2), changeOf(1, 2), changeOf(0, 0), changeOf(1, 0), changeOf(null, 1), changeOf(-1, -2)]).toEqual([0.5, -0.5, 0, null, null, 0.5])
})

it('adds totals only where they can be added', () => {
  expect(sumOf(rows, 'sum')).toBe(7)
  expect(sumOf(rows, 'avg')).toBeNull()
})

it('a chart for each field, without what is hidden', () => {
  const charts = chartsOf(rows, ['value', 'other'], [rows[0]!.key])
  expect(charts.map((chart) => chart.traces.map((trace) => trace.name))).toEqual([['a · 2'], ['b · 10']])
})

it('CSV has a line for each point', () => {
  const table = csvTable(rows.slice(0, 1), ['host', 'core'], 'avg')
  expect(table.columns).toEqual(['time', 'field', 'host', 'core', 'avg', 'previous'])
  expect(table.rows[1]).toEqual(['1970-01-01T00:00:01.000Z', 'value', 'b', '10', null, 2])
  expect(csvTable(rows.slice(2), ['host', 'core'], 'avg').columns).not.toContain('previous')
})

it('writes the same question in SQL', () => {
  const sql = sqlOf({ ...blank, measurement: 'sensors.stats', fields: ['avg_celsius'], groupBy: ['id'], aggregation: 'p95', filters: { id: ["o'brien", 's1'] } }, 15)
  expect(sql).toBe(`SELECT time_bucket(INTERVAL 15 SECOND, time) AS bucket,
       "id",
       quantile_cont("avg_celsius", 0.95) AS "p95"
FROM "sensors.stats"
WHERE time >= now() - INTERVAL 3600 SECOND
  AND "id" IN ('o''brien', 's1')
GROUP BY ALL
ORDER BY bucket`)
})
