package plan

import (
	"math"
	"strings"
	"time"

	"millrace/option"
)

// A RestartKind is how a job is started again after a failure.
type RestartKind uint8

// The kinds of restarts (Flink's restart-strategy.type).
const (
	RestartOurs        RestartKind = iota // unset: for ever, with waits that grow to half a minute
	RestartNever                          // none
	RestartFixed                          // fixed-delay: so many times, with the same wait
	RestartExponential                    // exponential-delay: with waits that grow
	RestartRate                           // failure-rate: as long as there are no more failures in some time than this
)

// RestartStrategy is when and how often a job is started again, with Flink's defaults filled in.
type RestartStrategy struct {
	Kind RestartKind
	// Attempts are how many restarts there may be; of failure-rate, how many failures in an Interval.
	Attempts int
	Delay    time.Duration // before a restart; of exponential-delay, before the first
	Interval time.Duration // of failure-rate
	// Of exponential-delay: the longest wait, by how much each is longer, by what share of itself it may differ, and
	// after how long without failures all begins anew.
	Max        time.Duration
	Multiplier float64
	Jitter     float64
	Reset      time.Duration
}

// The keys of restart strategies.
const (
	keyRestart         = "restart-strategy.type"
	keyFixedAttempts   = "restart-strategy.fixed-delay.attempts"
	keyFixedDelay      = "restart-strategy.fixed-delay.delay"
	keyRateFailures    = "restart-strategy.failure-rate.max-failures-per-interval"
	keyRateInterval    = "restart-strategy.failure-rate.failure-rate-interval"
	keyRateDelay       = "restart-strategy.failure-rate.delay"
	keyGrowAttempts    = "restart-strategy.exponential-delay.attempts-before-reset-backoff"
	keyGrowMultiplier  = "restart-strategy.exponential-delay.backoff-multiplier"
	keyGrowFirst       = "restart-strategy.exponential-delay.initial-backoff"
	keyGrowJitter      = "restart-strategy.exponential-delay.jitter-factor"
	keyGrowLast        = "restart-strategy.exponential-delay.max-backoff"
	keyGrowReset       = "restart-strategy.exponential-delay.reset-backoff-threshold"
	restartDocBehind   = "of restart-strategy.type"
	restartDefaultText = "unset: started again for ever, with waits that grow to half a minute"
)

// restartSettings are the keys of restart strategies, which all mean something here.
var restartSettings = []Setting{
	{Name: keyRestart, OneOf: []string{"none", "off", "disable", "fixed-delay", "fixeddelay", "failure-rate", "failurerate", "exponential-delay", "exponentialdelay"}, Doc: "How a job is started again after a failure; " + restartDefaultText + "."},
	{Name: keyFixedAttempts, Kind: option.Int, Default: "1", Doc: "How often, " + restartDocBehind + " fixed-delay."},
	{Name: keyFixedDelay, Kind: option.Duration, Default: "1s", Doc: "After which wait, " + restartDocBehind + " fixed-delay."},
	{Name: keyRateFailures, Kind: option.Int, Default: "1", Doc: "How many failures in the interval, " + restartDocBehind + " failure-rate."},
	{Name: keyRateInterval, Kind: option.Duration, Default: "1min", Doc: "The interval, " + restartDocBehind + " failure-rate."},
	{Name: keyRateDelay, Kind: option.Duration, Default: "1s", Doc: "After which wait, " + restartDocBehind + " failure-rate."},
	{Name: keyGrowAttempts, Kind: option.Int, Default: "2147483647", Doc: "How often, " + restartDocBehind + " exponential-delay."},
	{Name: keyGrowMultiplier, Kind: option.Float, Default: "1.5", Doc: "By how much a wait is longer than the one before, " + restartDocBehind + " exponential-delay."},
	{Name: keyGrowFirst, Kind: option.Duration, Default: "1s", Doc: "The first wait, " + restartDocBehind + " exponential-delay."},
	{Name: keyGrowJitter, Kind: option.Float, Default: "0.1", Doc: "By what share of itself a wait may differ, " + restartDocBehind + " exponential-delay."},
	{Name: keyGrowLast, Kind: option.Duration, Default: "1min", Doc: "The longest wait, " + restartDocBehind + " exponential-delay."},
	{Name: keyGrowReset, Kind: option.Duration, Default: "1h", Doc: "After how long without failures the waits begin anew, " + restartDocBehind + " exponential-delay."},
}

// Restarts is when and how often a job is started again.
func (s Settings) Restarts() RestartStrategy {
	v := s.withDefaults()
	switch strings.ToLower(s.values[keyRestart]) {
	case "none", "off", "disable":
		return RestartStrategy{Kind: RestartNever}
	case "fixed-delay", "fixeddelay":
		return RestartStrategy{Kind: RestartFixed, Attempts: atMost(v.Int(keyFixedAttempts)), Delay: v.Duration(keyFixedDelay)}
	case "failure-rate", "failurerate":
		return RestartStrategy{Kind: RestartRate, Attempts: atMost(v.Int(keyRateFailures)), Interval: v.Duration(keyRateInterval), Delay: v.Duration(keyRateDelay)}
	case "exponential-delay", "exponentialdelay":
		return RestartStrategy{
			Kind: RestartExponential, Attempts: atMost(v.Int(keyGrowAttempts)), Delay: v.Duration(keyGrowFirst), Max: v.Duration(keyGrowLast),
			Multiplier: v.Float(keyGrowMultiplier), Jitter: v.Float(keyGrowJitter), Reset: v.Duration(keyGrowReset),
		}
	}
	return RestartStrategy{}
}

// withDefaults are the values of restart strategies, those that are unset included.
func (s Settings) withDefaults() option.Values {
	v := option.Values{}
	for _, known := range restartSettings {
		if v[known.Name] = known.Default; s.values.Has(known.Name) {
			v[known.Name] = s.values[known.Name]
		}
	}
	return v
}

func atMost(n int64) int { return int(min(max(n, 0), math.MaxInt32)) }
