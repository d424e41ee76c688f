// What kinds and their settings are called in the reader's language. The platform describes them in
// English; what is not translated here is shown as the platform says it.

import type { Kind, OptionSpec } from '@/api/kinds'
import { kindsZh, optionsZh } from './help-zh'

/** Names by which people know a kind, where its own is an abbreviation. */
const TITLES: Record<string, string> = {
  amqp: 'RabbitMQ', demo: 'Demo data', dingtalk: 'DingTalk', email: 'E-mail', feishu: 'Feishu / Lark', file: 'Log files', host: 'This machine', http: 'HTTP polling',
  kafka: 'Kafka', mqtt: 'MQTT', nats: 'NATS', pagerduty: 'PagerDuty', redis: 'Redis Streams', slack: 'Slack', sms: 'SMS (any API)', 'sms-aliyun': 'SMS (Aliyun)',
  'sms-tencent': 'SMS (Tencent)', syslog: 'Syslog', telegram: 'Telegram', webhook: 'Webhook', wecom: 'WeCom',
}

export function titleOf(locale: string, kind: Pick<Kind, 'name' | 'doc'>): { title: string; doc: string } {
  const zh = locale === 'zh' ? kindsZh[kind.name] : undefined
  return { title: zh?.[0] ?? TITLES[kind.name] ?? kind.name, doc: zh?.[1] ?? kind.doc }
}

export const helpOf = (locale: string, spec: Pick<OptionSpec, 'name' | 'doc'>): string => (locale === 'zh' ? (optionsZh[spec.name] ?? spec.doc) : spec.doc)
