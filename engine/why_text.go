package engine

import "strings"

// The reasons in English; {name} stands for a parameter. The screen has the same in its languages, by code.
func whyText(code string) string {
	switch code {
	case WhyFlows:
		return "There is output: {rows} rows since the job was started."
	case WhyState:
		return "The job is {state}."
	case WhyFailed:
		return "The job has failed: {error}."
	case WhyRestarting:
		return "The job was restarted {restarts} times and is waiting to go on, because: {error}."
	case WhyNoRecords:
		return "Nothing has been read of table {table}: there are no records."
	case WhyNoNew:
		return "There is nothing new in table {table}: all that is there has been read."
	case WhyNotRead:
		return "{records} records of table {table} wait, and none was read in the last seconds."
	case WhyRefused:
		return "All {records} records of table {table} were refused and went to the dead letters, the last because: {error}."
	case WhyFilter:
		return "None of {rows} rows passes the condition {condition}."
	case WhyLate:
		return "All rows that come to {step} are late: {rows} were dropped, which the watermark {watermark} had passed."
	case WhyNoWatermark:
		return "{step} waits for the watermark, and there is none yet: split {split} has had no row with a time ({because}), and {others} others like it."
	case WhyWatermark:
		return "{step} waits for the watermark to pass {waits_for}; it is at {watermark}, held there by split {split} ({because}) and {others} others."
	case WhyJoinSide:
		return "Nothing came to the {side} side of a join; {rows} rows came to the other."
	case WhyJoinNone:
		return "No rows of the two sides of a join match, of {rows} that came."
	case WhyNotNull:
		return "Table {table} dropped {rows} rows: they have NULL in a column that is NOT NULL."
	case WhySink:
		return "Table {table} takes nothing: for {share} of the time the job waits until it can write."
	case WhyUncommitted:
		return "{rows} rows are written and not yet committed: they are seen with the next checkpoint, one every {every}."
	case WhyCheckpoint:
		return "Checkpoint {epoch} failed, so that what was written is not seen: {error}."
	case WhyHeld:
		return "{rows} rows came to {step}, and it has given none yet."
	}
	panic("engine: no text for reason " + code)
}

// reason makes a reason of its parameters, names and values in turn.
func reason(code string, node int, params ...string) Reason {
	r := Reason{Code: code, Node: node, Params: map[string]string{}}
	var pairs []string
	for i := 0; i < len(params); i += 2 {
		name, value := params[i], params[i+1]
		r.Params[name] = value
		if value == "" {
			value = "unknown"
		}
		pairs = append(pairs, "{"+name+"}", value)
	}
	r.Text = strings.NewReplacer(pairs...).Replace(whyText(code))
	return r
}

func (r Reason) hint(text string) Reason {
	r.Hint = text
	return r
}
