// What a topic may be called and set to, before the platform is asked.

const NAME = /^\.*[a-zA-Z0-9_-][a-zA-Z0-9._-]*$/

/** badTopic says what is wrong with the name of a new topic; null if nothing is. */
export function badTopic(name: string, taken: readonly string[]): 'required' | 'name' | 'taken' | null {
  if (name === '') return 'required'
  if (name.length > 249 || !NAME.test(name)) return 'name'
  return taken.includes(name) ? 'taken' : null
}

const UNITS = [['d', 86_400_000], ['h', 3_600_000], ['min', 60_000], ['s', 1000]] as const

/** readable says a number of milliseconds or bytes as people do, by the name of its setting; '' where it is plain already. */
export function readable(name: string, value: string | null): string {
  const n = Number(value)
  if (value === null || value === '' || !Number.isFinite(n)) return ''
  if (name.endsWith('.ms') && n >= 1000 && n < 1e15) {
    const [unit, size] = UNITS.find(([, ms]) => n >= ms && n % ms === 0) ?? ['s', 1000]
    return `${+(n / size).toFixed(1)} ${unit}`
  }
  if (name.endsWith('.bytes') && n >= 1024 && n < 1e15) {
    const power = n >= 1 << 30 ? 3 : n >= 1 << 20 ? 2 : 1
    return `${+(n / 1024 ** power).toFixed(1)} ${['', 'KiB', 'MiB', 'GiB'][power]}`
  }
  return ''
}
