// From samples to ECharts options: pure functions, tested without a browser.

import type { BarSeriesOption, LineSeriesOption } from 'echarts/charts'
import type { GridComponentOption, MarkLineComponentOption, TooltipComponentOption } from 'echarts/components'
import type { ComposeOption } from 'echarts/core'
import { clockText, niceEnd, niceStep } from './figure'
import { fontFamily, palette, withAlpha } from './palette'
import type { Sample } from './ring'

export type ChartOption = ComposeOption<
  LineSeriesOption | BarSeriesOption | GridComponentOption | TooltipComponentOption | MarkLineComponentOption
>

export interface Line {
  id: string
  name: string
  color: string
  samples: Sample[]
  /** How strongly the area under the line is filled; 0 leaves it empty. */
  fill: number
}

/** The value axis: its ends, and the distance of its lines. */
export interface Bounds {
  min: number
  max: number
  step: number
}

export interface RollingOptions {
  lines: Line[]
  /** How much time is in view once there is so much; until then, what there is. */
  windowMs: number
  /** Fixed bounds of the value axis; without them it grows with the values, from zero. */
  bounds?: Bounds
  /** Without bounds: what the axis reaches at least, so that next to nothing looks it. */
  least?: number
  /** Without bounds: leave zero out when all values are far from it, as temperatures are. */
  loose?: boolean
  /** A value above which somebody would be told. */
  threshold?: number
  format: (value: number) => string
}

/** rollingOption draws the last windowMs of some lines: smooth, filled, and not animated. */
export function rollingOption(options: RollingOptions): ChartOption {
  const [oldest, newest] = spanOf(options.lines, options.windowMs)
  const bounds = options.bounds ?? (options.loose ? looseBounds(options.lines) : boundsFromZero(options.lines, options.least))
  return {
    animation: false,
    textStyle: { fontFamily },
    grid: { left: 52, right: 16, top: 14, bottom: 28 },
    tooltip: tooltip(options.format),
    xAxis: {
      type: 'time',
      min: oldest,
      max: newest,
      axisLine: { lineStyle: { color: withAlpha(palette.label, 0.28) } },
      axisTick: { show: false },
      splitLine: { show: false },
      axisLabel: {
        color: palette.label,
        fontSize: 13,
        hideOverlap: true,
        customValues: ticksOf(oldest, newest),
        formatter: (time: number) => clockText(time),
      },
    },
    yAxis: valueAxis(bounds, options.format),
    series: options.lines.map((line) => lineSeries(line, options.threshold)),
  }
}

function lineSeries(line: Line, threshold: number | undefined): LineSeriesOption {
  const last = line.samples.length - 1
  const series: LineSeriesOption = {
    id: line.id,
    name: line.name,
    type: 'line',
    smooth: 0.35,
    smoothMonotone: 'x',
    symbol: 'none',
    silent: true,
    emphasis: { disabled: true },
    lineStyle: { width: 2.2, color: line.color, shadowColor: withAlpha(line.color, 0.55), shadowBlur: 10 },
    itemStyle: { color: line.color },
    // The newest point alone has a dot: it is where the eye should be.
    data: line.samples.map((sample, at) =>
      at === last
        ? {
            value: sample,
            symbol: 'circle',
            symbolSize: 8,
            itemStyle: { color: palette.text, borderColor: line.color, borderWidth: 2, shadowColor: line.color, shadowBlur: 12 },
          }
        : sample,
    ),
  }
  if (line.fill > 0) series.areaStyle = { color: fade(line.color, line.fill) }
  if (threshold !== undefined) series.markLine = thresholdLine(threshold)
  return series
}

function thresholdLine(value: number): NonNullable<LineSeriesOption['markLine']> {
  return {
    silent: true,
    symbol: 'none',
    animation: false,
    label: { show: false },
    lineStyle: { color: withAlpha(palette.amber, 0.55), type: [4, 6], width: 1 },
    data: [{ yAxis: value }],
  }
}

/** stripOption draws one bar a sample, without axes: a pulse beside a figure. */
export function stripOption(samples: Sample[], slots: number, name: string, format: (value: number) => string): ChartOption {
  const empty = Math.max(0, slots - samples.length)
  const shown = samples.slice(-slots)
  const top = Math.max(...shown.map((sample) => sample[1]), 1)
  return {
    animation: false,
    textStyle: { fontFamily },
    grid: { left: 0, right: 0, top: 4, bottom: 2 },
    tooltip: { ...tooltip(format), confine: true },
    xAxis: {
      type: 'category',
      show: false,
      data: [...Array.from({ length: empty }, () => ''), ...shown.map((sample) => clockText(sample[0]))],
    },
    yAxis: { type: 'value', show: false, min: 0, max: top * 1.06 },
    series: [
      {
        id: 'strip',
        name,
        type: 'bar',
        barWidth: '62%',
        showBackground: true,
        backgroundStyle: { color: withAlpha(palette.label, 0.07), borderRadius: 2 },
        silent: true,
        emphasis: { disabled: true },
        itemStyle: { borderRadius: [2, 2, 0, 0], color: rise(palette.figure) },
        data: [...Array.from({ length: empty }, () => '-' as const), ...shown.map((sample) => sample[1])],
      },
    ],
  }
}

