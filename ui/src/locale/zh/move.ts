// 在引擎之间迁移流水线的文字。

export const move = {
  move: {
    toFlink: '迁移到 Flink',
    toMillrace: '迁回本平台',
    titleToFlink: '将 {name} 迁移到 Flink',
    titleToMillrace: '将 {name} 从 Flink 迁回',
    hint: '停在检查点，交接位点，重放未关闭窗口所需的数据。输出不丢失也不重复；无法迁移的步骤会先说明，且不会停止任何作业。',
    gateway: 'SQL Gateway 地址（留空则用配置中的）',
    go: '迁移',
    moving: '正在迁移到 {engine}：{step}',
    failed: '未迁移，仍在原处运行：{reason}',
    begun: '迁移已开始',
    flink: 'Flink',
    millrace: '本平台',
    stopping: '停止作业',
    cutting: '在已知位点截断',
    cut: '计算重放位点',
    handed: '交接',
    done: '完成',
  },
}
