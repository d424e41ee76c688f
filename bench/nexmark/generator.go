// Package nexmark is the Nexmark benchmark of stream processing: the events of an auction house, people who come,
// auctions that open and bids for them, and the queries over them.
//
// The generator follows the public specification (Tucker et al., "NEXMark: A Benchmark for Queries over Data
// Streams", and the shapes and proportions of its Flink version, https://github.com/nexmark/nexmark, with its
// defaults); the same seed gives the same events.
package nexmark

import (
	"math"
	"math/rand/v2"
	"strconv"
	"time"
)

// The proportions of events, of each fifty, and the shapes of the default configuration.
const (
	people    = 1
	auctions  = 3
	bids      = 46
	round     = people + auctions + bids
	perSecond = 10_000 // events, in event time

	firstPerson, firstAuction, firstCategory = 1000, 1000, 10

	categories    = 5
	hotAuctions   = 2 // one in so many bids is not for a hot auction
	hotSellers    = 4
	hotBidders    = 4
	hotChannels   = 2
	hotEvery      = 100 // one in so many people and auctions is hot
	inFlight      = 100 // auctions that are open
	activePeople  = 1000
	lead          = 10 // ids that are used before their events come
	channels      = 10_000
	personSize    = 200 // bytes on average
	auctionSize   = 500
	bidSize       = 100
	extraTextSize = 1 << 20
)

// start is when the first event happens.
var start = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()

// Generator makes events one after the other. It belongs to one goroutine.
type Generator struct {
	rand  *rand.Rand
	next  int64
	extra string
	urls  []string // of the channels
	hot   []string // of the hot channels
}

// New returns the generator of the events of a seed.
func New(seed uint64) *Generator {
	g := &Generator{rand: rand.New(rand.NewPCG(seed, 0))}
	extra := make([]byte, extraTextSize)
	for i := range extra {
		extra[i] = byte('a' + g.rand.IntN(26))
	}
	g.extra = string(extra)
	for range hotNames {
		g.hot = append(g.hot, g.url())
	}
	for i := range channels {
		u := g.url()
		if g.rand.IntN(10) > 0 {
			u += "&channel_id=" + strconv.FormatInt(int64(reversed(i)), 10)
		}
		g.urls = append(g.urls, u)
	}
	return g
}

// reversed turns the bits of a channel's number around, without its sign.
func reversed(n int) int32 {
	var r uint32
	for i := range 32 {
		r |= uint32(n) >> i & 1 << (31 - i)
	}
	return max(int32(r), -int32(r))
}

var hotNames = []string{"Google", "Facebook", "Baidu", "Apple"}

// Append adds the next event to dst as a line of JSON: event_type 0 with person, 1 with auction, 2 with bid.
func (g *Generator) Append(dst []byte) []byte {
	n := g.next
	g.next++
	at := eventTime(n)
	switch rest := n % round; {
	case rest < people:
		return g.person(dst, n, at)
	case rest < people+auctions:
		return g.auction(dst, n, at)
	}
	return g.bid(dst, n, at)
}

// eventTime is when event n happens, in milliseconds.
func eventTime(n int64) int64 { return start + n*1_000_000/perSecond/1000 }

func (g *Generator) person(dst []byte, n, at int64) []byte {
	name := pick(g, firstNames) + " " + pick(g, lastNames)
	email := g.text(7, ' ') + "@" + g.text(5, ' ') + ".com"
	card := ""
	for i := range 4 {
		if i > 0 {
			card += " "
		}
		card += strconv.Itoa(10_000 + g.rand.IntN(10_000))[1:]
	}
	city, state := pick(g, cities), pick(g, states)
	o := object{dst: append(dst, `{"event_type":0,"person":`...)}
	o.number("id", lastPerson(n)+firstPerson)
	o.text("name", name)
	o.text("emailAddress", email)
	o.text("creditCard", card)
	o.text("city", city)
	o.text("state", state)
	o.time("dateTime", at)
	o.text("extra", g.filler(8+len(name)+len(email)+len(card)+len(city)+len(state), personSize))
	return o.end()
}

func (g *Generator) auction(dst []byte, n, at int64) []byte {
	seller := lastPerson(n) / hotEvery * hotEvery
	if g.rand.IntN(hotSellers) == 0 {
		seller = g.nextPerson(n)
	}
	first := g.price()
	ahead := eventTime(n+inFlight*round/auctions) - at
	name, description := g.text(20, ' '), g.text(100, ' ')
	o := object{dst: append(dst, `{"event_type":1,"auction":`...)}
	o.number("id", lastAuction(n)+firstAuction)
	o.text("itemName", name)
	o.text("description", description)
	o.number("initialBid", first)
	o.number("reserve", first+g.price())
	o.time("dateTime", at)
	o.time("expires", at+1+g.rand.Int64N(max(2*ahead, 1)))
	o.number("seller", seller+firstPerson)
	o.number("category", int64(firstCategory+g.rand.IntN(categories)))
	o.text("extra", g.filler(8+len(name)+len(description)+5*8, auctionSize))
	return o.end()
}

