// Lines over a range of time that does not move: each with a name, some dashed behind it.

import type { LineSeriesOption } from 'echarts/charts'
import type { TooltipComponentOption } from 'echarts/components'
import { timeMarks } from './axis'
import { niceStep, stampText } from './figure'
import { valueAxis, type Bounds, type ChartOption } from './option'
import { fontFamily, palette, withAlpha } from './palette'

/** [ms since the epoch, value]; null is a hole. */
export type Dot = [time: number, value: number | null]

export interface Trace {
  id: string
  name: string
  color: string
  dots: Dot[]
  /** The range that is compared with; empty without one. */
  previous: Dot[]
}

export interface HistoryOptions {
  traces: Trace[]
  from: number
  upto: number
  intervalMs: number
  /** Width of the chart in CSS pixels: as many marks as have room. */
  width: number
  /** Zero belongs to the axis, as it does for counts and sums. */
  zero: boolean
  previousName: string
  moreName: (count: number) => string
  axis: (value: number) => string
  value: (value: number) => string
}

/** historyOption draws all traces; one that stands alone is filled. */
export function historyOption(options: HistoryOptions): ChartOption {
  const { traces } = options
  const marks = timeMarks(options.from, options.upto, Math.max(2, options.width / 110))
  const bounds = boundsOf(traces, options.zero)
  return {
    animation: false,
    textStyle: { fontFamily },
    grid: { left: 68, right: 18, top: 14, bottom: 30 },
    tooltip: tooltipOf(options),
    xAxis: {
      type: 'time',
      min: options.from,
      max: options.upto,
      axisLine: { lineStyle: { color: withAlpha(palette.label, 0.28) } },
      axisTick: { show: true, lineStyle: { color: withAlpha(palette.label, 0.28) }, customValues: marks.times },
      splitLine: { show: false },
      axisLabel: { color: palette.label, fontSize: 13, hideOverlap: true, customValues: marks.times, formatter: marks.label },
    },
    yAxis: valueAxis(bounds, options.axis),
    series: traces.flatMap((trace) => linesOf(trace, traces.length === 1, options)),
  }
}

/** Ends the identity of a line of the range that is compared with. */
export const BEFORE = '|before'

function linesOf(trace: Trace, alone: boolean, options: HistoryOptions): LineSeriesOption[] {
  const lines: LineSeriesOption[] = []
  if (trace.previous.length > 0) {
    lines.push({
      ...lineOf(`${trace.id}${BEFORE}`, `${trace.name} · ${options.previousName}`, trace.previous, trace.color),
      lineStyle: { width: 1.6, color: withAlpha(trace.color, 0.6), type: [5, 5] },
      z: 1,
    })
  }
  const line: LineSeriesOption = {
    ...lineOf(trace.id, trace.name, trace.dots, trace.color),
    lineStyle: { width: 2, color: trace.color },
    // Said even where there is none: a merge would keep what an earlier answer had.
    areaStyle: { color: withAlpha(trace.color, 0.13), origin: 'start', opacity: alone ? 1 : 0 },
    z: 2,
  }
  lines.push(line)
  return lines
}

function lineOf(id: string, name: string, dots: Dot[], color: string): LineSeriesOption {
  const lonely = dots.filter((_, at) => isLonely(dots, at)).length
  const known = dots.filter((dot) => dot[1] !== null).length
  // Where records come more seldom than there are intervals, the holes between them mean nothing.
  const seldom = lonely > known / 2
  return {
    id,
    name,
    type: 'line',
    symbol: 'circle',
    symbolSize: 5,
    showSymbol: true,
    silent: true,
    emphasis: { disabled: true },
    itemStyle: { color },
    connectNulls: seldom,
    data: dots.map((dot, at) => (!seldom && isLonely(dots, at) ? { value: dot } : { value: dot, symbol: 'none' })),
  }
}

/** isLonely says that a dot has no neighbour to be joined with: without a symbol nobody would see it. */
function isLonely(dots: Dot[], at: number): boolean {
  const empty = (dot: Dot | undefined) => dot === undefined || dot[1] === null
  return !empty(dots[at]) && empty(dots[at - 1]) && empty(dots[at + 1])
}

const PARTS = 4
const AIR = 0.04

