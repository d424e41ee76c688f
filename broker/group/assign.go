package group

import (
	"cmp"
	"maps"
	"slices"
)

// Server assignors, as clients name them.
const (
	assignorUniform = "uniform"
	assignorRange   = "range"
)

// assignors lists the server assignors, the default first.
func assignors() []string { return []string{assignorUniform, assignorRange} }

// claimant is a member to an assignor.
type claimant struct {
	name   string // its instance, or its id
	topics map[topicID]bool
	had    map[slot]int32 // its last target
}

// assign gives each partition to one claimant that reads its topic, if there is any. What it returns stands in the order of claimants; the numbers mean nothing.
func assign(assignor string, claimants []claimant, partitions map[topicID]int) []map[slot]int32 {
	shares := make([]map[slot]int32, len(claimants))
	for i := range shares {
		shares[i] = map[slot]int32{}
	}
	if assignor == assignorRange {
		assignRanges(claimants, partitions, shares)
	} else {
		assignUniformly(claimants, partitions, shares)
	}
	return shares
}

// readers lists the claimants of each topic.
func readers(claimants []claimant) map[topicID][]int {
	of := map[topicID][]int{}
	for i, c := range claimants {
		for id := range c.topics {
			of[id] = append(of[id], i)
		}
	}
	return of
}

// assignRanges cuts each topic into ranges of about one length, in the order of the claimants' names: who reads the same topics gets the same
// numbers of each.
func assignRanges(claimants []claimant, partitions map[topicID]int, shares []map[slot]int32) {
	for id, who := range readers(claimants) {
		slices.SortFunc(who, func(a, b int) int { return cmp.Compare(claimants[a].name, claimants[b].name) })
		n, next := partitions[id], 0
		for i, w := range who {
			size := n / len(who)
			if i < n%len(who) {
				size++
			}
			for range size {
				shares[w][slot{id, int32(next)}] = 0
				next++
			}
		}
	}
}

// assignUniformly gives everybody about as many partitions as everybody else, and moves no more of them than it must.
func assignUniformly(claimants []claimant, partitions map[topicID]int, shares []map[slot]int32) {
	taken := map[slot]bool{}
	for i, c := range claimants {
		for at := range c.had {
			if c.topics[at.topic] && int(at.partition) < partitions[at.topic] && !taken[at] {
				taken[at] = true
				shares[i][at] = 0
			}
		}
	}
	of := readers(claimants)
	ids := slices.SortedFunc(maps.Keys(of), func(a, b topicID) int {
		// What few can take goes first, while they have room.
		return cmp.Or(cmp.Compare(len(of[a]), len(of[b])), slices.Compare(a[:], b[:]))
	})
	for _, id := range ids {
		for p := range partitions[id] {
			if at := (slot{id, int32(p)}); !taken[at] {
				shares[leastOf(of[id], shares)][at] = 0
			}
		}
	}
	for level(claimants, shares) {
	}
}

// leastOf returns who of some has the fewest partitions.
func leastOf(who []int, shares []map[slot]int32) int {
	best := who[0]
	for _, w := range who[1:] {
		if len(shares[w]) < len(shares[best]) {
			best = w
		}
	}
	return best
}

// level moves partitions from those who have most to one who has fewest, and says whether it has moved any. Each move makes the sum of squares smaller, so that it ends.
func level(claimants []claimant, shares []map[slot]int32) bool {
	order := make([]int, len(claimants))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(len(shares[a]), len(shares[b])) })
	for _, to := range order {
		for _, from := range slices.Backward(order) {
			if len(shares[from]) < len(shares[to])+2 {
				break
			}
			if moveSome(claimants[to].topics, shares[from], shares[to]) {
				return true
			}
		}
	}
	return false
}

// moveSome evens two shares out as far as topics allow.
func moveSome(topics map[topicID]bool, from, to map[slot]int32) bool {
	moved := false
	for _, at := range slices.SortedFunc(maps.Keys(from), func(a, b slot) int { return compareSlots(b, a) }) {
		if len(from) < len(to)+2 {
			break
		}
		if topics[at.topic] {
			delete(from, at)
			to[at] = 0
			moved = true
		}
	}
	return moved
}
