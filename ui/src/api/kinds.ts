// What sources and channels can be made of: forms are drawn from it.

import { call } from './http'

export type OptionKind = 'string' | 'int' | 'float' | 'bool' | 'duration' | 'size'

export interface OptionSpec {
  /** One that ends in .* stands for all names with that prefix. */
  name: string
  kind: OptionKind
  default: string
  doc: string
  one_of: string[]
  secret: boolean
  required: boolean
}

export interface Kind {
  name: string
  doc: string
  options: OptionSpec[]
}

/** Values of options by name; a secret that is kept is HIDDEN. */
export type Settings = Record<string, string>

/** HIDDEN stands for a secret that is there. */
export const HIDDEN = '******'

/** What came of trying settings. */
export interface Trial {
  ok: boolean
  took_ms: number
  error?: string
  hint?: string
}

export const fetchConnectors = async (signal?: AbortSignal) =>
  (await call<{ connectors: Kind[] }>('GET', '/api/connectors', undefined, signal)).connectors

export const fetchNotifiers = async (signal?: AbortSignal) =>
  (await call<{ notifiers: Kind[] }>('GET', '/api/notifiers', undefined, signal)).notifiers
