import { onScopeDispose, ref, type Ref } from 'vue'

/** useNow ticks at the start of each second, so that a clock never skips one. */
export function useNow(): Ref<number> {
  const now = ref(Date.now())
  let timer: ReturnType<typeof setTimeout>
  const tick = () => {
    now.value = Date.now()
    timer = setTimeout(tick, 1000 - (now.value % 1000))
  }
  tick()
  onScopeDispose(() => clearTimeout(timer))
  return now
}
