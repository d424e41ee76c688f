// The words of moving pipelines between engines.

import type { Messages } from '../zh'

export const move: Pick<Messages, 'move'> = {
  move: {
    toFlink: 'Move to Flink',
    toMillrace: 'Move back here',
    titleToFlink: 'Move {name} to Flink',
    titleToMillrace: 'Move {name} back from Flink',
    hint: 'It stops at a checkpoint, its offsets are handed over, and what open windows need is read again. No output is lost or repeated. Steps that cannot be moved are named first, and nothing is stopped then.',
    gateway: 'URL of the SQL Gateway (empty: that of the configuration)',
    go: 'Move',
    moving: 'On its way to {engine}: {step}',
    failed: 'It was not moved, and goes on where it was: {reason}',
    begun: 'It is on its way',
    flink: 'Flink',
    millrace: 'this platform',
    stopping: 'its jobs are stopped',
    cutting: 'its jobs are cut at a place that is known',
    cut: 'the offsets to read again are found',
    handed: 'it is handed over',
    done: 'it is there',
  },
}
