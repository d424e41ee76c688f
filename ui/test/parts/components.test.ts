// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createApp, h, nextTick, type App, type Component } from 'vue'
import { createI18n } from 'vue-i18n'
import SeriesTable from '@/explore/series-table.vue'
import TagFilter from '@/explore/tag-filter.vue'
import { rowsOf } from '@/explore/series'
import { en } from '@/locale/en'
import LoginDialog from '@/parts/login-dialog.vue'
import Popover from '@/parts/popover.vue'
import { Problem } from '@/api/http'

let app: App | undefined
let root: HTMLElement

beforeEach(() => {
  root = document.createElement('div')
  document.body.append(root)
})
afterEach(() => {
  app?.unmount()
  document.body.replaceChildren()
})

function show(component: Component, props: Record<string, unknown>, slots = {}) {
  app = createApp({ render: () => h(component, props, slots) })
  app.use(createI18n({ legacy: false, locale: 'en', messages: { en } })).mount(root)
}
const one = <T extends HTMLElement>(selector: string) => root.querySelector<T>(selector)!
const all = (selector: string) => [...root.querySelectorAll<HTMLElement>(selector)]

describe('the table of series', () => {
  const rows = rowsOf(
    {
      interval_seconds: 1, from: '', upto: '', series_total: 2, truncated: false, rollup: '', partial: false, warnings: [], took_ms: 1,
      series: [
        { field: 'value', tags: { host: 'a' }, points: [[0, 10]], previous: [[0, 5]], total: 10 },
        { field: 'value', tags: { host: 'b' }, points: [[0, 30]], previous: [[0, 40]], total: 30 },
      ],
    },
    ['host'],
    'sum',
  )
  const heard = { onToggle: vi.fn(), onOnly: vi.fn(), onDrill: vi.fn() }
  beforeEach(() => {
    show(SeriesTable, { rows, groupBy: ['host'], aggregation: 'sum', hidden: [rows[1]!.key], compared: true, severalFields: false, drillable: () => true, unitOf: () => 'plain', ...heard })
  })
  const names = () => all('[data-testid="series-drill"]').map((element) => element.textContent)

  it('has the largest first, and sorts by each column', async () => {
    expect(names()).toEqual(['b', 'a'])
    one('th[aria-sort="descending"] button').click()
    await nextTick()
    expect(names()).toEqual(['a', 'b'])
    one('th:nth-child(2) button').click()
    await nextTick()
    expect(names()).toEqual(['a', 'b'])
  })

  it('shows differences and the sum', () => {
    expect(all('tbody td:last-child').map((cell) => cell.textContent)).toEqual(['−25.0 %', '+100.0 %'])
    expect(one('tfoot').textContent).toContain('40')
  })

  it('is the legend as well', () => {
    expect(all('[data-testid="series-toggle"]').map((mark) => mark.getAttribute('aria-checked'))).toEqual(['false', 'true'])
    all('[data-testid="series-toggle"]')[0]!.click()
    all('[data-testid="series-only"]')[1]!.click()
    all('[data-testid="series-drill"]')[0]!.click()
    expect(heard.onToggle).toHaveBeenCalledWith(rows[1]!.key)
    expect(heard.onOnly).toHaveBeenCalledWith(rows[0]!.key)
    expect(heard.onDrill).toHaveBeenCalledWith(rows[1])
  })
})

it('a filter keeps a value that the range has not', () => {
  const onToggle = vi.fn()
  show(TagFilter, { tag: 'host', values: ['a'], chosen: ['gone'], truncated: false, onToggle })
  expect(all('[data-testid="filter-value"]').map((label) => label.dataset.value)).toEqual(['gone', 'a'])
  one<HTMLInputElement>('[data-value="a"] input').click()
  expect(onToggle).toHaveBeenCalledWith('a')
})

it('a login gives the token, and says why it was refused', async () => {
  const onEnter = vi.fn()
  show(LoginDialog, { problem: new Problem(401, 'the token is not known'), busy: false, onEnter })
  expect(one('[role="alert"]').textContent).toBe(en.access.unknown)
  const input = one<HTMLInputElement>('[data-testid="token"]')
  input.value = ' secret '
  input.dispatchEvent(new Event('input'))
  one<HTMLInputElement>('[type="checkbox"]').click()
  await nextTick()
  one('form').dispatchEvent(new Event('submit', { cancelable: true }))
  expect(onEnter).toHaveBeenCalledWith('secret', true)
})

it('a popover opens, and closes on Escape and on a click elsewhere', async () => {
  show(Popover, { testid: 'menu', label: 'Menu' }, { button: () => 'Menu', default: () => h('p', 'inside') })
  const inside = () => root.textContent?.includes('inside')
  const opener = one('[data-testid="menu"]')
  for (const shut of [() => one('.popover').dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' })), () => document.body.dispatchEvent(new Event('pointerdown', { bubbles: true }))]) {
    opener.click()
    await nextTick()
    expect([inside(), opener.getAttribute('aria-expanded')]).toEqual([true, 'true'])
    shut()
    await nextTick()
    expect(inside()).toBe(false)
  }
})
