// What the command palette offers.

export interface Command {
  name: string
  /** Where it leads; without one it changes the language. */
  to?: string
  /** Other words by which it is found, in both languages. */
  words: string
}

export const commands: readonly Command[] = [
  { name: 'wall', to: '/', words: 'home dashboard screen 首页 dp' },
  { name: 'kiosk', to: '/?kiosk=1', words: 'tv display 投屏' },
  { name: 'explore', to: '/explore', words: 'analysis chart 图表 fx' },
  { name: 'sql', to: '/explore?tab=sql', words: 'query 查询' },
  { name: 'streams', to: '/streams', words: 'topics kafka 主题' },
  { name: 'letters', to: '/dead-letters', words: 'dlq errors replay 重放 错误 sx' },
  { name: 'pipelines', to: '/pipelines', words: 'jobs 作业' },
  { name: 'sources', to: '/sources', words: 'connectors collect 采集 sjy' },
  { name: 'sourceNew', to: '/sources?new=1', words: 'connect create 新建 connector' },
  { name: 'send', to: '/sources?tab=send', words: 'push telegraf prometheus curl kcat ingest 写入 接入' },
  { name: 'alerts', to: '/alerts', words: 'firing incidents 故障 gj' },
  { name: 'rules', to: '/alerts?tab=rules', words: 'thresholds 阈值' },
  { name: 'ruleNew', to: '/alerts?new=1', words: 'create threshold 新建 阈值' },
  { name: 'silences', to: '/alerts?tab=silences', words: 'mute maintenance 维护' },
  { name: 'channels', to: '/alerts?tab=channels', words: 'notify email dingtalk feishu slack webhook 钉钉 飞书 邮件' },
  { name: 'channelNew', to: '/alerts?tab=channels&add=1', words: 'create notify 新建' },
  { name: 'history', to: '/alerts?tab=history', words: 'timeline events 时间线' },
  { name: 'notices', to: '/alerts?tab=notices', words: 'sent log 发送' },
  { name: 'settings', to: '/settings', words: 'storage log level zone 存储 日志 时区' },
  { name: 'language', words: 'english chinese 中文 英文' },
]

/** matchingCommands keeps those that hold every word of the text; what begins with it comes first. */
export function matchingCommands(all: readonly Command[], text: string, textOf: (command: Command) => string): Command[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  const hay = (one: Command) => `${textOf(one)} ${one.name} ${one.words} ${one.to ?? ''}`.toLowerCase()
  const begins = (one: Command) => Number(words.length > 0 && textOf(one).toLowerCase().startsWith(words[0]!))
  return all.filter((one) => words.every((word) => hay(one).includes(word))).sort((a, b) => begins(b) - begins(a))
}
