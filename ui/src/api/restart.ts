// Savepoints of pipelines, and letting a pipeline go on from another place.

import { call } from './http'

export interface Savepoint {
  id: string
  at: string
  state: 'pending' | 'complete' | 'failed'
  error?: string
  bytes: number
}

export type RestartFrom = 'checkpoint' | 'savepoint' | 'time' | 'earliest' | 'latest'

export interface RestartRequest {
  from: RestartFrom
  time?: string
  savepoint?: string
}

const path = (name: string, rest: string) => `/api/pipelines/${encodeURIComponent(name)}/${rest}`

export async function fetchSavepoints(name: string): Promise<Savepoint[]> {
  const answer = await call<{ savepoints: Savepoint[] | null }>('GET', path(name, 'savepoints'))
  return answer.savepoints ?? []
}

export const makeSavepoint = (name: string) => call<Savepoint>('POST', path(name, 'savepoints'))

export const deleteSavepoint = (name: string, id: string) => call<unknown>('DELETE', path(name, `savepoints/${encodeURIComponent(id)}`))

export const restartPipeline = (name: string, request: RestartRequest) => call<unknown>('POST', path(name, 'restart'), request)
