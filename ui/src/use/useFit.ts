import { computed, onBeforeUnmount, onMounted, provide, ref, type ComputedRef, type InjectionKey, type Ref } from 'vue'
import { fitOf, type Fit } from './fit'

/** scaleKey tells charts how much the stage around them is enlarged. */
export const scaleKey: InjectionKey<Ref<number>> = Symbol('scale')

/** useFit follows the window and gives the scale to all that is below. */
export function useFit(): ComputedRef<Fit> {
  const size = ref({ width: window.innerWidth, height: window.innerHeight })
  const measure = () => {
    size.value = { width: window.innerWidth, height: window.innerHeight }
  }
  onMounted(() => window.addEventListener('resize', measure))
  onBeforeUnmount(() => window.removeEventListener('resize', measure))
  const fit = computed(() => fitOf(size.value.width, size.value.height))
  provide(scaleKey, computed(() => fit.value.scale))
  return fit
}
