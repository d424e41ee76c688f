// The words of the pipelines page.

import type { Messages } from '../zh'

export const pipelines: Pick<Messages, 'pipelines'> = {
  pipelines: {
    title: 'Pipelines',
    detail: 'Flink SQL jobs and how they are doing',
    emptyTitle: 'No pipelines yet',
    emptyHint: 'Make one from a Flink SQL file:',
    pause: 'Pause',
    resume: 'Resume',
    sql: 'SQL',
    sqlDialect: 'Flink SQL',
    job: 'Job',
    rate: 'Records/s',
    in: 'In',
    out: 'Out',
    lag: 'Lag',
    dead: 'Dead letters',
    late: 'Late',
    watermark: 'Watermark',
    behind: '{text} behind',
    restarts: 'Restarts',
    checkpoint: 'Checkpoint',
    checkpointDetail: 'no. {epoch} · {ms} ms · {bytes}',
    none: 'none',
    onFlink: 'on Flink',
    atFlink: 'See it in Flink',
    savepoint: 'Goes on from',
    actionFailed: 'That did not work: {reason}',
  },
}
