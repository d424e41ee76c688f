import { expect, it } from 'vitest'
import { summarize } from '@/chart/plan'
import * as charts from '@/wall/charts'
import { Readings } from '@/wall/readings'

function running(seconds: number): Readings {
  const readings = new Readings()
  for (let second = 0; second < seconds; second++) {
    const timestamp = new Date(Date.UTC(2026, 10, 20) + second * 1000).toISOString()
    readings.addBase([{ timestamp, metrics: { cpu: second % 100, memory: 50, requests_per_second: second } }])
    readings.addMetrics([
      { id: 'a', channel: 'metrics', seq: 1, timestamp, points: [{ metric: 'network_traffic', value: second * 1e6, tags: {} }] },
    ])
  }
  return readings
}

it('the three charts hold fifty points, however long it runs', () => {
  const readings = running(500)
  for (const option of [charts.cpuChart(readings, 'CPU'), charts.memoryChart(readings, 'M'), charts.networkChart(readings, 'N')]) {
    expect(summarize(option).points).toBe(50)
  }
  expect(summarize(charts.networkChart(readings, 'N')).last).toMatch(/:499$/)
})

it('percentages are drawn from 0 to 100', () => {
  for (const option of [charts.cpuChart(running(3), 'CPU'), charts.memoryChart(running(3), 'M')]) {
    expect(option.yAxis).toMatchObject({ min: 0, max: 100 })
  }
})

it('every chart can be drawn from nothing', () => {
  const readings = new Readings()
  const empty = [
    charts.cpuChart(readings, ''),
    charts.memoryChart(readings, ''),
    charts.networkChart(readings, ''),
    charts.diskChart(readings, { read: '', write: '' }),
    charts.sensorsChart([]),
    charts.eventsChart(readings, ''),
  ]
  for (const option of empty) expect(summarize(option)).toEqual({ points: 0, last: '' })
})

function sensors(count: number, second: (n: number) => number): Readings {
  const readings = new Readings()
  const records = Array.from({ length: count }, (_, n) => ({
    partition: 0,
    offset: n,
    timestamp: '',
    key: null,
    value: { id: `s${n}`, avg_celsius: n, window_end: new Date(Date.UTC(2026, 10, 20) + second(n) * 1000).toISOString() },
  }))
  readings.addSensors([{ id: 'a', channel: 'topic', seq: 1, dropped: 0, records }])
  return readings
}

it('draws as many sensors as there are colours, and counts the rest', () => {
  const { shown, more } = charts.sensorsShown(sensors(12, () => 10))
  expect(shown).toHaveLength(charts.SENSOR_LINES)
  expect(more).toBe(12 - charts.SENSOR_LINES)
})

it('leaves out sensors that have been silent for longer than the chart is wide', () => {
  const { shown, more } = charts.sensorsShown(sensors(3, (n) => (n === 1 ? 0 : 3600)))
  expect(shown.map((sensor) => sensor.id)).toEqual(['s0', 's2'])
  expect(more).toBe(0)
})

it('colours by how near trouble is', () => {
  expect([undefined, 79, 80, 89, 90, 100].map(charts.cpuTone)).toEqual(['plain', 'plain', 'warn', 'warn', 'bad', 'bad'])
  expect([84, 85, 96].map(charts.memoryTone)).toEqual(['plain', 'warn', 'bad'])
})

it('writes numbers on axes short', () => {
  expect([0, 2.5, 40, 120, 0.025, 0.075, 1200].map(charts.axisNumber)).toEqual(['0', '2.5', '40', '120', '0.025', '0.075', '1200'])
  expect(charts.rangeText(1, 2)).toBe('1.0 ~ 2.0')
  expect(charts.rangeText(NaN, NaN)).toBe('')
})
