// What the wall screen knows: the rings behind its charts and the newest of everything else.
// Messages go in, charts read; nothing here draws, asks or waits.

import { megabytes, timeOf } from '@/chart/figure'
import { Ring, type Sample } from '@/chart/ring'
import type { BaseMessage, MetricsMessage, Point, TopicMessage } from '@/api/channels'
import type { QueryRequest, QueryRow } from '@/api/measurements'
import type { Json } from '@/api/values'

/** What the wall asks of the channel of metrics. */
export const metricNames = [
  'cpu_core_usage',
  'disk_read',
  'disk_write',
  'network_traffic',
  'net_sent',
  'net_received',
  'load1',
  'load5',
  'load15',
  'memory_used_bytes',
  'memory_total_bytes',
  'swap_usage',
  'process_cpu',
  'process_memory_bytes',
]

export const STRIP_POINTS = 60
/** Rings that are kept for sensors; beyond it, the one silent for longest makes room. */
export const MAX_SENSORS = 64
/** Samples nearer than this are the same measurement, stamped by the socket and by the store. */
const SAME_SECOND_MS = 700

export interface Core {
  core: string
  usage: number
}

export interface Process {
  pid: string
  name: string
  cpu: number
  memory: number
}

export interface Sensor {
  id: string
  ring: Ring
  min: number
  max: number
  count: number
}

export class Readings {
  readonly cpu = new Ring()
  readonly memory = new Ring()
  readonly network = new Ring()
  readonly diskRead = new Ring()
  readonly diskWrite = new Ring()
  readonly events = new Ring(STRIP_POINTS)
  readonly sensors = new Map<string, Sensor>()
  /** Newest value of the metrics that have one. */
  readonly newest = new Map<string, number>()
  cores: Core[] = []
  processes: Process[] = []

  addBase(batch: BaseMessage[]): void {
    for (const { timestamp, metrics } of batch) {
      const time = timeOf(timestamp)
      if (metrics.cpu !== null) this.cpu.push(time, metrics.cpu)
      if (metrics.memory !== null) this.memory.push(time, metrics.memory)
      this.events.push(time, metrics.requests_per_second)
    }
  }

  addMetrics(batch: MetricsMessage[]): void {
    for (const message of batch) this.addPoints(timeOf(message.timestamp), message.points)
  }

  private addPoints(time: number, points: Point[]): void {
    const sums = new Map<string, number>()
    for (const point of points) sums.set(point.metric, (sums.get(point.metric) ?? 0) + point.value)
    for (const [metric, value] of sums) this.newest.set(metric, value)
    pushIfKnown(this.network, time, sums.get('network_traffic'), megabytes)
    pushIfKnown(this.diskRead, time, sums.get('disk_read'), megabytes)
    pushIfKnown(this.diskWrite, time, sums.get('disk_write'), megabytes)
    const cores = coresOf(points)
    if (cores.length > 0) this.cores = cores
    const processes = processesOf(points)
    if (processes.length > 0) this.processes = processes
  }

  addSensors(batch: TopicMessage[]): void {
    for (const message of batch) {
      for (const record of message.records) this.addWindow(record.value)
    }
  }

  private addWindow(value: Json): void {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return
    const { id, avg_celsius: average, window_end: end } = value
    if (typeof id !== 'string' || typeof average !== 'number' || typeof end !== 'string') return
    const sensor = this.sensor(id)
    sensor.ring.push(timeOf(end), average)
    sensor.min = numberOr(value.min_celsius, average)
    sensor.max = numberOr(value.max_celsius, average)
    sensor.count = numberOr(value.cnt, 0)
  }

  private sensor(id: string): Sensor {
    const known = this.sensors.get(id)
    if (known) return known
    if (this.sensors.size >= MAX_SENSORS) this.forgetSilent()
    const sensor: Sensor = { id, ring: new Ring(), min: NaN, max: NaN, count: 0 }
    this.sensors.set(id, sensor)
    return sensor
  }

  private forgetSilent(): void {
    let silent = ''
    let since = Infinity
    for (const sensor of this.sensors.values()) {
      const heard = sensor.ring.last?.[0] ?? 0
      if (heard < since) [silent, since] = [sensor.id, heard]
    }
    this.sensors.delete(silent)
  }

  /** fillHistory draws what the store knows of a measurement under what came live. */
  fillHistory(measurement: string, rows: QueryRow[]): void {
    if (measurement === 'sensors.stats') {
      this.fillSensors(rows)
      return
    }
    const target = this.historyRing(measurement)
    if (!target) return
    // One sample a time: devices are added up, as they are in live messages.
    const sums = new Map<number, number>()
    for (const row of rows) {
      const time = timeOf(row.time)
      if (typeof row.value === 'number') sums.set(time, (sums.get(time) ?? 0) + row.value)
    }
    const samples = [...sums].map(([time, value]): Sample => [time, target.convert(value)])
    target.ring.fill(samples.sort((a, b) => a[0] - b[0]), SAME_SECOND_MS)
  }

