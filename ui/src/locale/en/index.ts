// The words of the screen, a file per page. The same keys as zh: the type asks for it, a test
// compares the holes.

import type { Messages } from '../zh'
import { alerts } from './alerts'
import { explore } from './explore'
import { groups } from './groups'
import { letters } from './letters'
import { move } from './move'
import { pipelines } from './pipelines'
import { plan } from './plan'
import { query } from './query'
import { restart } from './restart'
import { settings } from './settings'
import { shell } from './shell'
import { sources } from './sources'
import { streams } from './streams'
import { wall } from './wall'

export const en: Messages = {
  ...shell,
  ...wall,
  ...streams,
  ...groups,
  ...move,
  ...pipelines,
  ...plan,
  ...query,
  ...restart,
  ...explore,
  ...settings,
  ...sources,
  ...letters,
  ...alerts,
}
