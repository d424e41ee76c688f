// The statements that were run in this browser, the newest first.

export interface Past {
  sql: string
  /** ms since the epoch */
  at: number
}

const STORED = 'millrace.sql'
const MOST = 30

/** remember puts a statement first, once. */
export function remember(list: readonly Past[], sql: string, at: number): Past[] {
  return [{ sql, at }, ...list.filter((past) => past.sql !== sql)].slice(0, MOST)
}

/** loadHistory takes what is stored; what is not a history is none. */
export function loadHistory(storage: Pick<Storage, 'getItem'> | null): Past[] {
  try {
    const value: unknown = JSON.parse(storage?.getItem(STORED) ?? '[]')
    if (!Array.isArray(value)) return []
    return value.filter((past): past is Past => typeof past?.sql === 'string' && typeof past?.at === 'number').slice(0, MOST)
  } catch {
    return []
  }
}

/** keepHistory also works where the browser forbids storage: then it lasts as long as the page. */
export function keepHistory(storage: Pick<Storage, 'setItem'> | null, list: readonly Past[]): void {
  try {
    storage?.setItem(STORED, JSON.stringify(list))
  } catch {
    // Full or forbidden.
  }
}
