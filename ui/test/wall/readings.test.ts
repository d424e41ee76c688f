import { describe, expect, it } from 'vitest'
import type { MetricsMessage, Point, TopicMessage } from '@/api/channels'
import type { QueryRow } from '@/api/measurements'
import type { Json } from '@/api/values'
import { POINTS } from '@/chart/ring'
import {
  coresOf,
  historyRequests,
  MAX_SENSORS,
  processesOf,
  Readings,
  sensorsInOrder,
  STRIP_POINTS,
} from '@/wall/readings'

const at = (second: number) => new Date(Date.UTC(2026, 10, 20, 10, 0, second)).toISOString()
const time = (second: number) => Date.UTC(2026, 10, 20, 10, 0, second)

const base = (second: number, cpu: number) => ({ timestamp: at(second), metrics: { cpu, memory: 60, requests_per_second: 100 + second } })
const metrics = (second: number, points: Point[]): MetricsMessage => ({ id: 's1', channel: 'metrics', seq: 1, timestamp: at(second), points })
const point = (metric: string, value: number, tags: Record<string, string> = {}): Point => ({ metric, value, tags })
const topic = (...values: Json[]): TopicMessage => ({
  id: 's2',
  channel: 'topic',
  seq: 1,
  dropped: 0,
  records: values.map((value, offset) => ({ partition: 0, offset, timestamp: at(0), key: null, value })),
})
const stats = (id: string, second: number, average: number) => ({
  id,
  window_start: `2026-11-20 10:00:${String(second - 10).padStart(2, '0')}`,
  window_end: `2026-11-20 10:00:${String(second).padStart(2, '0')}`,
  cnt: 9,
  avg_celsius: average,
  min_celsius: average - 1,
  max_celsius: average + 1,
})

describe('the message of each second', () => {
  it('fills three rings', () => {
    const readings = new Readings()
    readings.addBase([base(1, 40), base(2, 41)])
    expect(readings.cpu.points()).toEqual([[time(1), 40], [time(2), 41]])
    expect(readings.memory.last).toEqual([time(2), 60])
    expect(readings.events.last).toEqual([time(2), 102])
  })

  it('draws nothing for a figure that is not known', () => {
    const readings = new Readings()
    readings.addBase([{ timestamp: at(1), metrics: { cpu: null, memory: 60, requests_per_second: 1 } }])
    expect([readings.cpu.size, readings.memory.size]).toEqual([0, 1])
  })

  it('stays bounded for as long as the screen hangs', () => {
    const readings = new Readings()
    for (let second = 0; second < 5000; second++) readings.addBase([base(second, 50)])
    expect(readings.cpu.size).toBe(POINTS)
    expect(readings.events.size).toBe(STRIP_POINTS)
  })
})

describe('metrics', () => {
  it('are added up over devices, and traffic is in MB/s', () => {
    const readings = new Readings()
    readings.addMetrics([
      metrics(1, [
        point('network_traffic', 3e6),
        point('net_sent', 1e6, { interface: 'eth0' }),
        point('net_sent', 5e5, { interface: 'eth1' }),
        point('disk_read', 2e6, { device: 'a' }),
        point('disk_read', 4e6, { device: 'b' }),
      ]),
    ])
    expect(readings.network.points()).toEqual([[time(1), 3]])
    expect(readings.diskRead.points()).toEqual([[time(1), 6]])
    expect(readings.diskWrite.size).toBe(0)
    expect(readings.newest.get('net_sent')).toBe(1.5e6)
  })

  it('keep cores in the order of numbers', () => {
    const cores = ['10', '9', '0'].map((core) => point('cpu_core_usage', 1, { core }))
    expect(coresOf(cores).map((core) => core.core)).toEqual(['0', '9', '10'])
  })

  it('join the figures of a process, the busiest first, five at most', () => {
    const points = Array.from({ length: 7 }, (_, n) => [
      point('process_cpu', n * 10, { pid: String(n), name: `p${n}` }),
      point('process_memory_bytes', n * 1000, { pid: String(n), name: `p${n}` }),
    ]).flat()
    const processes = processesOf(points)
    expect(processes.map((process) => process.name)).toEqual(['p6', 'p5', 'p4', 'p3', 'p2'])
    expect(processes[0]).toEqual({ pid: '6', name: 'p6', cpu: 60, memory: 6000 })
  })

  it('keep the processes while a message has none', () => {
    const readings = new Readings()
    readings.addMetrics([metrics(1, [point('process_cpu', 5, { pid: '1', name: 'mill' })])])
    readings.addMetrics([metrics(2, [point('load1', 0.5)])])
    expect(readings.processes).toHaveLength(1)
  })
})

