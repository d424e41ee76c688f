// The rates of the last minutes, as far as this screen has seen them.

import type { Source } from '@/api/sources'

/** As many as a small line can show. */
const KEPT = 60

export class Rates {
  private byName = new Map<string, number[]>()

  /** add takes what was just answered; a source that is gone is forgotten. */
  add(sources: readonly Source[]): void {
    const next = new Map<string, number[]>()
    for (const source of sources) {
      next.set(source.name, [...(this.byName.get(source.name) ?? []), source.records_per_second].slice(-KEPT))
    }
    this.byName = next
  }

  of(name: string): readonly number[] {
    return this.byName.get(name) ?? []
  }
}
