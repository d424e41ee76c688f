// 重启流水线与保存点的文字。

export const restart = {
  restart: {
    open: '重启…',
    title: '重启 {name}',
    from: '从何处继续',
    places: {
      checkpoint: '最近的检查点',
      savepoint: '保存点',
      time: '某一时间',
      earliest: '最早的记录',
      latest: '此刻以后的记录',
    },
    means: {
      checkpoint: '不丢失，也不重复：位置与状态都取自最近的检查点。',
      savepoint: '位置与状态都取自保存点。此后的结果会重新计算并再次写出；已写出的结果保留，因此会出现两次。',
      time: '清除全部状态。该时间以后的记录会重新处理；窗口与累计值不知道更早的记录。已写出的结果保留。',
      earliest: '清除全部状态，并重新处理主题中仍保留的全部记录。已写出的结果保留；若输出表没有主键，结果会出现两次。',
      latest: '清除全部状态，目前积压的记录不再处理。窗口与累计值重新开始。',
    },
    once: '此后仍是精确一次：位置变更在一个事务内提交，旧的运行会被隔离。',
    at: '时间',
    badTime: '这不是有效的时间。',
    go: '重启',
    done: '流水线已从该处继续。',
    savepoints: '保存点',
    none: '没有保存点。',
    make: '创建保存点',
    made: '保存点 {id} 已写好。',
    remove: '删除',
    state: { pending: '正在写入', complete: '完整', failed: '失败' },
  },
}
