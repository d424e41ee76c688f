import { describe, expect, it } from 'vitest'
import type { Letter } from '@/api/dead-letters'
import { blockOfLetter, bytesOf, chosenOf, hexOf, idOf, letterColumns, lineOfLetter, matchingLetters, ndjsonOf, rowsOf } from '@/letters/letters'

const letter = (more: Partial<Letter> = {}): Letter => ({
  partition: 1, offset: 7, time: '2026-11-23T10:00:00Z', error: 'no number', field: 'temperature', pipeline: 'clean', topic: 'sensors.raw', source_partition: '0', source_offset: '99', key: null, value: { t: 'hot' }, encoding: 'json', replayed: false, ...more,
})

it('asks for the letters that are marked', () => {
  expect(chosenOf(new Set([idOf(letter()), '0:12']))).toEqual({ records: [{ partition: 1, offset: 7 }, { partition: 0, offset: 12 }] })
})

describe('a value', () => {
  it('in JSON is set out', () => {
    expect(blockOfLetter(letter())).toBe('{\n  "t": "hot"\n}')
    expect(lineOfLetter(letter())).toBe('{"t":"hot"}')
    expect(blockOfLetter(letter({ value: 'text' }))).toBe('"text"')
    expect(blockOfLetter(letter({ value: null }))).toBe('null')
  })

  it('of text stays as it came', () => {
    expect(blockOfLetter(letter({ value: '{"id": "s00', encoding: 'text' }))).toBe('{"id": "s00')
  })

  it('of bytes is shown in hexadecimal, with what of it is text', () => {
    const value = btoa('\x00\xffmill race: 18 bytes'.slice(0, 18))
    expect(blockOfLetter(letter({ value, encoding: 'base64' }))).toBe('000000  00 ff 6d 69 6c 6c 20 72 61 63 65 3a 20 31 38 20  ..mill race: 18 \n000010  62 79                                            by')
    expect(lineOfLetter(letter({ value, encoding: 'base64' }))).toMatch(/^0x00ff6d696c6c/)
  })

  it('that claims to be base64 and is not is shown as it is', () => {
    expect(bytesOf('%%%')).toBeNull()
    expect(blockOfLetter(letter({ value: '%%%', encoding: 'base64' }))).toBe('%%%')
    expect(hexOf(new Uint8Array())).toBe('')
  })
})

it('is found by reason, field, key and content', () => {
  const list = [letter(), letter({ offset: 8, error: 'late', field: '', key: 'S003', value: 'cut', encoding: 'text' })]
  const found = (text: string, reason = '') => matchingLetters(list, text, reason).map((one) => one.offset)
  expect([found(''), found('HOT'), found('s003'), found('temperature'), found('', 'late'), found('hot', 'late')]).toEqual([[7, 8], [7], [8], [7], [8], []])
})

it('is taken away as rows and as lines', () => {
  const list = [letter(), letter({ offset: 8 })]
  expect(rowsOf(list)[1]![letterColumns.indexOf('offset')]).toBe(8)
  expect(rowsOf(list)[0]).toHaveLength(letterColumns.length)
  const lines = ndjsonOf(list).split('\n')
  expect(lines).toHaveLength(3)
  expect(JSON.parse(lines[1]!)).toEqual(list[1])
})
