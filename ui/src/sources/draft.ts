// A source while it is being made.

import type { Kind } from '@/api/kinds'
import type { Source, SourceDraft } from '@/api/sources'
import { faultsOf, settingsOf, type Fault } from '@/forms/options'

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,99}$/

/** nameFault says what is wrong with a name. */
export function nameFault(name: string, taken: readonly string[]): 'required' | 'name' | 'taken' | undefined {
  if (name === '') return 'required'
  if (!NAME.test(name)) return 'name'
  return taken.includes(name) ? 'taken' : undefined
}

/** freeName proposes the name of the connector, numbered if there is one. */
export function freeName(connector: string, taken: readonly string[]): string {
  for (let n = 1; ; n++) {
    const name = n === 1 ? connector : `${connector}-${n}`
    if (!taken.includes(name)) return name
  }
}

/** What keeps a source from being tried, by field. */
export const trialFaults = (kind: Kind, draft: SourceDraft): Record<string, Fault> => faultsOf(kind.options, draft.options)

/** requestOf is what is sent. */
export const requestOf = (kind: Kind, draft: SourceDraft): SourceDraft => ({
  name: draft.name.trim(),
  connector: kind.name,
  options: settingsOf(kind.options, draft.options),
})

/** stateTone is the colour of a state. */
export function stateTone(source: Pick<Source, 'state'>): 'good' | 'warn' | 'bad' | 'quiet' {
  return ({ running: 'good', retrying: 'warn', paused: 'quiet', elsewhere: 'quiet', failed: 'bad' } as const)[source.state]
}
