package api

import "time"

// Silence keeps matching alerts from being sent for some time.
type Silence struct {
	ID       string            `json:"id"`
	Matchers map[string]string `json:"matchers" nullable:"false" doc:"By label, rule among them; * stands for any text. All must match."`
	StartsAt time.Time         `json:"starts_at"`
	EndsAt   time.Time         `json:"ends_at"`
	Comment  string            `json:"comment"`
	By       string            `json:"by" doc:"Who made it"`
}
