// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { effectScope, type EffectScope } from 'vue'
import { usePoll, type Polled } from '@/use/usePoll'

let scope: EffectScope

beforeEach(() => {
  vi.useFakeTimers()
  scope = effectScope()
})
afterEach(() => {
  scope.stop()
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const poll = <T>(ask: (signal: AbortSignal) => Promise<T>): Polled<T> => scope.run(() => usePoll(ask, 1000))!

it('asks at once and then at each interval', async () => {
  let asked = 0
  const polled = poll(async () => ++asked)
  await vi.advanceTimersByTimeAsync(0)
  expect(polled.data.value).toBe(1)
  await vi.advanceTimersByTimeAsync(3000)
  expect(polled.data.value).toBe(4)
})

it('keeps the last answer when a later one fails, and recovers', async () => {
  const answers = [async () => 'good', async () => Promise.reject(new Error('gone')), async () => 'better']
  const polled = poll(() => answers.shift()!())
  await vi.advanceTimersByTimeAsync(1000)
  expect(polled.data.value).toBe('good')
  expect(polled.problem.value?.message).toBe('gone')
  await vi.advanceTimersByTimeAsync(1000)
  expect(polled.data.value).toBe('better')
  expect(polled.problem.value).toBeNull()
})

it('never has two questions open', async () => {
  let open = 0
  let most = 0
  const polled = poll(async (signal) => {
    most = Math.max(most, ++open)
    await new Promise<void>((resolve, reject) => {
      setTimeout(resolve, 5000)
      signal.addEventListener('abort', () => reject(new Error('aborted')))
    }).finally(() => open--)
  })
  await vi.advanceTimersByTimeAsync(4000)
  void polled.refresh()
  await vi.advanceTimersByTimeAsync(20_000)
  expect(most).toBeLessThanOrEqual(2)
  expect(open).toBeLessThanOrEqual(1)
  expect(polled.problem.value).toBeNull()
})

it('ends with its scope', async () => {
  let asked = 0
  let aborted = false
  poll(async (signal) => {
    asked++
    signal.addEventListener('abort', () => (aborted = true))
    await new Promise(() => {})
  })
  await vi.advanceTimersByTimeAsync(0)
  scope.stop()
  expect(aborted).toBe(true)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(asked).toBe(1)
  expect(vi.getTimerCount()).toBe(0)
})

it('rests while the tab is hidden, and asks at once when it is seen again', async () => {
  let asked = 0
  const hidden = vi.spyOn(document, 'hidden', 'get').mockReturnValue(false)
  poll(async () => ++asked)
  await vi.advanceTimersByTimeAsync(0)
  hidden.mockReturnValue(true)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(asked).toBe(2)
  hidden.mockReturnValue(false)
  document.dispatchEvent(new Event('visibilitychange'))
  await vi.advanceTimersByTimeAsync(0)
  expect(asked).toBe(3)
})
