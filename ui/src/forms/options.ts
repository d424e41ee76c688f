// Settings of a source or a channel while they are filled in. All of them are texts until they are sent.

import { HIDDEN, type OptionSpec, type Settings } from '@/api/kinds'
import { spanText } from './span'

/** What is wrong with a field. */
export type Fault = 'required' | 'int' | 'float' | 'duration' | 'size'

/** wild says whether an option stands for all names with a prefix, as headers.* does. */
export const wild = (spec: OptionSpec): boolean => spec.name.endsWith('.*')

/** prefixOf is what those names begin with. */
export const prefixOf = (spec: OptionSpec): string => spec.name.slice(0, -1)

/** draftOf begins with what is configured. */
export function draftOf(values: Record<string, unknown>): Settings {
  const draft: Settings = {}
  for (const [name, value] of Object.entries(values)) if (value !== null) draft[name] = String(value)
  return draft
}

/** settingsOf is what is sent: neither what was left empty nor what belongs to another kind. */
export function settingsOf(specs: readonly OptionSpec[], draft: Settings): Settings {
  const settings: Settings = {}
  for (const [name, text] of Object.entries(draft)) {
    const spec = specs.find((one) => (wild(one) ? name.startsWith(prefixOf(one)) && name !== prefixOf(one) : one.name === name))
    if (spec && text.trim() !== '') settings[name] = spec.secret || spec.kind === 'string' ? text : text.trim()
  }
  return settings
}

/** faultOf looks at one field; an empty one has its default. */
export function faultOf(spec: OptionSpec, text: string): Fault | undefined {
  const value = text.trim()
  if (value === '') return spec.required ? 'required' : undefined
  switch (spec.kind) {
    case 'int':
      return /^[+-]?\d+$/.test(value) ? undefined : 'int'
    case 'float':
      return Number.isFinite(Number(value)) ? undefined : 'float'
    case 'duration':
      return spanText(value) ? undefined : 'duration'
    case 'size':
      return /^\d+(\.\d+)?\s*([kmgt]?(i?b)?|bytes)$/i.test(value) ? undefined : 'size'
    default:
      return undefined
  }
}

/** faultsOf looks at all fields, by name. */
export function faultsOf(specs: readonly OptionSpec[], draft: Settings): Record<string, Fault> {
  const faults: Record<string, Fault> = {}
  for (const spec of specs) {
    const fault = wild(spec) ? undefined : faultOf(spec, draft[spec.name] ?? '')
    if (fault) faults[spec.name] = fault
  }
  return faults
}

/** More fields than these at once frighten. */
const AT_ONCE = 8
/** How many that need not be filled in are shown then. */
const OPTIONAL_AT_ONCE = 5

/** divide puts what must be filled in first, and sets apart what most people never need. */
export function divide(specs: readonly OptionSpec[]): { main: OptionSpec[]; more: OptionSpec[] } {
  const sorted = [...specs].sort((a, b) => Number(b.required) - Number(a.required))
  const cut = sorted.length <= AT_ONCE ? sorted.length : sorted.filter((spec) => spec.required).length + OPTIONAL_AT_ONCE
  return { main: sorted.slice(0, cut), more: sorted.slice(cut) }
}

/** Texts that may have several lines. */
const LONG = new Set(['body', 'template_params', 'template_param'])

/** longOf says whether a field wants more than a line. */
export const longOf = (spec: OptionSpec, text: string): boolean => LONG.has(spec.name) || text.includes('\n')

/** keptOf says whether a field holds a secret that is there already. */
export const keptOf = (spec: OptionSpec, text: string): boolean => spec.secret && text === HIDDEN
