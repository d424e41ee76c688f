import { onScopeDispose, shallowRef, type ShallowRef } from 'vue'
import { Problem } from '@/api/http'

export interface Polled<T> {
  /** The newest answer; an error later does not take it away. */
  data: ShallowRef<T | null>
  problem: ShallowRef<Problem | null>
  /** refresh asks now, and the interval begins anew. */
  refresh: () => Promise<void>
}

/**
 * usePoll asks now and then every intervalMs, one question at a time, until the caller is gone.
 * A hidden tab does not ask; it asks at once when it is seen again.
 */
export function usePoll<T>(ask: (signal: AbortSignal) => Promise<T>, intervalMs: number): Polled<T> {
  const data = shallowRef<T | null>(null)
  const problem = shallowRef<Problem | null>(null)
  let timer: ReturnType<typeof setTimeout> | undefined
  let under: AbortController | null = null
  let ended = false

  async function refresh(): Promise<void> {
    clearTimeout(timer)
    under?.abort()
    const control = new AbortController()
    under = control
    try {
      const answer = await ask(control.signal)
      if (control.signal.aborted) return
      data.value = answer
      problem.value = null
    } catch (cause) {
      if (control.signal.aborted) return
      problem.value = Problem.from(cause)
    }
    under = null
    if (!ended && !document.hidden) timer = setTimeout(() => void refresh(), intervalMs)
  }

  const seen = () => {
    if (!document.hidden && !ended && under === null) void refresh()
  }
  document.addEventListener('visibilitychange', seen)
  onScopeDispose(() => {
    ended = true
    clearTimeout(timer)
    under?.abort()
    document.removeEventListener('visibilitychange', seen)
  })
  void refresh()
  return { data, problem, refresh }
}
