import { ref, type Ref } from 'vue'
import { Problem } from '@/api/http'

export interface Acting {
  /** The name of what something is done with now; "" if nothing. */
  busy: Ref<string>
  /** Why something failed, by name. */
  failures: Ref<Record<string, string>>
  act: (name: string, action: () => Promise<unknown>) => Promise<void>
}

/** useAct does one thing at a time with a row of a list, and looks at the list again after it. */
export function useAct(after: () => Promise<void>): Acting {
  const busy = ref('')
  const failures = ref<Record<string, string>>({})
  async function act(name: string, action: () => Promise<unknown>) {
    busy.value = name
    delete failures.value[name]
    try {
      await action()
    } catch (cause) {
      const problem = Problem.from(cause)
      failures.value[name] = problem.hint ? `${problem.message}. ${problem.hint}` : problem.message
    }
    await after()
    busy.value = ''
  }
  return { busy, failures, act }
}
