// Which language to begin with, and remembering the one that was chosen.

export const locales = ['zh', 'en'] as const
export type Locale = (typeof locales)[number]

const STORED = 'millrace.locale'

/** chooseLocale prefers what was chosen before, then Chinese wherever the browser puts it first. */
export function chooseLocale(stored: string | null, preferred: readonly string[]): Locale {
  if (stored === 'zh' || stored === 'en') return stored
  for (const tag of preferred) {
    const language = tag.toLowerCase().split('-')[0]
    if (language === 'zh' || language === 'en') return language
  }
  return 'en'
}

/** storedLocale is null also where the browser forbids storage. */
export function storedLocale(): string | null {
  try {
    return localStorage.getItem(STORED)
  } catch {
    return null
  }
}

export function storeLocale(locale: Locale): void {
  try {
    localStorage.setItem(STORED, locale)
  } catch {
    // Without storage the choice lasts as long as the page does.
  }
}
