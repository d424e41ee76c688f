// What restarting a pipeline and its savepoints say.

export const restart = {
  restart: {
    open: 'Restart …',
    title: 'Restart {name}',
    from: 'Go on from',
    places: {
      checkpoint: 'its last checkpoint',
      savepoint: 'a savepoint',
      time: 'a time',
      earliest: 'the oldest records',
      latest: 'what comes from now on',
    },
    means: {
      checkpoint: 'Nothing is lost and nothing comes twice: positions and state are those of the last checkpoint.',
      savepoint: 'Positions and state are those of the savepoint. Results since then are computed and written again; what has been written stays, so that they come twice.',
      time: 'All state is forgotten. Records that came since that time are processed again; windows and sums know nothing of what came before. Results that have been written stay.',
      earliest: 'All state is forgotten, and everything that the topics still have is processed again. Results that have been written stay, so that they come twice where the sink has no key.',
      latest: 'All state is forgotten, and the records that wait now are never processed. Windows and sums begin anew.',
    },
    once: 'Exactly once holds from there on: the move is one transaction, and a former run is fenced.',
    at: 'Time',
    badTime: 'This is no time.',
    go: 'Restart',
    done: 'The pipeline goes on from there.',
    savepoints: 'Savepoints',
    none: 'There is no savepoint.',
    make: 'Make a savepoint',
    made: 'Savepoint {id} is written.',
    remove: 'Delete',
    state: { pending: 'is being written', complete: 'whole', failed: 'failed' },
  },
}
