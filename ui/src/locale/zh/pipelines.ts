// 流水线页的文字。

export const pipelines = {
  pipelines: {
    title: '流水线',
    detail: 'Flink SQL 作业及其运行状态',
    emptyTitle: '还没有流水线',
    emptyHint: '用一个 Flink SQL 文件创建：',
    pause: '暂停',
    resume: '恢复',
    sql: 'SQL',
    sqlDialect: 'Flink SQL',
    job: '作业',
    rate: '记录/秒',
    in: '输入',
    out: '输出',
    lag: '积压',
    dead: '死信',
    late: '迟到',
    watermark: '水位线',
    behind: '落后 {text}',
    restarts: '重启',
    checkpoint: '检查点',
    checkpointDetail: '第 {epoch} 次 · {ms} ms · {bytes}',
    none: '无',
    actionFailed: '操作失败：{reason}',
  },
}
