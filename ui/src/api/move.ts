// Moving a pipeline between this platform and a Flink cluster.

import { call } from './http'
import type { Engine } from './pipelines'

export interface PipelineMove {
  to: Engine
  step: 'stopping' | 'cutting' | 'cut' | 'handed' | 'done' | 'failed'
  /** Why it does not get on, or was not moved. */
  error?: string
}

export const movePipeline = (name: string, to: Engine, gateway: string) =>
  call<unknown>('POST', `/api/pipelines/${encodeURIComponent(name)}/move`, gateway ? { to, gateway } : { to })
