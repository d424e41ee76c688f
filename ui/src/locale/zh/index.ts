// 界面文字，每页一个文件。与 en 同键，测试会比较两者。

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

export const zh = {
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

/** Messages is what every language has to say. */
export type Messages = typeof zh
