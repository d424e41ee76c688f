import { onScopeDispose, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import { Problem } from '@/api/http'

export interface Answer<T> {
  /** The newest answer; what is asked next does not take it away. */
  data: ShallowRef<T | null>
  problem: ShallowRef<Problem | null>
  busy: Ref<boolean>
  /** run asks now; a question that is still open is dropped. */
  run: () => Promise<void>
  stop: () => void
}

/**
 * useAnswer asks when it is told to and, while every returns more than zero, again so many ms after
 * each answer. A hidden tab does not ask; it asks at once when it is seen again.
 */
export function useAnswer<T>(ask: (signal: AbortSignal) => Promise<T>, every: () => number = () => 0): Answer<T> {
  const data = shallowRef<T | null>(null)
  const problem = shallowRef<Problem | null>(null)
  const busy = ref(false)
  let control: AbortController | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  let due = false

  function stop() {
    control?.abort()
    control = null
    busy.value = false
    clearTimeout(timer)
  }

  async function run(): Promise<void> {
    stop()
    const mine = new AbortController()
    control = mine
    busy.value = true
    due = false
    try {
      const answer = await ask(mine.signal)
      if (mine.signal.aborted) return
      data.value = answer
      problem.value = null
    } catch (cause) {
      if (mine.signal.aborted) return
      problem.value = Problem.from(cause)
    }
    busy.value = false
    control = null
    wait()
  }

  function wait() {
    clearTimeout(timer)
    const interval = every()
    if (interval > 0) timer = setTimeout(next, interval)
  }

  function next() {
    if (document.hidden) due = true
    else void run()
  }

  const seen = () => {
    if (due && !document.hidden && every() > 0) void run()
  }
  // Nothing is repeated that was never asked.
  watch(every, () => {
    if (control === null && (data.value !== null || problem.value !== null)) wait()
  })
  document.addEventListener('visibilitychange', seen)
  onScopeDispose(() => {
    stop()
    document.removeEventListener('visibilitychange', seen)
  })
  return { data, problem, busy, run, stop }
}
