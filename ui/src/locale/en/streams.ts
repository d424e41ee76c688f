// The words of the streams page.

import type { Messages } from '../zh'

export const streams: Pick<Messages, 'streams'> = {
  streams: {
    title: 'Streams',
    detail: 'Topics of the bus; any Kafka client can read and write at {address}',
    internal: 'Show internal topics',
    partitions: 'Partitions',
    emptyTitle: 'No topics yet',
    emptyHint: 'Write a first data point and its topic is made for you:',
    choose: 'Choose a topic to see its records as they come',
    tail: 'Live records',
    pause: 'Pause',
    resume: 'Resume',
    paused: 'Paused, {count} waiting',
    clear: 'Clear',
    filter: 'Filter by key or content',
    partition: 'Part.',
    offset: 'Offset',
    time: 'Time',
    key: 'Key',
    value: 'Value',
    dropped: '{count} left out to keep up',
    tailEmptyTitle: 'No new records',
    tailEmptyHint: 'Whatever is written from now on appears here at once.',
    newest: 'Newest',
    earliest: 'Earliest',
    from: 'From',
    back: 'Back to topics',
  },
}
