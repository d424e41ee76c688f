// The words of the wall.

import type { Messages } from '../zh'

export const wall: Pick<Messages, 'stats' | 'wall'> = {
  stats: {
    events: 'Live events',
    eventsDetail: 'Events per second, last {seconds} s',
    sources: 'Active sources',
    latency: 'Latency',
    total: 'Total events',
    dead: 'Dead letters',
    perSecond: '/s',
    ms: 'ms',
  },
  wall: {
    cpu: 'CPU usage',
    memory: 'Memory usage',
    network: 'Network traffic',
    cores: 'CPU cores',
    core: 'Core {core}',
    load: 'Load',
    disk: 'Disk I/O',
    read: 'Read',
    write: 'Write',
    sensors: 'Sensor temperature',
    sensorsDetail: '10 s windows · sensors.stats',
    sensorsIdle: 'No window yet: write to sensors.raw, the first result comes after about 15 s',
    more: '{count} more',
    processes: 'Top 5 processes',
    process: 'Process',
    cpuShort: 'CPU',
    memoryShort: 'Memory',
    pipelines: 'Pipelines',
    name: 'Name',
    deadShort: 'Dead',
    dead: 'Recent dead letters',
    deadIdle: 'No bad records',
    pipelinesIdle: 'No pipeline: millrace pipeline apply FILE',
    waiting: 'Waiting for data',
  },
}
