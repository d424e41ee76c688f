// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createApp, h, nextTick, ref, type App, type Component } from 'vue'
import { createI18n } from 'vue-i18n'
import { createMemoryHistory, createRouter } from 'vue-router'
import AlertCard from '@/alerts/alert-card.vue'
import { blankRule } from '@/alerts/rule'
import RuleForm from '@/alerts/rule-form.vue'
import type { Alert } from '@/api/alerts'
import { HIDDEN, type OptionSpec, type Settings } from '@/api/kinds'
import OptionForm from '@/forms/option-form.vue'
import LetterList from '@/letters/letter-list.vue'
import { en } from '@/locale/en'
import SureButton from '@/parts/sure-button.vue'

let app: App | undefined
let root: HTMLElement

beforeEach(() => {
  root = document.createElement('div')
  document.body.append(root)
})
afterEach(() => {
  app?.unmount()
  document.body.replaceChildren()
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

function show(component: Component, props: () => Record<string, unknown>) {
  app = createApp({ render: () => h(component, props()) })
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/:rest(.*)*', component: { render: () => null } }] })
  app.use(createI18n({ legacy: false, locale: 'en', messages: { en } })).use(router).mount(root)
}
const one = <T extends HTMLElement>(selector: string) => root.querySelector<T>(selector)!
const all = (selector: string) => [...root.querySelectorAll<HTMLElement>(selector)]
async function write(selector: string, text: string) {
  const field = one<HTMLInputElement>(selector)
  field.value = text
  field.dispatchEvent(new Event(field.tagName === 'SELECT' ? 'change' : 'input'))
  await nextTick()
}

describe('settings', () => {
  const spec = (name: string, more: Partial<OptionSpec> = {}): OptionSpec => ({ name, kind: 'string', default: '', doc: `${name} help`, one_of: [], secret: false, required: false, ...more })
  const draft = ref<Settings>({})
  const specs = [spec('url', { required: true }), spec('password', { secret: true }), spec('tls', { kind: 'bool', default: 'false' }), spec('method', { default: 'GET', one_of: ['GET', 'POST'] }), spec('headers.*', { secret: true })]
  beforeEach(() => {
    draft.value = { password: HIDDEN }
    show(OptionForm, () => ({ specs, faults: { url: 'required' }, modelValue: draft.value, 'onUpdate:modelValue': (now: Settings) => (draft.value = now) }))
  })

  it('are drawn by their kind', () => {
    expect(one<HTMLInputElement>('[data-testid="option-password"]').type).toBe('password')
    expect(one<HTMLInputElement>('[data-testid="option-tls"]').type).toBe('checkbox')
    expect(all('[data-testid="option-method"] option').map((option) => option.textContent)).toEqual(['GET (default)', 'POST'])
    expect(one('.fault').textContent).toBe(en.form.fault.required)
    expect(root.textContent).toContain('url help')
    expect(root.textContent).toContain(en.form.kept)
  })

  it('are written as texts', async () => {
    await write('[data-testid="option-url"]', 'http://a')
    one<HTMLInputElement>('[data-testid="option-tls"]').click()
    await nextTick()
    await write('[data-testid="option-method"]', 'POST')
    await write('.new input', 'X-Key')
    one('.new button').click()
    await nextTick()
    await write('[data-testid="option-headers.X-Key"]', 'v')
    expect(draft.value).toEqual({ url: 'http://a', password: HIDDEN, tls: 'true', method: 'POST', 'headers.X-Key': 'v' })
    one('.pair button').click()
    await nextTick()
    expect(draft.value).not.toHaveProperty('headers.X-Key')
  })
})

it('what cannot be undone is asked twice, and forgotten after a while', async () => {
  vi.useFakeTimers()
  const onSure = vi.fn()
  show(SureButton, () => ({ label: 'Remove', question: 'Really?', onSure }))
  one('button').click()
  await nextTick()
  expect([one('button').textContent?.trim(), onSure.mock.calls.length]).toEqual(['Really?', 0])
  await vi.advanceTimersByTimeAsync(5000)
  expect(one('button').textContent?.trim()).toBe('Remove')
  one('button').click()
  one('button').click()
  expect(onSure).toHaveBeenCalledOnce()
})

describe('an alert', () => {
  const alert: Alert = { id: '1', rule: 'cpu_usage', labels: { host: 'a' }, level: 'critical', state: 'firing', value: 130.123, threshold: 80, since: '2026-11-23T10:00:00Z', silenced_by: [], summary: 'CPU 130 %' }
  const now = Date.parse('2026-11-23T11:05:00Z')

  it('says how bad, since when, and is silenced for as long as is chosen', async () => {
    const onSilence = vi.fn()
    show(AlertCard, () => ({ alert, now, denied: undefined, busy: false, onSilence }))
    expect(root.textContent).toMatch(/Critical.*cpu_usage.*CPU 130 %.*130\.12.*Threshold 80.*1h 5m/s)
    one('[data-testid="silence"]').click()
    await nextTick()
    await write('.menu input', ' work ')
    one('[data-testid="silence-for"][data-value="8h"]').click()
    expect(onSilence).toHaveBeenCalledWith('8h', 'work')
  })

  it('cannot be silenced by who may not, nor when it is over', async () => {
    show(AlertCard, () => ({ alert, now, denied: 'Needs the role editor', busy: false }))
    one('[data-testid="silence"]').click()
    await nextTick()
    expect(all('[data-testid="silence-for"]').every((button) => (button as HTMLButtonElement).disabled && button.title === 'Needs the role editor')).toBe(true)
    app?.unmount()
    show(AlertCard, () => ({ alert: { ...alert, state: 'resolved-recently', resolved_at: '2026-11-23T10:00:30Z' }, now, denied: undefined, busy: false }))
    expect(one('[data-testid="silence"]')).toBeNull()
    expect(root.textContent).toContain('30s')
  })
})

describe('a rule', () => {
  const answers: Record<string, unknown> = {}
  const asked: { path: string; body: Record<string, unknown> }[] = []
  beforeEach(() => {
    vi.useFakeTimers()
    asked.length = 0
    vi.stubGlobal('fetch', (path: string, init: RequestInit) => {
      asked.push({ path, body: JSON.parse(String(init.body)) })
      return Promise.resolve(new Response(JSON.stringify(answers[path] ?? {}), { status: 200 }))
    })
    answers['/api/alerts/rules/test'] = { conditions: [{ labels: { host: 'a' }, value: 99, threshold: 50, level: 'critical' }] }
  })

  it('is tried as it is typed, and kept when it is whole', async () => {
    const onKept = vi.fn()
    show(RuleForm, () => ({ begin: { ...blankRule, metric: 'cpu_usage' }, edits: false, fixed: false, taken: ['other'], metrics: ['cpu_usage'], channels: ['ops'], denied: undefined, onKept }))
    one('form').dispatchEvent(new Event('submit', { cancelable: true }))
    await nextTick()
    expect(all('.fault')).toHaveLength(2)
    expect(asked).toEqual([])
    await write('[data-testid="rule-threshold"]', '50')
    await vi.advanceTimersByTimeAsync(700)
    expect(asked).toHaveLength(1)
    expect(asked[0]!.body).toMatchObject({ name: 'trial', metric: 'cpu_usage', threshold: 50 })
    expect(one('[data-testid="rule-trial"]').dataset.conditions).toBe('1')
    expect(one('.scale').textContent).toMatch(/> 50.*> 60.*> 75/)
    await write('[data-testid="rule-name"]', 'mine')
    one('[data-testid="rule-channel"]').click()
    one('form').dispatchEvent(new Event('submit', { cancelable: true }))
    await vi.advanceTimersByTimeAsync(10)
    expect(asked.at(-1)).toMatchObject({ path: '/api/alerts/rules', body: { name: 'mine', channels: ['ops'] } })
    expect(onKept).toHaveBeenCalledOnce()
  })

  it('in SQL waits for the button, and shows what is wrong with it', async () => {
    answers['/api/alerts/rules/test'] = { conditions: [], error: 'no table boom', hint: 'did you mean cpu?' }
    show(RuleForm, () => ({ begin: { ...blankRule, kind: 'sql', sql: 'SELECT 1 FROM boom' }, edits: false, fixed: false, taken: [], metrics: [], channels: [], denied: undefined }))
    await vi.advanceTimersByTimeAsync(2000)
    expect(asked).toEqual([])
    one('[data-testid="rule-test"]').click()
    await vi.advanceTimersByTimeAsync(10)
    expect(one('.outcome').textContent).toMatch(/no table boom.*did you mean cpu\?/s)
  })
})

it('dead letters are marked one by one and all at once', async () => {
  const letter = (offset: number) => ({ partition: 0, offset, time: '2026-11-23T10:00:00Z', error: 'bad', field: '', pipeline: 'p', topic: 't', source_partition: '0', source_offset: '1', key: null, value: 'x', encoding: 'text', replayed: false })
  const marked = ref<ReadonlySet<string>>(new Set())
  show(LetterList, () => ({ letters: [letter(1), letter(2)], markable: true, marked: marked.value, 'onUpdate:marked': (now: ReadonlySet<string>) => (marked.value = now) }))
  all('[data-testid="letter-mark"]')[1]!.click()
  await nextTick()
  expect([...marked.value]).toEqual(['0:2'])
  one('[data-testid="letter-mark-all"]').click()
  await nextTick()
  expect([...marked.value].sort()).toEqual(['0:1', '0:2'])
  one('[data-testid="letter-mark-all"]').click()
  await nextTick()
  expect([...marked.value]).toEqual([])
})
