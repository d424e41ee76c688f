package notify

// words are all that Text says in one language.
type words struct {
	levels                                              map[Level]string
	resolvedMark                                        string
	firing, resolved                                    string // a count
	more                                                string // a count
	colon, comma                                        string
	open                                                string
	summary, level, value, threshold, since, resolvedAt string
	lasted, doc                                         string
	units                                               [4]string // days, hours, minutes, seconds
}

func chinese() words {
	return words{
		levels:       map[Level]string{Info: "提示", Warning: "警告", Error: "错误", Critical: "严重"},
		resolvedMark: "已恢复",
		firing:       "%d 条告警", resolved: "%d 条已恢复",
		more:  "另有 %d 条未列出",
		colon: "：", comma: "，",
		open:    "打开告警页面",
		summary: "摘要", level: "级别", value: "当前值", threshold: "阈值", since: "开始时间", resolvedAt: "恢复时间",
		lasted: "持续时间", doc: "说明",
		units: [4]string{" 天", " 小时", " 分", " 秒"},
	}
}

func english() words {
	return words{
		levels:       map[Level]string{Info: "INFO", Warning: "WARNING", Error: "ERROR", Critical: "CRITICAL"},
		resolvedMark: "RESOLVED",
		firing:       "%d firing", resolved: "%d resolved",
		more:  "%d more are not listed",
		colon: ": ", comma: ", ",
		open:    "Open the alerts page",
		summary: "Summary", level: "Level", value: "Value", threshold: "Threshold", since: "Since", resolvedAt: "Resolved",
		lasted: "Lasted", doc: "About",
		units: [4]string{"d", "h", "m", "s"},
	}
}
