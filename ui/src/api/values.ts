// What the platform answers with everywhere. Times are ISO 8601 text unless a name says otherwise.

/** One scalar of the store or of a record. */
export type Cell = string | number | boolean | null

/** A value as JSON carries it. */
export type Json = Cell | Json[] | { [key: string]: Json }

export interface Table {
  columns: { name: string; type: string }[]
  rows: Json[][]
  truncated: boolean
  elapsed_ms: number
}