export function valueAxis(bounds: Bounds, format: (value: number) => string): NonNullable<ChartOption['yAxis']> {
  return {
    type: 'value',
    min: bounds.min,
    max: bounds.max,
    interval: bounds.step,
    axisLabel: { color: palette.label, fontSize: 13, margin: 10, formatter: (value: number) => format(value) },
    splitLine: { lineStyle: { color: withAlpha(palette.label, 0.1) } },
  }
}

function tooltip(format: (value: number) => string): TooltipComponentOption {
  return {
    trigger: 'axis',
    transitionDuration: 0,
    backgroundColor: withAlpha(palette.page, 0.94),
    borderColor: withAlpha(palette.figure, 0.35),
    textStyle: { color: palette.text, fontSize: 14, fontFamily },
    axisPointer: { lineStyle: { color: withAlpha(palette.figure, 0.5) }, shadowStyle: { color: withAlpha(palette.figure, 0.06) } },
    valueFormatter: (value) => (typeof value === 'number' ? format(value) : ''),
  }
}

/**
 * ticksOf are whole steps of time inside a window: they travel with the points. Those so near an
 * end that their labels would stick out are left out.
 */
export function ticksOf(from: number, upto: number): number[] {
  const step = (TICK_STEPS_S.find((seconds) => (upto - from) / (seconds * 1000) <= MOST_TICKS) ?? 3600) * 1000
  const margin = (upto - from) * 0.05
  const ticks: number[] = []
  for (let at = Math.ceil((from + margin) / step) * step; at <= upto - margin; at += step) ticks.push(at)
  return ticks
}

const MOST_TICKS = 8.5
const TICK_STEPS_S = [5, 10, 15, 30, 60, 120, 300, 600, 1800]

/** A part of the window at least: one point is not a line over a whole wall. */
const LEAST_SPAN = 0.04

/** spanOf is the part of the window that has points, so that a young chart is not an empty one. */
export function spanOf(lines: Pick<Line, 'samples'>[], windowMs: number): [oldest: number, newest: number] {
  const newest = newestTime(lines)
  let oldest = newest - windowMs * LEAST_SPAN
  for (const line of lines) oldest = Math.min(oldest, line.samples[0]?.[0] ?? newest)
  return [Math.max(oldest, newest - windowMs), newest]
}

/** newestTime of all lines, so that charts fed together scroll together. */
export function newestTime(lines: Pick<Line, 'samples'>[]): number {
  let newest = 0
  for (const line of lines) newest = Math.max(newest, line.samples[line.samples.length - 1]?.[0] ?? 0)
  return newest
}

const AIR = 1.04

/** boundsFromZero leaves a little air above the highest value. */
export function boundsFromZero(lines: Pick<Line, 'samples'>[], least = 0): Bounds {
  let top = least / AIR
  for (const line of lines) for (const sample of line.samples) top = Math.max(top, sample[1])
  const max = niceEnd(top * AIR)
  return { min: 0, max, step: max / 4 }
}

/** looseBounds are whole steps that hold all values, as few as leave the lines apart. */
export function looseBounds(lines: Pick<Line, 'samples'>[]): Bounds {
  let low = Infinity
  let high = -Infinity
  for (const line of lines) {
    for (const sample of line.samples) {
      low = Math.min(low, sample[1])
      high = Math.max(high, sample[1])
    }
  }
  if (low > high) return { min: 0, max: 1, step: 0.25 }
  const step = niceStep(Math.max(high - low, 0.5) / 5)
  const first = Math.floor(low / step)
  const last = Math.max(Math.ceil(high / step), first + 2)
  return { min: tidy(first * step), max: tidy(last * step), step }
}

/** tidy takes away what binary fractions add: 0.30000000000000004 is 0.3. */
const tidy = (value: number): number => Number(value.toPrecision(12))

function fade(color: string, strength: number) {
  return gradient(withAlpha(color, strength), withAlpha(color, 0))
}

function rise(color: string) {
  return gradient(color, withAlpha(color, 0.15))
}

function gradient(top: string, bottom: string) {
  return {
    type: 'linear' as const,
    x: 0,
    y: 0,
    x2: 0,
    y2: 1,
    colorStops: [
      { offset: 0, color: top },
      { offset: 1, color: bottom },
    ],
  }
}