func (g *Generator) bid(dst []byte, n, at int64) []byte {
	auction := lastAuction(n) / hotEvery * hotEvery
	if g.rand.IntN(hotAuctions) == 0 {
		least := max(lastAuction(n)-inFlight, 0)
		auction = least + g.rand.Int64N(lastAuction(n)-least+1+lead)
	}
	// The second of a hundred, so that hot bidders are not hot sellers.
	bidder := lastPerson(n)/hotEvery*hotEvery + 1
	if g.rand.IntN(hotBidders) == 0 {
		bidder = g.nextPerson(n)
	}
	price := g.price()
	var channel, url string
	if g.rand.IntN(hotChannels) > 0 {
		i := g.rand.IntN(len(hotNames))
		channel, url = hotNames[i], g.hot[i]
	} else {
		i := g.rand.IntN(channels)
		channel, url = "channel-"+strconv.Itoa(i), g.urls[i]
	}
	o := object{dst: append(dst, `{"event_type":2,"bid":`...)}
	o.number("auction", auction+firstAuction)
	o.number("bidder", bidder+firstPerson)
	o.number("price", price)
	o.text("channel", channel)
	o.text("url", url)
	o.time("dateTime", at)
	o.text("extra", g.filler(4*8, bidSize))
	return o.end()
}

// lastPerson is the number of the last person that came with event n or before it.
func lastPerson(n int64) int64 { return n/round*people + min(n%round, people-1) }

// lastAuction is the number of the last auction that opened with event n or before it.
func lastAuction(n int64) int64 {
	epoch, offset := n/round, n%round
	switch {
	case offset < people:
		epoch, offset = epoch-1, auctions-1
	case offset >= people+auctions:
		offset = auctions - 1
	default:
		offset -= people
	}
	return epoch*auctions + offset
}

// nextPerson is one of those who came last, or who will come next.
func (g *Generator) nextPerson(n int64) int64 {
	came := lastPerson(n) + 1
	active := min(came, activePeople)
	return came - active + g.rand.Int64N(active+lead)
}

func (g *Generator) price() int64 {
	return int64(math.Round(math.Pow(10, g.rand.Float64()*6) * 100))
}

const shortest = 3

// text is up to most letters, one in thirteen of them special, without blanks around it.
func (g *Generator) text(most int, special byte) string {
	out := make([]byte, shortest+g.rand.IntN(most-shortest))
	for i := range out {
		out[i] = byte('a' + g.rand.IntN(26))
		if i > 0 && i < len(out)-1 && g.rand.IntN(13) == 0 {
			out[i] = special
		}
	}
	return string(out)
}

func (g *Generator) url() string {
	return "https://www.nexmark.com/" + g.text(5, '_') + "/" + g.text(5, '_') + "/" + g.text(5, '_') + "/item.htm?query=1"
}

// filler brings an event of a given size to about the wanted one.
func (g *Generator) filler(size, wanted int) string {
	if size > wanted {
		return ""
	}
	delta := (wanted - size) / 5
	n := wanted - size - delta
	if delta > 0 {
		n += g.rand.IntN(2 * delta)
	}
	at := g.rand.IntN(len(g.extra) - n)
	return g.extra[at : at+n]
}

func pick(g *Generator, from []string) string { return from[g.rand.IntN(len(from))] }

var (
	states     = []string{"AZ", "CA", "ID", "OR", "WA", "WY"}
	cities     = []string{"Phoenix", "Los Angeles", "San Francisco", "Boise", "Portland", "Bend", "Redmond", "Seattle", "Kent", "Cheyenne"}
	firstNames = []string{"Peter", "Paul", "Luke", "John", "Saul", "Vicky", "Kate", "Julie", "Sarah", "Deiter", "Walter"}
	lastNames  = []string{"Shultz", "Abrams", "Spencer", "White", "Bartels", "Walton", "Smith", "Jones", "Noris"}
)

// object writes the JSON of one event; its texts need no escapes.
type object struct {
	dst   []byte
	begun bool
}

func (o *object) name(name string) {
	next := byte('{')
	if o.begun {
		next = ','
	}
	o.begun = true
	o.dst = append(o.dst, next, '"')
	o.dst = append(append(o.dst, name...), `":`...)
}

func (o *object) number(name string, v int64) {
	o.name(name)
	o.dst = strconv.AppendInt(o.dst, v, 10)
}

func (o *object) text(name, v string) {
	o.name(name)
	o.dst = append(append(append(o.dst, '"'), v...), '"')
}

func (o *object) time(name string, ms int64) {
	o.name(name)
	o.dst = time.UnixMilli(ms).UTC().AppendFormat(o.dst, `"2006-01-02 15:04:05.000"`)
}

func (o *object) end() []byte { return append(o.dst, "}}\n"...) }
