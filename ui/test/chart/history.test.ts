// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import type { LineSeriesOption } from 'echarts/charts'
import { BEFORE, boundsOf, historyOption, nearest, tooltipLines, type Dot, type HistoryOptions, type Trace } from '@/chart/history'

const trace = (id: string, dots: Dot[], previous: Dot[] = []): Trace => ({ id, name: id, color: '#00d4ff', dots, previous })
const dots = (...values: (number | null)[]): Dot[] => values.map((value, at) => [at * 1000, value])
const options = (traces: Trace[]): HistoryOptions => ({
  traces, from: 0, upto: 10_000, intervalMs: 1000, width: 800, zero: false,
  previousName: 'before', moreName: (count) => `${count} more`, axis: String, value: String,
})
const series = (traces: Trace[]) => historyOption(options(traces)).series as LineSeriesOption[]

it('draws what is compared with dashed, behind', () => {
  const [before, now] = series([trace('a', dots(1, 2), dots(3, 4))])
  expect(before).toMatchObject({ id: `a${BEFORE}`, name: 'a · before', z: 1 })
  expect(before!.lineStyle!.type).toEqual([5, 5])
  expect(now).toMatchObject({ id: 'a', z: 2, areaStyle: { opacity: 1 } })
  expect(series([trace('a', dots(1)), trace('b', dots(1))]).every((line) => line.areaStyle?.opacity !== 1)).toBe(true)
})

it('a point without neighbours is seen', () => {
  const [line] = series([trace('a', dots(1, 2, 3, null, 5, null, 7, 8, 9))])
  expect(line!.connectNulls).toBe(false)
  expect((line!.data as { symbol?: string }[]).map((item) => item.symbol)).toEqual(['none', 'none', 'none', 'none', undefined, 'none', 'none', 'none', 'none'])
})

it('holes that only the interval makes are bridged', () => expect(series([trace('a', dots(1, null, 2, null, 3))])[0]!.connectNulls).toBe(true))

describe('the value axis', () => {
  it.each<[number[], boolean, number, number]>([
    [[40, 60], false, 40, 70],
    [[5, 60], false, 0, 80],
    [[40, 60], true, 0, 80],
    [[7, 7], false, 6, 8],
    [[0, 0], true, 0, 1],
    [[-5, 5], false, -5, 10],
    [[], false, 0, 1],
  ])('of %j (with zero: %s) is %d to %d', (values, zero, min, max) => {
    expect(boundsOf([trace('a', dots(...values))], zero)).toMatchObject({ min, max })
  })
})

it('a click means the nearest line, within reach', () => {
  const traces = [trace('low', dots(0, 10, 20)), trace('high', dots(100, 100, null, null))]
  expect(nearest(traces, 500, 8, 10)).toBe('low')
  expect(nearest(traces, 500, 95, 10)).toBe('high')
  expect(nearest(traces, 500, 50, 10)).toBeNull()
  expect(nearest(traces, 1500, 99, 10)).toBe('high')
  expect(nearest(traces, 9000, 20, 10)).toBeNull()
})

describe('the tooltip', () => {
  it('has the highest first, and not all of many', () => {
    const { lines, more } = tooltipLines(Array.from({ length: 20 }, (_, at) => ({ name: String(at), color: '', value: at, before: false })))
    expect(lines[0]!.value).toBe(19)
    expect([lines.length, more]).toEqual([12, 8])
  })

  it('takes names for text', () => {
    const option = historyOption(options([trace('a', dots(1))]))
    const { formatter } = option.tooltip as { formatter: (params: unknown) => HTMLElement[] }
    const nodes = formatter([{ seriesId: 'a', seriesName: '<img src=x onerror=alert(1)>', color: '#fff', value: [0, 7] }])
    const box = document.createElement('div')
    box.append(...nodes)
    expect(box.querySelector('img')).toBeNull()
    expect(box.textContent).toContain('<img src=x onerror=alert(1)>')
    expect(box.textContent).toContain('7')
    expect(formatter([])).toBe('')
  })
})
