import { describe, expect, it } from 'vitest'
import type { Kind } from '@/api/kinds'
import type { Source } from '@/api/sources'
import { freeName, nameFault, requestOf, stateTone, trialFaults } from '@/sources/draft'
import { Rates } from '@/sources/rates'
import { snippets, TOKEN } from '@/sources/snippets'

const source = (name: string, records_per_second: number) => ({ name, records_per_second }) as Source

describe('rates', () => {
  it('keeps the newest sixty of what is there', () => {
    const rates = new Rates()
    for (let n = 0; n < 70; n++) rates.add([source('a', n), source('b', 1)])
    expect(rates.of('a')).toHaveLength(60)
    expect(rates.of('a').at(-1)).toBe(69)
    rates.add([source('a', 70)])
    expect(rates.of('b')).toEqual([])
  })
})

it.each([['', 'required'], ['a b', 'name'], ['-a', 'name'], ['a', 'taken'], ['a.b-c_1', undefined]])('a source called %j: %s', (name, want) => {
  expect(nameFault(name, ['a'])).toBe(want)
})

it('proposes a name that is free', () => {
  expect([freeName('http', []), freeName('http', ['http', 'http-2'])]).toEqual(['http', 'http-3'])
})

it('sends the settings of the kind alone', () => {
  const kind: Kind = { name: 'http', doc: '', options: [{ name: 'url', kind: 'string', default: '', doc: '', one_of: [], secret: false, required: true }] }
  const draft = { name: ' meters ', connector: 'old', options: { url: 'http://a', queue: 'x' } }
  expect(requestOf(kind, draft)).toEqual({ name: 'meters', connector: 'http', options: { url: 'http://a' } })
  expect(trialFaults(kind, { ...draft, options: {} })).toEqual({ url: 'required' })
})

it('each state has its colour', () => {
  expect((['running', 'retrying', 'failed', 'paused', 'elsewhere'] as const).map((state) => stateTone({ state }))).toEqual(['good', 'warn', 'bad', 'quiet', 'quiet'])
})

describe('lines to paste', () => {
  const place = { origin: 'https://mill.example.org:8443', kafka: '10.0.0.1:9092' }
  const text = (name: string, token: string) => snippets({ ...place, token }).find((one) => one.name === name)!.text

  it('have the address in them, and a token only where one is asked for', () => {
    for (const name of ['curl', 'influx2', 'influx1', 'telegraf', 'telegraf1', 'prometheus']) {
      expect(text(name, TOKEN)).toContain(place.origin)
      expect(text(name, TOKEN)).toContain(TOKEN)
      expect(text(name, '')).not.toContain('Authorization')
    }
    expect(text('kcat', TOKEN)).toContain(`-b ${place.kafka}`)
    expect(text('syslog', '')).toContain('target="mill.example.org"')
  })

  it('continue each line of a command but the last', () => {
    for (const token of ['', TOKEN]) {
      const lines = text('curl', token).split('\n')
      expect(lines.slice(0, -1).every((line) => line.endsWith('\\'))).toBe(true)
      expect(lines.at(-1)!.endsWith('\\')).toBe(false)
    }
  })
})
