// The newest records of a topic, newest first, never more than a fixed number.

import type { TopicMessage } from '@/api/channels'
import type { TopicRecord } from '@/api/topics'
import type { Json } from '@/api/values'

/** What a reader can scroll through and a browser can hold with ease. */
export const TAIL_LIMIT = 300

export interface TailRow {
  key: string
  record: TopicRecord
  time: number
  /** The value on one line. */
  text: string
}

export class Tail {
  rows: TailRow[] = []
  /** What came while paused, as bounded as what is shown. */
  private waiting: TailRow[] = []
  private readonly seen = new Set<string>()
  paused = false
  /** Records that the server left out so that this reader could keep up. */
  dropped = 0

  add(batch: TopicMessage[]): void {
    for (const message of batch) {
      this.dropped += message.dropped ?? 0
      this.addRecords(message.records)
    }
  }

  addRecords(records: TopicRecord[]): void {
    const fresh: TailRow[] = []
    for (const record of records) {
      const key = `${record.partition}:${record.offset}`
      if (this.seen.has(key)) continue
      this.seen.add(key)
      fresh.push({ key, record, time: Date.parse(record.timestamp), text: lineOf(record.value) })
    }
    if (this.paused) this.waiting = this.bound([...fresh, ...this.waiting])
    else this.rows = this.bound([...fresh, ...this.rows])
  }

  resume(): void {
    this.paused = false
    this.rows = this.bound([...this.waiting, ...this.rows])
    this.waiting = []
  }

  clear(): void {
    this.rows = []
    this.waiting = []
    this.seen.clear()
    this.dropped = 0
  }

  get waitingCount(): number {
    return this.waiting.length
  }

  private bound(rows: TailRow[]): TailRow[] {
    // What was stored arrives after the first live records: order is by time, not by arrival.
    rows.sort(newestFirst)
    for (const row of rows.slice(TAIL_LIMIT)) this.seen.delete(row.key)
    return rows.slice(0, TAIL_LIMIT)
  }
}

function newestFirst(a: TailRow, b: TailRow): number {
  return b.time - a.time || b.record.offset - a.record.offset
}

/** matching keeps rows whose key or value holds the text, whatever the case. */
export function matching(rows: TailRow[], text: string): TailRow[] {
  const wanted = text.trim().toLowerCase()
  if (wanted === '') return rows
  return rows.filter((row) => `${row.record.key ?? ''} ${row.text}`.toLowerCase().includes(wanted))
}

/** lineOf is a value on one line; text stays as it is, since it may not be JSON at all. */
export function lineOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** blockOf is a value on many lines. */
export function blockOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2)
}
