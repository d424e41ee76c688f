// Lengths of time as the platform reads them: "10s", "5 min", "1m30s".

const WORDS = /^\d+(\.\d+)?\s*(ns|us|µs|ms|milli(s|second|seconds)?|s|secs?|seconds?|m|mins?|minutes?|h|hours?|d|days?)?$/i
const SHORT = /^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/

/** spanText says whether a text is a length of time. */
export const spanText = (text: string): boolean => WORDS.test(text.trim()) || SHORT.test(text.trim())

const UNITS: [string, number][] = [['d', 86_400], ['h', 3600], ['m', 60], ['s', 1]]

/** ageText is how long ago something was, in its largest unit: 42s, 7m, 3h, 2d. */
export function ageText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  for (const [unit, size] of UNITS) if (seconds >= size) return `${Math.floor(seconds / size)}${unit}`
  return '0s'
}

/** lengthText is a length in its two largest units: 2h 5m. */
export function lengthText(ms: number): string {
  let rest = Math.max(0, Math.floor(ms / 1000))
  const parts: string[] = []
  for (const [unit, size] of UNITS) {
    const count = Math.floor(rest / size)
    rest -= count * size
    if (count > 0) parts.push(`${count}${unit}`)
    if (parts.length === 2 || (parts.length === 1 && count === 0)) break
  }
  return parts.join(' ') || '0s'
}
