// The words of the SQL editor.

import type { Messages } from '../zh'

export const query: Pick<Messages, 'query'> = {
  query: {
    title: 'SQL',
    dialect: 'DuckDB SQL · store',
    dialectDetail: 'What is stored is asked in the dialect of DuckDB; pipelines are written in Flink SQL.',
    run: 'Run',
    stop: 'Stop',
    running: 'Running',
    failed: 'The query failed',
    shortcut: 'Ctrl + Enter',
    editor: 'SQL editor',
    result: 'Result',
    measurements: 'Measurements',
    measurementsEmpty: 'Nothing is stored yet',
    read: 'Read the newest of {name}',
    tag: 'tag',
    history: 'History',
    look: { table: 'Table', line: 'Lines', bar: 'Bars' },
    unfit: { line: 'Needs a column of times and one of numbers', bar: 'Needs a column of numbers and another one' },
    rows: '{count} rows · {ms} ms',
    truncated: 'Only the first {count} rows are shown',
    idleTitle: 'Write SQL and run it',
    idleHint: 'Or begin with an example:',
    noRowsTitle: 'No rows match',
    noRowsHint: 'Widen the conditions or the time range and run it again.',
    exampleLatest: 'Latest CPU usage',
    exampleMinute: 'Averages per minute',
    exampleSensors: 'Average temperature per sensor',
  },
}