describe('sensors', () => {
  it('have a ring each, at the end of the window', () => {
    const readings = new Readings()
    readings.addSensors([topic(stats('s002', 10, 20), stats('s001', 10, 25), stats('s002', 20, 21))])
    expect(sensorsInOrder(readings.sensors.values()).map((sensor) => sensor.id)).toEqual(['s001', 's002'])
    const sensor = readings.sensors.get('s002')!
    expect(sensor.ring.points()).toEqual([[time(10), 20], [time(20), 21]])
    expect([sensor.min, sensor.max, sensor.count]).toEqual([20, 22, 9])
  })

  it('leave out what is no window', () => {
    const readings = new Readings()
    readings.addSensors([topic(null, 'text', 7, [], {}, { id: 's1', avg_celsius: null, window_end: at(1) }, { ...stats('s1', 10, 1), id: 5 })])
    expect(readings.sensors.size).toBe(0)
  })

  it('are forgotten when there are too many, the longest silent first', () => {
    const readings = new Readings()
    for (let n = 0; n < MAX_SENSORS + 5; n++) readings.addSensors([topic(stats(`s${n}`, 10 + (n % 40), 20))])
    expect(readings.sensors.size).toBe(MAX_SENSORS)
    expect(readings.sensors.has('s0')).toBe(false)
    expect(readings.sensors.has(`s${MAX_SENSORS + 4}`)).toBe(true)
  })

  it('are in the order of numbers', () => {
    const readings = new Readings()
    readings.addSensors([topic(stats('s10', 10, 1), stats('s9', 10, 1))])
    expect(sensorsInOrder(readings.sensors.values()).map((sensor) => sensor.id)).toEqual(['s9', 's10'])
  })
})

it('history is asked for what is stored, and nothing else', () => {
  expect(historyRequests([])).toEqual([])
  expect(historyRequests(['cpu_usage', 'sensors.stats', 'mine']).map((request) => request.measurement)).toEqual(['cpu_usage', 'sensors.stats'])
})

describe('history', () => {
  const row = (second: number, value: QueryRow['value'], more: Partial<QueryRow> = {}): QueryRow => ({
    time: at(second),
    measurement: 'cpu_usage',
    field: 'value',
    value,
    tags: { host: 'mill' },
    ...more,
  })

  it('comes before what is live, without doubling it', () => {
    const readings = new Readings()
    readings.addBase([base(10, 50)])
    readings.fillHistory('cpu_usage', [row(9, 49), row(8, 48), row(10, 99)])
    expect(readings.cpu.points()).toEqual([[time(8), 48], [time(9), 49], [time(10), 50]])
  })

  it('adds devices up and converts', () => {
    const readings = new Readings()
    readings.fillHistory('disk_read', [row(1, 2e6, { tags: { device: 'a' } }), row(1, 1e6, { tags: { device: 'b' } })])
    expect(readings.diskRead.points()).toEqual([[time(1), 3]])
  })

  it('leaves out what is not a number, and what nobody draws', () => {
    const readings = new Readings()
    readings.fillHistory('cpu_usage', [row(1, null), row(2, 'x')])
    readings.fillHistory('humidity', [row(1, 1)])
    expect(readings.cpu.size).toBe(0)
  })

  it('puts the fields of a window together, at its end', () => {
    const readings = new Readings()
    const fields = (id: string, second: number, average: number) =>
      Object.entries(stats(id, second, average))
        .filter(([field]) => field !== 'id')
        .map(([field, value]) => row(second + 1, value, { field, tags: { id } }))
    readings.addSensors([topic(stats('s1', 20, 22))])
    readings.fillHistory('sensors.stats', [...fields('s1', 10, 21), ...fields('s1', 20, 99), ...fields('s2', 10, 30)])
    expect(readings.sensors.get('s1')!.ring.points()).toEqual([[time(10), 21], [time(20), 22]])
    expect(readings.sensors.get('s2')!.max).toBe(31)
  })
})