/** boundsOf are whole steps around all values; with zero, or when it is near, the axis begins there. */
export function boundsOf(traces: Pick<Trace, 'dots' | 'previous'>[], zero: boolean): Bounds {
  let low = Infinity
  let high = -Infinity
  for (const trace of traces) {
    for (const dots of [trace.dots, trace.previous]) {
      for (const [, value] of dots) {
        if (value === null) continue
        low = Math.min(low, value)
        high = Math.max(high, value)
      }
    }
  }
  if (low > high || (low === 0 && high === 0)) return { min: 0, max: 1, step: 0.25 }
  if (low >= 0 && (zero || low < high * 0.4)) low = 0
  if (high <= 0 && zero) high = 0
  if (high === low) {
    // A line that never moves is drawn in the middle, not along an edge.
    low -= Math.abs(high) * 0.1
    high += Math.abs(high) * 0.1
  }
  const spread = high - low
  const step = niceStep((spread * (1 + AIR)) / PARTS)
  const first = Math.floor(low / step)
  const last = Math.max(Math.ceil((high + spread * AIR) / step), first + 1)
  const tidy = (value: number) => Number(value.toPrecision(12))
  return { min: tidy(first * step), max: tidy(last * step), step }
}

/** TooltipLine is one line of what is said at a time. */
export interface TooltipLine {
  name: string
  color: string
  value: number
  before: boolean
}

const MOST_LINES = 12

/** tooltipLines are the values at a time, the highest first, no more than can be read. */
export function tooltipLines(items: readonly TooltipLine[]): { lines: TooltipLine[]; more: number } {
  const inOrder = [...items].sort((a, b) => b.value - a.value)
  return { lines: inOrder.slice(0, MOST_LINES), more: Math.max(0, inOrder.length - MOST_LINES) }
}

interface TooltipItem {
  seriesId?: string
  seriesName?: string
  color?: unknown
  value?: unknown
}

function tooltipOf(options: HistoryOptions): TooltipComponentOption {
  return {
    trigger: 'axis',
    transitionDuration: 0,
    confine: true,
    backgroundColor: withAlpha(palette.page, 0.96),
    borderColor: withAlpha(palette.figure, 0.35),
    padding: [8, 12],
    textStyle: { color: palette.text, fontSize: 14, fontFamily },
    axisPointer: { snap: true, lineStyle: { color: withAlpha(palette.figure, 0.5) } },
    formatter: (params) => {
      const items = (Array.isArray(params) ? params : [params]) as TooltipItem[]
      const time = items.map((item) => (item.value as Dot | undefined)?.[0]).find((at) => at !== undefined)
      if (time === undefined) return ''
      const known = items.flatMap((item): TooltipLine[] => {
        const value = (item.value as Dot | undefined)?.[1]
        if (typeof value !== 'number') return []
        return [{ name: item.seriesName ?? '', color: String(item.color), value, before: item.seriesId?.endsWith(BEFORE) ?? false }]
      })
      return tooltipNodes(stampText(time), tooltipLines(known), options)
    },
  }
}

/** tooltipNodes builds elements, not HTML: names are data, and may look like markup. */
function tooltipNodes(title: string, { lines, more }: ReturnType<typeof tooltipLines>, options: HistoryOptions): HTMLElement[] {
  const head = element('div', title)
  head.style.cssText = `margin-bottom:4px;color:${palette.label};font-size:13px`
  const table = element('div')
  table.style.cssText = 'display:grid;grid-template-columns:auto minmax(0,1fr) auto;align-items:center;gap:2px 9px'
  for (const line of lines) {
    const mark = element('i')
    mark.style.cssText = `width:12px;border-top:2.5px ${line.before ? 'dashed' : 'solid'} ${line.color}`
    const name = element('span', line.name)
    name.style.cssText = 'max-width:260px;overflow:hidden;text-overflow:ellipsis;white-space:nowrap'
    if (line.before) name.style.color = palette.label
    const value = element('b', options.value(line.value))
    value.style.cssText = 'font-weight:600;text-align:right'
    table.append(mark, name, value)
  }
  if (more === 0) return [head, table]
  const rest = element('div', options.moreName(more))
  rest.style.cssText = `margin-top:3px;color:${palette.label};font-size:13px`
  return [head, table, rest]
}

function element(tag: string, text = ''): HTMLElement {
  const made = document.createElement(tag)
  made.textContent = text
  return made
}

/** nearest is the trace whose line passes closest above or below a place; null beyond reach. */
export function nearest(traces: readonly Trace[], time: number, value: number, reach: number): string | null {
  let found: string | null = null
  let least = reach
  for (const trace of traces) {
    const at = valueAt(trace.dots, time)
    if (at === null) continue
    const distance = Math.abs(at - value)
    if (distance <= least) {
      least = distance
      found = trace.id
    }
  }
  return found
}

/** valueAt is a line's value at a time, between two dots by a straight line; null in a hole. */
function valueAt(dots: Dot[], time: number): number | null {
  const after = dots.findIndex((dot) => dot[0] >= time)
  if (after < 0) return null
  const right = dots[after]!
  const left = dots[after - 1]
  if (right[0] === time || left === undefined || left[1] === null) return right[1]
  if (right[1] === null) return left[1]
  return left[1] + ((right[1] - left[1]) * (time - left[0])) / (right[0] - left[0])
}
