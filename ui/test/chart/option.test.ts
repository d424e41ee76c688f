import { describe, expect, it } from 'vitest'
import { boundsFromZero, looseBounds, newestTime, rollingOption, spanOf, stripOption, ticksOf, type Line } from '@/chart/option'
import type { Sample } from '@/chart/ring'

const line = (id: string, samples: Sample[], fill = 0.3): Line => ({ id, name: id, color: '#00d4ff', samples, fill })

interface Shown {
  animation: boolean
  xAxis: { min: number; max: number }
  yAxis: { min: number; max: number; interval: number; axisLabel: { formatter: (value: number) => string } }
  series: { id: string; smooth: number; areaStyle?: object; markLine?: { data: { yAxis: number }[] }; data: unknown[] }[]
}

const rolling = (lines: Line[], more = {}) =>
  rollingOption({ lines, windowMs: 49_000, format: (value) => `${value}%`, ...more }) as unknown as Shown

describe('rollingOption', () => {
  it('is smooth, filled, and does not animate', () => {
    const option = rolling([line('cpu', [[1000, 1], [2000, 2]])])
    expect(option.animation).toBe(false)
    expect(option.series[0]!.smooth).toBeGreaterThan(0)
    expect(option.series[0]!.areaStyle).toBeDefined()
  })

  it('leaves lines without fill empty', () => {
    expect(rolling([line('cpu', [[1000, 1]], 0)]).series[0]!.areaStyle).toBeUndefined()
  })

  it('ends at the newest point of all lines', () => {
    const option = rolling([line('read', [[1000, 1], [89_000, 1]]), line('write', [[90_000, 1]])])
    expect(option.xAxis.max).toBe(90_000)
    expect(option.xAxis.min).toBe(41_000)
  })

  it('keeps to fixed bounds, whatever the values', () => {
    const option = rolling([line('cpu', [[1000, 140]])], { bounds: { min: 0, max: 100, step: 25 } })
    expect([option.yAxis.min, option.yAxis.max, option.yAxis.interval]).toEqual([0, 100, 25])
    expect(option.yAxis.axisLabel.formatter(50)).toBe('50%')
  })

  it('marks the newest point alone', () => {
    const [first, last] = rolling([line('cpu', [[1000, 1], [2000, 2]])]).series[0]!.data
    expect(first).toEqual([1000, 1])
    expect(last).toMatchObject({ value: [2000, 2], symbol: 'circle' })
  })

  it('draws the threshold', () => {
    const option = rolling([line('cpu', [[1000, 1]])], { threshold: 80 })
    expect(option.series[0]!.markLine!.data).toEqual([{ yAxis: 80 }])
  })

  it('draws nothing from nothing', () => {
    expect(rolling([line('cpu', [])]).series[0]!.data).toEqual([])
    expect(rolling([]).series).toEqual([])
  })
})

describe('bounds', () => {
  it('begin at zero and leave air above', () => {
    expect(boundsFromZero([line('net', [[1, 21], [2, 3]])])).toEqual({ min: 0, max: 24, step: 6 })
    expect(boundsFromZero([line('net', [])])).toEqual({ min: 0, max: 1, step: 0.25 })
  })

  it('hold all values when loose, without the zero that is far away', () => {
    const bounds = looseBounds([line('a', [[1, 17.6]]), line('b', [[1, 29.4]])])
    expect(bounds).toEqual({ min: 17.5, max: 30, step: 2.5 })
  })

  it('have room around a single value', () => {
    const bounds = looseBounds([line('a', [[1, 20]])])
    expect(bounds.max).toBeGreaterThan(bounds.min)
    expect(looseBounds([])).toEqual({ min: 0, max: 1, step: 0.25 })
  })

  it('hold everything, negative values too', () => {
    for (const [low, high] of [[-40, -12], [-3, 8], [0.01, 0.02], [1e6, 1.3e6]] as const) {
      const bounds = looseBounds([line('a', [[1, low], [2, high]])])
      expect(bounds.min).toBeLessThanOrEqual(low)
      expect(bounds.max).toBeGreaterThanOrEqual(high)
      expect((bounds.max - bounds.min) / bounds.step).toBeLessThan(8)
    }
  })
})

describe('spanOf', () => {
  it('grows with what there is, up to the window', () => {
    expect(spanOf([line('a', [[60_000, 1], [80_000, 1]])], 50_000)).toEqual([60_000, 80_000])
    expect(spanOf([line('a', [[1000, 1], [80_000, 1]])], 50_000)).toEqual([30_000, 80_000])
  })

  it('does not stretch two points over everything', () => {
    expect(spanOf([line('a', [[80_000, 1]])], 50_000)).toEqual([78_000, 80_000])
    expect(spanOf([], 50_000)).toEqual([-2000, 0])
  })
})

it('what is next to nothing stays low', () => {
  expect(boundsFromZero([line('net', [[1, 0.0004]])], 0.1).max).toBe(0.1)
  expect(boundsFromZero([line('net', [[1, 3]])], 0.1).max).toBe(3.2)
})

describe('ticksOf', () => {
  it('are whole steps inside the window', () => {
    expect(ticksOf(41_000, 90_000)).toEqual([50_000, 60_000, 70_000, 80_000])
  })

  it('stand still while the window moves', () => {
    const before = ticksOf(41_000, 90_000)
    const after = ticksOf(42_000, 91_000)
    expect(after.filter((tick) => before.includes(tick)).length).toBeGreaterThanOrEqual(3)
  })

  it('are few for windows of every length', () => {
    for (const minutes of [0.5, 1, 8, 60, 600]) {
      expect(ticksOf(0, minutes * 60_000).length).toBeLessThanOrEqual(10)
    }
  })
})

describe('stripOption', () => {
  const strip = (samples: Sample[], slots: number) =>
    stripOption(samples, slots, 'events', String) as unknown as { series: { data: (number | '-')[] }[]; yAxis: { max: number } }

  it('fills from the right, one slot a sample', () => {
    expect(strip([[1000, 5], [2000, 7]], 4).series[0]!.data).toEqual(['-', '-', 5, 7])
  })

  it('shows no more than its slots', () => {
    const samples = Array.from({ length: 9 }, (_, at): Sample => [at * 1000, at])
    expect(strip(samples, 4).series[0]!.data).toEqual([5, 6, 7, 8])
  })

  it('has a height even when nothing happens', () => {
    expect(strip([[1000, 0]], 2).yAxis.max).toBeGreaterThan(0)
  })
})

it('newestTime of nothing is zero', () => {
  expect(newestTime([])).toBe(0)
  expect(newestTime([{ samples: [] }])).toBe(0)
})
