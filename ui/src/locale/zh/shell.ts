// 各页共用的文字。

export const shell = {
  title: '实时数据监控平台',
  subtitle: 'MILLRACE REAL-TIME DATA PLATFORM',
  nav: { label: '主导航', wall: '大屏', streams: '数据流', pipelines: '流水线', query: '查询', docs: 'API' },
  connection: {
    connecting: '连接中',
    live: '实时',
    reconnecting: '正在重连',
    retryIn: '{seconds} 秒后重连',
    retryNow: '立即重连',
  },
  control: { fullscreen: '全屏', leaveFullscreen: '退出全屏', language: 'English', languageLabel: '切换语言', languageTag: 'en' },
  demo: { badge: '演示数据', detail: '内置演示生成器正在写入 {topic}，并非真实数据' },
  state: { starting: '启动中', running: '运行中', paused: '已暂停', restarting: '重启中', failed: '失败', finished: '已完成' },
  list: {
    loading: '加载中',
    retry: '重试',
    errorTitle: '加载失败',
    errorHint: '请确认平台仍在运行，然后重试。',
    search: '搜索',
    nothingFound: '没有匹配“{text}”的结果',
    clearSearch: '清除搜索',
    copy: '复制',
    copied: '已复制',
  },
  notFound: { title: '没有这个页面', back: '返回大屏' },
}
