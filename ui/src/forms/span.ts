// Lengths of time as the platform reads them: "10s", "5 min", "1m30s".

const WORDS = /^\d+(\.\d+)?\s*(ns|us|µs|ms|milli(s|second|seconds)?|s|secs?|seconds?|m|mins?|minutes?|h|hours?|d|days?)?$/i
const SHORT = /^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/

/** spanText says whether a text is a length of time. */
export const spanText = (text: string): boolean => WORDS.test(text.trim()) || SHORT.test(text.trim())

const UNITS = [
  { size: 86_400, en: 'd', zh: ' 天' },
  { size: 3600, en: 'h', zh: ' 小时' },
  { size: 60, en: 'm', zh: ' 分钟' },
  { size: 1, en: 's', zh: ' 秒' },
] as const

const wordOf = (unit: (typeof UNITS)[number], count: number, locale: string) => `${count}${locale === 'zh' ? unit.zh : unit.en}`

/** ageText is how long ago something was, in its largest unit: 42s, 7m, 3h, 2d. */
export function ageText(ms: number, locale = 'en'): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  const unit = UNITS.find((one) => seconds >= one.size) ?? UNITS[3]
  return wordOf(unit, Math.floor(seconds / unit.size), locale)
}

/** lengthText is a length in its largest unit and the next: 2h 5m. */
export function lengthText(ms: number, locale = 'en'): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  const at = UNITS.findIndex((one) => seconds >= one.size)
  if (at < 0) return wordOf(UNITS[3], 0, locale)
  const first = UNITS[at]!
  const next = UNITS[at + 1]
  const rest = next ? Math.floor((seconds % first.size) / next.size) : 0
  const most = wordOf(first, Math.floor(seconds / first.size), locale)
  return next && rest > 0 ? `${most} ${wordOf(next, rest, locale)}` : most
}
