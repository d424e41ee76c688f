import { describe, expect, it } from 'vitest'
import { HIDDEN, type OptionKind, type OptionSpec } from '@/api/kinds'
import { helpOf, titleOf } from '@/forms/help'
import { divide, draftOf, faultOf, faultsOf, keptOf, longOf, settingsOf } from '@/forms/options'
import { ageText, lengthText, spanText } from '@/forms/span'

const spec = (name: string, more: Partial<OptionSpec> = {}): OptionSpec => ({ name, kind: 'string', default: '', doc: '', one_of: [], secret: false, required: false, ...more })

it.each<[OptionKind, string, string | undefined]>([
  ['int', '42', undefined],
  ['int', '4.2', 'int'],
  ['float', '4.2', undefined],
  ['float', 'four', 'float'],
  ['duration', '10 s', undefined],
  ['duration', '1m30s', undefined],
  ['duration', 'soon', 'duration'],
  ['size', '16 mb', undefined],
  ['size', '1.5KiB', undefined],
  ['size', 'large', 'size'],
  ['string', 'anything', undefined],
  ['bool', 'true', undefined],
  ['int', '', undefined],
])('%s %j: %s', (kind, text, want) => {
  expect(faultOf(spec('x', { kind }), text)).toBe(want)
})

it('points at what is missing, by name', () => {
  const specs = [spec('url', { required: true }), spec('port', { kind: 'int' }), spec('headers.*', { required: true })]
  expect(faultsOf(specs, { port: 'x' })).toEqual({ url: 'required', port: 'int' })
})

it('sends neither what is empty nor what is not asked for, and keeps secrets as they are', () => {
  const specs = [spec('url'), spec('port', { kind: 'int' }), spec('password', { secret: true }), spec('headers.*')]
  const draft = draftOf({ url: 'http://a', port: ' 80 ', password: HIDDEN, 'headers.X-A': 'b', 'headers.': 'c', other: 'd', gone: null, topic: '' })
  expect(settingsOf(specs, draft)).toEqual({ url: 'http://a', port: '80', password: HIDDEN, 'headers.X-A': 'b' })
})

it('values that are no text become text', () => {
  expect(draftOf({ tls: true, port: 80 })).toEqual({ tls: 'true', port: '80' })
})

it('puts what must be filled in first, and much else behind a click', () => {
  const many = Array.from({ length: 12 }, (_, at) => spec(`o${at}`, { required: at === 11 }))
  const { main, more } = divide(many)
  expect(main.map((one) => one.name)).toEqual(['o11', 'o0', 'o1', 'o2', 'o3', 'o4'])
  expect(more).toHaveLength(6)
  expect(divide(many.slice(0, 8)).more).toEqual([])
})

it('knows a secret that is kept, and a text of many lines', () => {
  expect(keptOf(spec('password', { secret: true }), HIDDEN)).toBe(true)
  expect(keptOf(spec('topic'), HIDDEN)).toBe(false)
  expect([longOf(spec('body'), ''), longOf(spec('url'), 'a\nb'), longOf(spec('url'), 'a')]).toEqual([true, true, false])
})

describe('lengths of time', () => {
  it.each([['10s', true], ['5 min', true], ['200', true], ['1h30m', true], ['', false], ['-1s', false], ['10 parsecs', false]])('%j: %s', (text, want) => {
    expect(spanText(text)).toBe(want)
  })

  it.each([[-5, '0s', '0 秒'], [999, '0s', '0 秒'], [42_000, '42s', '42 秒'], [3_599_000, '59m', '59 分钟'], [7_200_000, '2h', '2 小时'], [3 * 864e5, '3d', '3 天']])('%d ms ago: %s', (ms, en, zh) => {
    expect([ageText(ms), ageText(ms, 'zh')]).toEqual([en, zh])
  })

  it.each([[0, '0s'], [61_000, '1m 1s'], [3_600_000, '1h'], [3_605_000, '1h'], [9_000_000, '2h 30m'], [90_000_000, '1d 1h']])('%d ms long: %s', (ms, want) => {
    expect(lengthText(ms)).toBe(want)
  })
})

it('has names for kinds in both languages, and falls back to what the platform says', () => {
  expect(titleOf('zh', { name: 'dingtalk', doc: 'x' }).title).toBe('钉钉')
  expect(titleOf('en', { name: 'dingtalk', doc: 'x' })).toEqual({ title: 'DingTalk', doc: 'x' })
  expect(titleOf('zh', { name: 'carrier-pigeon', doc: 'x' })).toEqual({ title: 'carrier-pigeon', doc: 'x' })
  expect(helpOf('zh', spec('unheard_of', { doc: 'x' }))).toBe('x')
  expect(helpOf('en', spec('topic', { doc: 'x' }))).toBe('x')
})
