import { expect, it } from 'vitest'
import { hitShare, inOrder, lengthText, sharesOf } from '@/settings/figures'

const one = (name: string, rows: number, bytes: number) => ({ name, rows, bytes, retention: '', rollups: [] })
const tier = (bytes: number) => ({ tier: 'disk' as const, rows: 0, bytes, parts: 0 })

it('has no share before the first question', () => {
  expect(hitShare({ bytes: 0, limit: 0, hits: 0, misses: 0 })).toBeNull()
  expect(hitShare({ bytes: 0, limit: 0, hits: 3, misses: 1 })).toBe(0.75)
})

it('shares out the bytes', () => {
  expect(sharesOf([tier(1), tier(3)])).toEqual([25, 75])
  expect(sharesOf([tier(0), tier(0)])).toEqual([0, 0])
})

it('puts the largest first, names in the order of the alphabet', () => {
  const list = [one('b', 1, 9), one('a', 2, 9), one('c', 3, 1)]
  expect(inOrder(list, 'bytes', '').map((it) => it.name)).toEqual(['a', 'b', 'c'])
  expect(inOrder(list, 'rows', '').map((it) => it.name)).toEqual(['c', 'a', 'b'])
  expect(inOrder(list, 'name', ' C ').map((it) => it.name)).toEqual(['c'])
})

it.each([['720h0m0s', '30d'], ['30d', '30d'], ['36h0m0s', '36h'], ['1h30m0s', '1h30m'], ['90s', '90s'], ['10m0s', '10m'], ['', '']])('%s is %s', (length, text) => expect(lengthText(length)).toBe(text))
