// 界面文字，每页一个文件。与 en 同键，测试会比较两者。

import { explore } from './explore'
import { pipelines } from './pipelines'
import { query } from './query'
import { settings } from './settings'
import { shell } from './shell'
import { streams } from './streams'
import { wall } from './wall'

export const zh = {
  ...shell,
  ...wall,
  ...streams,
  ...pipelines,
  ...query,
  ...explore,
  ...settings,
}

/** Messages is what every language has to say. */
export type Messages = typeof zh
