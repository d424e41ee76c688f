import { useI18n } from 'vue-i18n'
import { ageText, lengthText } from '@/forms/span'

/** useAges says how long something was, or how long ago, in the reader's language. */
export function useAges(): { age: (ms: number) => string; length: (ms: number) => string } {
  const { locale } = useI18n()
  return { age: (ms) => ageText(ms, locale.value), length: (ms) => lengthText(ms, locale.value) }
}
