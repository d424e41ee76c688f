// SQL 查询的文字。

export const query = {
  query: {
    title: '查询',
    detail: '对已存储的数据执行 SQL',
    dialect: 'DuckDB SQL · 存储',
    run: '执行',
    stop: '停止',
    running: '执行中',
    failed: '查询失败',
    shortcut: 'Ctrl + Enter',
    editor: 'SQL 编辑器',
    result: '查询结果',
    measurements: '度量',
    measurementsEmpty: '存储中还没有数据',
    rows: '{count} 行 · {ms} ms',
    truncated: '只显示前 {count} 行',
    idleTitle: '编写 SQL 并执行',
    idleHint: '或从一个示例开始：',
    noRowsTitle: '没有符合条件的行',
    noRowsHint: '放宽条件或时间范围后再试。',
    copyCsv: '复制 CSV',
    exampleLatest: '最近的 CPU 使用率',
    exampleMinute: '每分钟平均值',
    exampleSensors: '各传感器平均温度',
  },
}