  private historyRing(measurement: string): { ring: Ring; convert: (value: number) => number } | undefined {
    const same = (value: number) => value
    switch (measurement) {
      case 'cpu_usage':
        return { ring: this.cpu, convert: same }
      case 'memory_usage':
        return { ring: this.memory, convert: same }
      case 'network_traffic':
        return { ring: this.network, convert: megabytes }
      case 'disk_read':
        return { ring: this.diskRead, convert: megabytes }
      case 'disk_write':
        return { ring: this.diskWrite, convert: megabytes }
      default:
        return undefined
    }
  }

  private fillSensors(rows: QueryRow[]): void {
    for (const window of windowsOf(rows)) {
      const sensor = this.sensor(window.id)
      sensor.ring.fill([[window.end, window.average]], 1)
      if (sensor.ring.last?.[0] !== window.end) continue
      sensor.min = window.min
      sensor.max = window.max
    }
  }
}

const SECONDLY = ['cpu_usage', 'memory_usage', 'network_traffic', 'disk_read', 'disk_write']

/**
 * historyRequests are made when the wall is opened and after the connection was lost, for what is
 * stored already: fifty seconds of the host, fifty windows of the sensors.
 */
export function historyRequests(stored: string[]): QueryRequest[] {
  const requests: QueryRequest[] = SECONDLY.map((measurement) => ({ measurement, time_range: '-1m' }))
  requests.push({ measurement: 'sensors.stats', time_range: '-10m', limit: HISTORY_LIMIT })
  return requests.filter((request) => stored.includes(request.measurement))
}

/** Sixty windows of seven fields, for as many sensors as have lines on a busy screen. */
const HISTORY_LIMIT = 20_000

interface Window {
  id: string
  end: number
  average: number
  min: number
  max: number
}

/**
 * windowsOf puts the fields of a stored window together again. Live records are placed at
 * window_end, so stored ones are as well; the row's own time is that of the record.
 */
export function windowsOf(rows: QueryRow[]): Window[] {
  const fields = new Map<string, { id: string; values: Map<string, QueryRow['value']> }>()
  for (const row of rows) {
    const id = row.tags.id
    if (id === undefined) continue
    const key = `${id}\n${row.time}`
    const entry = fields.get(key) ?? { id, values: new Map() }
    entry.values.set(row.field, row.value)
    fields.set(key, entry)
  }
  const windows: Window[] = []
  for (const { id, values } of fields.values()) {
    const average = values.get('avg_celsius')
    const end = values.get('window_end')
    if (typeof average !== 'number' || typeof end !== 'string') continue
    windows.push({
      id,
      average,
      end: timeOf(end),
      min: numberOr(values.get('min_celsius'), average),
      max: numberOr(values.get('max_celsius'), average),
    })
  }
  return windows
}

/** coresOf sorts by number, so that 10 follows 9. */
export function coresOf(points: Point[]): Core[] {
  return points
    .filter((point) => point.metric === 'cpu_core_usage')
    .map((point) => ({ core: point.tags.core ?? '', usage: point.value }))
    .sort((a, b) => Number(a.core) - Number(b.core) || a.core.localeCompare(b.core))
}

/** processesOf joins the two metrics of a process, the busiest first. */
export function processesOf(points: Point[]): Process[] {
  const byPid = new Map<string, Process>()
  for (const { metric, value, tags } of points) {
    if (metric !== 'process_cpu' && metric !== 'process_memory_bytes') continue
    const pid = tags.pid ?? tags.name ?? ''
    const process = byPid.get(pid) ?? { pid, name: tags.name ?? pid, cpu: 0, memory: 0 }
    if (metric === 'process_cpu') process.cpu = value
    else process.memory = value
    byPid.set(pid, process)
  }
  return [...byPid.values()].sort((a, b) => b.cpu - a.cpu || b.memory - a.memory).slice(0, 5)
}

/** sensorsInOrder is by name, with s2 before s10. */
export function sensorsInOrder(sensors: Iterable<Sensor>): Sensor[] {
  return [...sensors].sort((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true }))
}

function pushIfKnown(ring: Ring, time: number, value: number | undefined, convert: (value: number) => number): void {
  if (value !== undefined) ring.push(time, convert(value))
}

function numberOr(value: Json | undefined, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise
}
