package demo

import (
	"math"
	"math/rand/v2"
	"strconv"
	"time"
)

const (
	sensorCount = 8

	coldest, hottest = 60, 95 // degrees Fahrenheit
	driest, wettest  = 20, 80 // percent

	eventTimeForm = "2006-01-02 15:04:05.000"
)

// sensor is one made-up device. Its temperature follows the hour of the day, around which it wanders.
type sensor struct {
	id        []byte
	mean      float64 // degrees
	amplitude float64 // of the daily wave
	warmest   float64 // seconds of the day
	humid     float64 // percent at the mean temperature

	drift float64 // degrees away from the wave
	load  float64 // what "value" shows

	temperature, humidity float64
}

func newSensors(rnd *rand.Rand) []sensor {
	sensors := make([]sensor, sensorCount)
	for i := range sensors {
		s := &sensors[i]
		s.id = append([]byte("demo-0"), byte('1'+i))
		s.mean = 72 + 1.4*float64(i) + rnd.Float64()
		s.amplitude = 3 + 4*rnd.Float64()
		s.warmest = (14 + 3*rnd.Float64()) * 3600
		s.humid = 38 + 14*rnd.Float64()
		s.load = 1 + 4*rnd.Float64()
	}
	return sensors
}

// step moves the sensor on to now. The walk is drawn back to the wave, so that it never runs away.
func (s *sensor) step(now time.Time, rnd *rand.Rand) {
	const (
		perStep = 0.12  // degrees, in which a window's average moves visibly but not wildly
		pull    = 0.004 // of the drift at each step
		day     = 86400
	)
	s.drift += perStep*rnd.NormFloat64() - pull*s.drift
	second := float64(now.Unix() % day)
	wave := s.amplitude * math.Cos(2*math.Pi*(second-s.warmest)/day)
	s.temperature = within(s.mean+wave+s.drift, coldest, hottest)
	// Warm air holds more water: the same amount is a smaller share of it.
	s.humidity = within(s.humid-0.9*(wave+s.drift)+0.2*rnd.NormFloat64(), driest, wettest)
	s.load = within(s.load+0.08*rnd.NormFloat64()-0.01*(s.load-3), 0, 10)
}

func within(v, least, most float64) float64 { return max(least, min(most, v)) }

// oddity is a way in which a reading departs from the article's shape.
type oddity uint8

const (
	sound oddity = iota
	nullTemperature
	nullHumidity
	nullValue
	wordTemperature
	listHumidity
	missingID
	missingTime
	cutOff
	oddities
)

// oddity draws one: about two readings in a hundred have one.
func (g *generator) oddity() oddity {
	const share = 0.02
	if g.rand.Float64() >= share {
		return sound
	}
	return sound + 1 + oddity(g.rand.IntN(int(oddities-sound-1)))
}

// append writes the reading of at as JSON.
func (s *sensor) append(dst []byte, at time.Time, odd oddity) []byte {
	start := len(dst)
	dst = append(dst, '{')
	if odd != missingID {
		dst = append(dst, `"id":"`...)
		dst = append(dst, s.id...)
		dst = append(dst, `",`...)
	}
	dst = append(dst, `"temperature":`...)
	switch odd {
	case nullTemperature:
		dst = append(dst, "null"...)
	case wordTemperature:
		dst = append(dst, `"warm"`...)
	default:
		dst = appendDecimal(dst, s.temperature, 2)
	}
	dst = append(dst, `,"humidity":`...)
	switch odd {
	case nullHumidity:
		dst = append(dst, "null"...)
	case listHumidity:
		dst = append(dst, "[]"...)
	default:
		dst = appendDecimal(dst, s.humidity, 1)
	}
	dst = append(dst, `,"value":`...)
	if odd == nullValue {
		dst = append(dst, "null"...)
	} else {
		dst = appendDecimal(dst, s.load, 3)
	}
	if odd != missingTime {
		dst = append(dst, `,"event_time":"`...)
		dst = at.AppendFormat(dst, eventTimeForm)
		dst = append(dst, '"')
	}
	if odd == cutOff {
		return dst[:start+(len(dst)-start)*2/3]
	}
	return append(dst, '}')
}

// appendDecimal writes v with digits behind the point, as a device does that knows no more.
func appendDecimal(dst []byte, v float64, digits int) []byte {
	return strconv.AppendFloat(dst, v, 'f', digits, 64)
}
