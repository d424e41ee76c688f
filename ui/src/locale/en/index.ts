// The words of the screen, a file per page. The same keys as zh: the type asks for it, a test
// compares the holes.

import type { Messages } from '../zh'
import { explore } from './explore'
import { pipelines } from './pipelines'
import { query } from './query'
import { settings } from './settings'
import { shell } from './shell'
import { streams } from './streams'
import { wall } from './wall'

export const en: Messages = {
  ...shell,
  ...wall,
  ...streams,
  ...pipelines,
  ...query,
  ...explore,
  ...settings,
}
