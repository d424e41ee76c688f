// The points of one series, oldest first, never more than a fixed number.

/** [time in ms since the epoch, value] */
export type Sample = [time: number, value: number]

/** The article's figure: fifty points, one a second. */
export const POINTS = 50

export class Ring {
  private samples: Sample[] = []

  constructor(readonly capacity: number = POINTS) {}

  /** push adds a sample; one of the same time is replaced, one out of order finds its place. */
  push(time: number, value: number): void {
    if (!Number.isFinite(time) || !Number.isFinite(value)) return
    let at = this.samples.length
    while (at > 0 && this.samples[at - 1]![0] >= time) at--
    const same = this.samples[at]?.[0] === time ? 1 : 0
    this.samples.splice(at, same, [time, value])
    if (this.samples.length > this.capacity) this.samples.shift()
  }

  /**
   * fill adds history where there is none: a sample closer than gap to one that is here is left
   * out, because the store and the socket stamp the same measurement some milliseconds apart.
   */
  fill(history: Sample[], gap: number): void {
    const known = this.samples.map((sample) => sample[0])
    for (const [time, value] of history) {
      if (!known.some((other) => Math.abs(other - time) < gap)) this.push(time, value)
    }
  }

  /** points are a copy, for a chart to keep. */
  points(): Sample[] {
    return this.samples.slice()
  }

  get last(): Sample | undefined {
    return this.samples[this.samples.length - 1]
  }

  get size(): number {
    return this.samples.length
  }
}
