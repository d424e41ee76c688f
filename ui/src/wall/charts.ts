// The charts of the wall, from what it knows.

import { percentText, rateText } from '@/chart/figure'
import { newestTime, rollingOption, stripOption, type Bounds, type ChartOption } from '@/chart/option'
import { palette, seriesColors } from '@/chart/palette'
import { POINTS } from '@/chart/ring'
import { sensorsInOrder, STRIP_POINTS, type Readings, type Sensor } from './readings'

/** Fifty points, one a second. */
const WINDOW_MS = (POINTS - 1) * 1000
/** Sensors are averaged over ten seconds, so the same fifty points are over eight minutes. */
const SENSOR_WINDOW_MS = (POINTS - 1) * 10_000
/** More lines than colours could not be told apart. */
export const SENSOR_LINES = seriesColors.length
/** Where the platform's default alert rules begin. */
const CPU_THRESHOLD = 80
const MEMORY_THRESHOLD = 85

/** Traffic that is next to nothing stays at the bottom of its chart. */
const LEAST_MB = 0.1
const PERCENT: Bounds = { min: 0, max: 100, step: 25 }

const percentAxis = (value: number) => `${value.toFixed(0)}%`

export function cpuChart(readings: Readings, name: string): ChartOption {
  return rollingOption({
    lines: [{ id: 'cpu', name, color: palette.figure, samples: readings.cpu.points(), fill: 0.34 }],
    windowMs: WINDOW_MS,
    bounds: PERCENT,
    threshold: CPU_THRESHOLD,
    format: percentAxis,
  })
}

export function memoryChart(readings: Readings, name: string): ChartOption {
  return rollingOption({
    lines: [{ id: 'memory', name, color: palette.violet, samples: readings.memory.points(), fill: 0.36 }],
    windowMs: WINDOW_MS,
    bounds: PERCENT,
    threshold: MEMORY_THRESHOLD,
    format: percentAxis,
  })
}

export function networkChart(readings: Readings, name: string): ChartOption {
  return rollingOption({
    lines: [{ id: 'network', name, color: palette.green, samples: readings.network.points(), fill: 0.32 }],
    windowMs: WINDOW_MS,
    least: LEAST_MB,
    format: axisNumber,
  })
}

export function diskChart(readings: Readings, names: { read: string; write: string }): ChartOption {
  return rollingOption({
    lines: [
      { id: 'read', name: names.read, color: palette.blue, samples: readings.diskRead.points(), fill: 0.26 },
      { id: 'write', name: names.write, color: palette.amber, samples: readings.diskWrite.points(), fill: 0.26 },
    ],
    windowMs: WINDOW_MS,
    least: LEAST_MB,
    format: axisNumber,
  })
}

/** sensorsShown are those with lines: the first in order among those that still speak. */
export function sensorsShown(readings: Readings): { shown: Sensor[]; more: number } {
  const newest = newestTime([...readings.sensors.values()].map((sensor) => ({ samples: sensor.ring.points() })))
  const speaking = [...readings.sensors.values()].filter(
    (sensor) => (sensor.ring.last?.[0] ?? 0) > newest - SENSOR_WINDOW_MS,
  )
  const shown = sensorsInOrder(speaking).slice(0, SENSOR_LINES)
  return { shown, more: speaking.length - shown.length }
}

export function sensorsChart(sensors: Sensor[]): ChartOption {
  return rollingOption({
    lines: sensors.map((sensor, at) => ({
      id: sensor.id,
      name: sensor.id,
      color: seriesColors[at % seriesColors.length]!,
      samples: sensor.ring.points(),
      fill: 0,
    })),
    windowMs: SENSOR_WINDOW_MS,
    loose: true,
    format: (value) => `${Number.isInteger(value) ? value : value.toFixed(1)}°`,
  })
}

export function eventsChart(readings: Readings, name: string): ChartOption {
  return stripOption(readings.events.points(), STRIP_POINTS, name, rateText)
}

/** axisNumber says 2.5 and 40, not 2.50 and 40.0. */
export function axisNumber(value: number): string {
  return String(Number(value.toPrecision(3)))
}

/** toneOf colours a percentage by how near it is to trouble. */
export function toneOf(value: number | undefined, threshold: number): 'plain' | 'warn' | 'bad' {
  if (value === undefined || value < threshold) return 'plain'
  return value < threshold * 1.12 ? 'warn' : 'bad'
}

export const cpuTone = (value: number | undefined) => toneOf(value, CPU_THRESHOLD)
export const memoryTone = (value: number | undefined) => toneOf(value, MEMORY_THRESHOLD)

/** rangeText is the low and the high of a window, and nothing while they are not known. */
export function rangeText(min: number, max: number): string {
  return Number.isFinite(min) && Number.isFinite(max) ? `${percentText(min)} ~ ${percentText(max)}` : ''
}
