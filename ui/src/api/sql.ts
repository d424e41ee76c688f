// SQL over what is stored.

import { call } from './http'
import type { Table } from './values'

export const runSql = (sql: string, limit: number, signal?: AbortSignal) =>
  call<Table>('POST', '/api/sql', { sql, limit }, signal)
