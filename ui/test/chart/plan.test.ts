import { expect, it } from 'vitest'
import { rollingOption, stripOption, type ChartOption } from '@/chart/option'
import { planUpdate, summarize } from '@/chart/plan'

const option = (...ids: string[]): ChartOption =>
  rollingOption({
    lines: ids.map((id) => ({ id, name: id, color: '#00d4ff', samples: [[1000, 1], [2000, 2.5]], fill: 0 })),
    windowMs: 1000,
    format: String,
  })

it('merges while the lines stay', () => {
  expect(planUpdate(option('a', 'b'), option('a', 'b'))).toEqual({})
  expect(planUpdate(option('a'), option('a', 'b'))).toEqual({})
  expect(planUpdate(null, option('a'))).toEqual({})
})

it('replaces the lines when one is gone', () => {
  expect(planUpdate(option('a', 'b'), option('b'))).toEqual({ replaceMerge: ['series'] })
})

it('says what is drawn', () => {
  expect(summarize(option('a', 'b'))).toEqual({ points: 4, last: '2000:2.5' })
  expect(summarize(stripOption([[1000, 7]], 5, 'events', String))).toEqual({ points: 1, last: '7' })
  expect(summarize({})).toEqual({ points: 0, last: '' })
})
