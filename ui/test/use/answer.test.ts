// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { effectScope, nextTick, ref, type EffectScope } from 'vue'
import { useAnswer, type Answer } from '@/use/useAnswer'
import { zoomOf } from '@/use/useZoom'

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

const make = <T>(ask: (signal: AbortSignal) => Promise<T>, every?: () => number): Answer<T> => scope.run(() => useAnswer(ask, every))!

it('asks only when told, and forgets an older question', async () => {
  const signals: AbortSignal[] = []
  const finish: ((text: string) => void)[] = []
  const answer = make((signal) => {
    signals.push(signal)
    return new Promise<string>((resolve) => finish.push(resolve))
  })
  await vi.advanceTimersByTimeAsync(60_000)
  expect(signals.length).toBe(0)
  void answer.run()
  void answer.run()
  expect(signals[0]!.aborted).toBe(true)
  finish[1]!('second')
  await vi.advanceTimersByTimeAsync(0)
  finish[0]!('first')
  await vi.advanceTimersByTimeAsync(0)
  expect([answer.data.value, answer.busy.value]).toEqual(['second', false])
})

it('repeats while it should, pauses, and goes on', async () => {
  let asked = 0
  const every = ref(1000)
  const answer = make(async () => ++asked, () => every.value)
  await answer.run()
  await vi.advanceTimersByTimeAsync(2000)
  expect(asked).toBe(3)
  every.value = 0
  await nextTick()
  await vi.advanceTimersByTimeAsync(5000)
  expect(asked).toBe(3)
  every.value = 500
  await nextTick()
  await vi.advanceTimersByTimeAsync(500)
  expect(asked).toBe(4)
})

it('keeps the last answer when a later question fails', async () => {
  const answers = [async () => 1, async () => Promise.reject(new Error('gone'))]
  const answer = make(() => answers.shift()!())
  await answer.run()
  await answer.run()
  expect([answer.data.value, answer.problem.value?.message]).toEqual([1, 'gone'])
})

it('rests while the tab is hidden', async () => {
  let asked = 0
  const hidden = vi.spyOn(document, 'hidden', 'get').mockReturnValue(true)
  const answer = make(async () => ++asked, () => 1000)
  await answer.run()
  await vi.advanceTimersByTimeAsync(10_000)
  expect(asked).toBe(1)
  hidden.mockReturnValue(false)
  document.dispatchEvent(new Event('visibilitychange'))
  await vi.advanceTimersByTimeAsync(0)
  expect(asked).toBe(2)
})

it('a display of many pixels is drawn larger', () => expect([390, 1920, 2200, 3840, 7680].map(zoomOf).map((zoom) => Number(zoom.toFixed(2)))).toEqual([1, 1, 1, 1.8, 2]))
