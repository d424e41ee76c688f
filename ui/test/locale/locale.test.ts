import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { chooseLocale } from '@/locale/choose'
import { en } from '@/locale/en'
import { zh } from '@/locale/zh'

/** flatten turns nested messages into paths and texts. */
function flatten(messages: object, path = ''): Map<string, string> {
  const flat = new Map<string, string>()
  for (const [key, value] of Object.entries(messages)) {
    const here = path === '' ? key : `${path}.${key}`
    if (typeof value === 'string') flat.set(here, value)
    else for (const [inner, text] of flatten(value, here)) flat.set(inner, text)
  }
  return flat
}

const chinese = flatten(zh)
const english = flatten(en)
const holes = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort()

it('both languages have the same keys', () => {
  expect([...english.keys()].sort()).toEqual([...chinese.keys()].sort())
})

it.each([...chinese])('%s has text and the same holes in both', (key, text) => {
  expect(text.trim()).not.toBe('')
  expect(english.get(key)?.trim()).not.toBe('')
  expect(holes(english.get(key) ?? '')).toEqual(holes(text))
})

it('every key is used, and every key used exists', () => {
  const root = fileURLToPath(new URL('../../src', import.meta.url))
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(vue|ts)$/.test(name) && !name.startsWith('locale'))
  const source = files.map((name) => readFileSync(`${root}/${name}`, 'utf8')).join('\n')
  const literal = [...source.matchAll(/\bt\(\s*'([\w.]+)'/g)].map((match) => match[1]!)
  // A key made of a part that varies is known by what stands before it.
  const prefixes = [...source.matchAll(/\bt\(\s*`([\w.]+)\$\{/g)].map((match) => match[1]!)
  expect(literal.filter((key) => !chinese.has(key))).toEqual([])
  const used = (key: string) => literal.includes(key) || prefixes.some((prefix) => key.startsWith(prefix))
  expect([...chinese.keys()].filter((key) => !used(key) && !key.startsWith('query.example'))).toEqual([])
})

it('the title is the article\'s', () => {
  expect(zh.title).toBe('实时数据监控平台')
  expect([zh.stats.events, zh.stats.sources, zh.stats.latency]).toEqual(['实时事件数', '活跃数据源', '处理延迟'])
  expect([zh.wall.cpu, zh.wall.memory, zh.wall.network]).toEqual(['CPU使用率', '内存使用率', '网络流量'])
})

it.each([
  [null, ['zh-CN', 'en'], 'zh'],
  [null, ['zh-Hant-TW'], 'zh'],
  [null, ['en-US', 'zh'], 'en'],
  [null, ['de-DE', 'zh-CN'], 'zh'],
  [null, ['fr-FR'], 'en'],
  [null, [], 'en'],
  ['en', ['zh-CN'], 'en'],
  ['zh', ['en-US'], 'zh'],
  ['klingon', ['zh-CN'], 'zh'],
])('stored %s, preferred %j: %s', (stored, preferred, want) => {
  expect(chooseLocale(stored, preferred)).toBe(want)
})
