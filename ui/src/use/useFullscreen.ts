import { onScopeDispose, ref } from 'vue'

/** useFullscreen follows the document, since the Escape key leaves as well. */
export function useFullscreen() {
  const active = ref(document.fullscreenElement !== null)
  const follow = () => {
    active.value = document.fullscreenElement !== null
  }
  document.addEventListener('fullscreenchange', follow)
  onScopeDispose(() => document.removeEventListener('fullscreenchange', follow))

  async function toggle(): Promise<void> {
    if (document.fullscreenElement) await document.exitFullscreen()
    else await document.documentElement.requestFullscreen()
  }
  return { active, supported: document.fullscreenEnabled, toggle }
}
