import { computed, onBeforeUnmount, onMounted, provide, ref, type ComputedRef } from 'vue'
import { scaleKey } from './useFit'

/** Up to this width a page is drawn as it is. */
const PLAIN_WIDTH = 2200
/** The width that a page is drawn for on a display that is wider. */
const DRAWN_WIDTH = 2133

/** zoomOf keeps text readable on a display of so many pixels that nobody sits close enough to them. */
export function zoomOf(width: number): number {
  return width <= PLAIN_WIDTH ? 1 : Math.min(2, width / DRAWN_WIDTH)
}

/** useZoom follows the window and tells charts how much they are enlarged. */
export function useZoom(): ComputedRef<number> {
  const width = ref(window.innerWidth)
  const measure = () => {
    width.value = window.innerWidth
  }
  onMounted(() => window.addEventListener('resize', measure))
  onBeforeUnmount(() => window.removeEventListener('resize', measure))
  const zoom = computed(() => zoomOf(width.value))
  provide(scaleKey, zoom)
  return zoom
}
