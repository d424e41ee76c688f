// The words of the SQL editor.

import type { Messages } from '../zh'

export const query: Pick<Messages, 'query'> = {
  query: {
    title: 'Query',
    detail: 'SQL over what is stored',
    dialect: 'DuckDB SQL · store',
    run: 'Run',
    stop: 'Stop',
    running: 'Running',
    failed: 'The query failed',
    shortcut: 'Ctrl + Enter',
    editor: 'SQL editor',
    result: 'Result',
    measurements: 'Measurements',
    measurementsEmpty: 'Nothing is stored yet',
    rows: '{count} rows · {ms} ms',
    truncated: 'Only the first {count} rows are shown',
    idleTitle: 'Write SQL and run it',
    idleHint: 'Or begin with an example:',
    noRowsTitle: 'No rows match',
    noRowsHint: 'Widen the conditions or the time range and run it again.',
    copyCsv: 'Copy CSV',
    exampleLatest: 'Latest CPU usage',
    exampleMinute: 'Averages per minute',
    exampleSensors: 'Average temperature per sensor',
  },
}
