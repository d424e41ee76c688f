// What of an answer can be drawn: lines over a column of times, or bars over a column of names.

import type { Json, Table } from '@/api/values'
import { timeOf } from '@/chart/figure'
import type { Dot, Trace } from '@/chart/history'
import { seriesColors } from '@/chart/palette'
import { isNumeric } from './table'

export interface Lines {
  kind: 'line'
  traces: Trace[]
  from: number
  upto: number
}

export interface Bars {
  kind: 'bar'
  names: string[]
  series: { name: string; color: string; values: (number | null)[] }[]
}

/** More lines than these could not be told apart, more bars not be read. */
const MOST_LINES = 20
const MOST_BARS = 60

const isTime = (type: string): boolean => /^(TIMESTAMP|DATE\b)/i.test(type)
const isText = (type: string): boolean => /^(VARCHAR|BOOLEAN|ENUM|UUID|TIME\b)/i.test(type)
const numberOf = (value: Json | undefined): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null)

/** linesOf draws each column of numbers over the first column of times, apart by the columns of text. */
export function linesOf(table: Table): Lines | null {
  const time = table.columns.findIndex((column) => isTime(column.type))
  const numbers = indexes(table, isNumeric)
  if (time < 0 || numbers.length === 0) return null
  const texts = indexes(table, isText)
  const traces = new Map<string, Trace>()
  let from = Infinity
  let upto = -Infinity
  for (const row of table.rows) {
    const at = timeOf(String(row[time]))
    if (!Number.isFinite(at)) continue
    from = Math.min(from, at)
    upto = Math.max(upto, at)
    const group = texts.map((index) => String(row[index] ?? '–'))
    for (const index of numbers) {
      const name = [...group, ...(numbers.length > 1 || group.length === 0 ? [table.columns[index]!.name] : [])].join(' · ')
      let trace = traces.get(name)
      if (!trace) {
        if (traces.size >= MOST_LINES) continue
        trace = { id: name, name, color: seriesColors[traces.size % seriesColors.length]!, dots: [], previous: [] }
        traces.set(name, trace)
      }
      trace.dots.push([at, numberOf(row[index])])
    }
  }
  if (!(from < upto)) return null
  for (const trace of traces.values()) trace.dots.sort((a: Dot, b: Dot) => a[0] - b[0])
  return { kind: 'line', traces: [...traces.values()], from, upto }
}

/** barsOf draws each column of numbers for the names in the first column that is none. */
export function barsOf(table: Table): Bars | null {
  const numbers = indexes(table, isNumeric)
  const name = table.columns.findIndex((column) => !isNumeric(column.type))
  if (numbers.length === 0 || name < 0 || table.rows.length === 0) return null
  const rows = table.rows.slice(0, MOST_BARS)
  return {
    kind: 'bar',
    names: rows.map((row) => String(row[name] ?? 'NULL')),
    series: numbers.slice(0, seriesColors.length).map((index, at) => ({
      name: table.columns[index]!.name,
      color: seriesColors[at]!,
      values: rows.map((row) => numberOf(row[index])),
    })),
  }
}

function indexes(table: Table, fits: (type: string) => boolean): number[] {
  return table.columns.flatMap((column, index) => (fits(column.type) ? [index] : []))
}
