import { createI18n } from 'vue-i18n'
import { chooseLocale, storedLocale, storeLocale, type Locale } from './choose'
import { en } from './en'
import { zh } from './zh'

export const i18n = createI18n({
  legacy: false,
  locale: chooseLocale(storedLocale(), navigator.languages),
  fallbackLocale: 'en',
  messages: { zh, en },
})

/** setLocale changes the language of everything on the screen, and remembers it. */
export function setLocale(locale: Locale): void {
  i18n.global.locale.value = locale
  storeLocale(locale)
  announceLocale()
}

/** announceLocale tells the document, for screen readers, hyphenation and the tab. */
export function announceLocale(): void {
  document.documentElement.lang = i18n.global.locale.value === 'zh' ? 'zh-CN' : 'en'
  document.title = `${i18n.global.t('title')} · Millrace`
}
