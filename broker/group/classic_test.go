package group_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/group"
)

// inBubble runs a test whose time passes when nothing else can.
func inBubble(t *testing.T, cfg group.Config, do func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := start(t, cfg)
		defer func() { w.stop() }()
		do(t, w)
	})
}

func TestMembersShareAGeneration(t *testing.T) {
	inBubble(t, group.Config{}, func(t *testing.T, w *world) {
		a, b := w.client(), w.client()
		first := w.JoinGroup(group.WithClientID(t.Context(), "me"), nil, a.joinRequest())
		code(t, "join without an id", first.ErrorCode, kerr.MemberIDRequired)
		if first.MemberID[:3] != "me-" || first.Generation != -1 {
			t.Fatalf("id %q, generation %d", first.MemberID, first.Generation)
		}
		stable(t, a)
		same(t, "state", w.state("g"), "Stable")
		same(t, "generation", a.generation, 1)

		wait := b.mustJoin()
		synctest.Wait()
		same(t, "state", w.state("g"), "PreparingRebalance")
		code(t, "heartbeat while others join", a.beat(), kerr.RebalanceInProgress)
		code(t, "sync while others join", a.sync(), kerr.RebalanceInProgress)
		again := a.mustJoin()()
		other := wait()
		same(t, "generation", a.generation, 2)
		same(t, "generation of the other", b.generation, 2)
		if !a.leader || b.leader || other.LeaderID != a.id {
			t.Fatal("the leader has changed")
		}
		if len(again.Members) != 2 || len(other.Members) != 0 {
			t.Fatalf("leader sees %d members, the other %d", len(again.Members), len(other.Members))
		}
		same(t, "protocol", *other.Protocol, "range")
		same(t, "state", w.state("g"), "CompletingRebalance")
		code(t, "heartbeat before sync", b.beat(), nil)
		code(t, "commit before sync", a.commit(1), kerr.RebalanceInProgress)
		syncAll(t, a, b)
		code(t, "heartbeat", b.beat(), nil)
		b.generation = 1
		code(t, "heartbeat of the old generation", b.beat(), kerr.IllegalGeneration)
		b.generation = 2

		code(t, "leave", b.leave(), nil)
		code(t, "heartbeat of who left", b.beat(), kerr.UnknownMemberID)
		a.mustJoin()()
		same(t, "generation", a.generation, 3)
		syncAll(t, a)
		code(t, "leave", a.leave(), nil)
		same(t, "state", w.state("g"), "Empty")
		code(t, "heartbeat of nobody", a.beat(), kerr.UnknownMemberID)
	})
}

func TestProtocolsAreVotedFor(t *testing.T) {
	inBubble(t, group.Config{}, func(t *testing.T, w *world) {
		a, b, c := w.client(), w.client(), w.client()
		a.protocols, b.protocols, c.protocols = []string{"x", "y", "z"}, []string{"z", "y"}, []string{"z", "y", "x"}
		stable(t, a, b, c)
		resp := a.mustJoin() // the leader's join is a rebalance
		synctest.Wait()
		rest := []func() *kmsg.JoinGroupResponse{b.mustJoin(), c.mustJoin()}
		same(t, "protocol", *resp().Protocol, "z")
		for _, wait := range rest {
			wait()
		}
		syncAll(t, a, b, c)

		odd := w.client()
		odd.protocols = []string{"x"}
		code(t, "protocol that not all know", odd.join(t.Context()).ErrorCode, kerr.InconsistentGroupProtocol)
		req := w.client().joinRequest()
		req.ProtocolType = "connect"
		code(t, "other protocol type", w.JoinGroup(t.Context(), nil, req).ErrorCode, kerr.InconsistentGroupProtocol)
		none := w.client()
		none.group, none.protocols = "none", nil
		code(t, "no protocol", none.join(t.Context()).ErrorCode, kerr.InconsistentGroupProtocol)
		same(t, "state of a group that nobody could join", w.state("none"), "")
		short := w.client()
		short.session = time.Second
		code(t, "short session", short.join(t.Context()).ErrorCode, kerr.InvalidSessionTimeout)
		unnamed := w.client()
		unnamed.group = ""
		code(t, "no group", unnamed.join(t.Context()).ErrorCode, kerr.InvalidGroupID)
		wrong := kmsg.NewPtrSyncGroupRequest()
		wrong.Version, wrong.Group, wrong.MemberID, wrong.Generation, wrong.Protocol = 5, "g", a.id, a.generation, kmsg.StringPtr("x")
		code(t, "sync with another protocol", w.SyncGroup(t.Context(), nil, wrong).ErrorCode, kerr.InconsistentGroupProtocol)
	})
}

func TestSessionsEnd(t *testing.T) {
	inBubble(t, group.Config{}, func(t *testing.T, w *world) {
		a, b := w.client(), w.client()
		stable(t, a, b)
		for range 3 { // b says nothing any more
			time.Sleep(4 * time.Second)
			if got := a.beat(); got != 0 {
				code(t, "heartbeat", got, kerr.RebalanceInProgress)
				break
			}
		}
		code(t, "heartbeat of the dead", b.beat(), kerr.UnknownMemberID)
		a.mustJoin()()
		same(t, "members", len(a.members), 1)
		syncAll(t, a)
		time.Sleep(11 * time.Second)
		same(t, "state", w.state("g"), "Empty")
	})
}

func TestWhoDoesNotRejoinIsLeftBehind(t *testing.T) {
	inBubble(t, group.Config{}, func(t *testing.T, w *world) {
		a, b := w.client(), w.client()
		stable(t, a, b)
		began := time.Now()
		wait := a.mustJoin()
		for range 4 {
			time.Sleep(4 * time.Second)
			code(t, "heartbeat", b.beat(), kerr.RebalanceInProgress)
		}
		wait()
		same(t, "wait", time.Since(began), 20*time.Second)
		same(t, "members", len(a.members), 1)
		code(t, "heartbeat of who was left behind", b.beat(), kerr.UnknownMemberID)
	})
}

func TestWhoDoesNotSyncIsLeftBehind(t *testing.T) {
	inBubble(t, group.Config{}, func(t *testing.T, w *world) {
		a, b := w.client(), w.client()
		stable(t, a)
		wait := b.mustJoin()
		synctest.Wait()
		a.mustJoin()()
		wait()
		got := make(chan int16, 1)
		go func() { got <- b.sync() }()
		for range 4 { // the leader lives, and never assigns
			time.Sleep(4 * time.Second)
			code(t, "heartbeat", a.beat(), nil)
		}
		code(t, "sync", <-got, kerr.RebalanceInProgress)
		b.mustJoin()()
		if !b.leader || len(b.members) != 1 {
			t.Fatalf("leader %v among %d", b.leader, len(b.members))
		}
		code(t, "heartbeat of the old leader", a.beat(), kerr.UnknownMemberID)
	})
}

func TestLostConnectionsNoLongerWait(t *testing.T) {
	inBubble(t, group.Config{}, func(t *testing.T, w *world) {
		a := w.client()
		stable(t, a)
		b := w.client()
		b.version = 3 // it would learn its id from the answer only
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { b.join(ctx); close(done) }()
		synctest.Wait()
		same(t, "state", w.state("g"), "PreparingRebalance")
		cancel()
		<-done
		a.mustJoin()()
		same(t, "members", len(a.members), 1)

		// One that knows its id does not count as having joined, and may ask again.
		c := w.client()
		ctx, cancel = context.WithCancel(t.Context())
		done = make(chan struct{})
		go func() { c.join(ctx); close(done) }()
		synctest.Wait()
		cancel()
		<-done
		first := a.mustJoin()
		synctest.Wait()
		same(t, "state", w.state("g"), "PreparingRebalance")
		second := c.mustJoin()
		same(t, "members", len(first().Members), 2)
		second()
		ctx, cancel = context.WithCancel(t.Context())
		req := kmsg.NewPtrSyncGroupRequest()
		req.Group, req.MemberID, req.Generation = "g", c.id, c.generation
		done = make(chan struct{})
		go func() { w.SyncGroup(ctx, nil, req); close(done) }()
		synctest.Wait()
		cancel()
		<-done
		syncAll(t, a, c)
	})
}

func TestStaticMembersComeBackWithoutARebalance(t *testing.T) {
	inBubble(t, group.Config{}, func(t *testing.T, w *world) {
		a, b := w.client(), w.client()
		a.instance, b.instance = kmsg.StringPtr("one"), kmsg.StringPtr("two")
		stable(t, a, b)
		oldB := *b
		b.id = ""
		resp := b.mustJoin()()
		same(t, "generation", resp.Generation, 2)
		if b.id == oldB.id || resp.SkipAssignment || len(resp.Members) != 0 {
			t.Fatalf("came back as %q (was %q), %+v", b.id, oldB.id, resp)
		}
		code(t, "sync", b.sync(), nil)
		same(t, "assignment", b.assignment, "for "+oldB.id)
		code(t, "heartbeat of who was replaced", oldB.beat(), kerr.FencedInstanceID)

		oldA := *a
		a.id = ""
		resp = a.mustJoin()()
		if !resp.SkipAssignment || !a.leader || len(resp.Members) != 2 {
			t.Fatalf("leader came back: %+v", resp)
		}
		a.id, a.version = "", 8
		resp = a.mustJoin()()
		if resp.SkipAssignment || a.leader || len(resp.Members) != 0 {
			t.Fatalf("leader came back with version 8: %+v", resp)
		}
		code(t, "join of who was replaced", oldA.join(t.Context()).ErrorCode, kerr.FencedInstanceID)
		same(t, "state", w.state("g"), "Stable")

		req := kmsg.NewPtrLeaveGroupRequest()
		req.Version, req.Group = 5, "g"
		req.Members = []kmsg.LeaveGroupRequestMember{
			{InstanceID: kmsg.StringPtr("two")}, {InstanceID: kmsg.StringPtr("three")}, {MemberID: oldA.id, InstanceID: kmsg.StringPtr("one")}, {MemberID: "nobody"},
		}
		left := w.LeaveGroup(t.Context(), nil, req)
		code(t, "leave", left.ErrorCode, nil)
		for i, want := range []*kerr.Error{nil, kerr.UnknownMemberID, kerr.FencedInstanceID, kerr.UnknownMemberID} {
			code(t, "leave of one", left.Members[i].ErrorCode, want)
		}
		same(t, "who left", left.Members[0].MemberID, b.id)
	})
}

func TestRestartIsNoRebalance(t *testing.T) {
	inBubble(t, group.Config{}, func(t *testing.T, w *world) {
		a, b := w.client(), w.client()
		b.instance = kmsg.StringPtr("two")
		stable(t, a, b)
		code(t, "commit", a.commit(7), nil)
		w.restart()
		same(t, "state", w.state("g"), "Stable")
		code(t, "heartbeat", a.beat(), nil)
		code(t, "heartbeat", b.beat(), nil)
		a.assignment = ""
		code(t, "sync", a.sync(), nil)
		same(t, "assignment", a.assignment, "for "+a.id)
		w.wantOffset("g", "a", 0, 7)

		// Joined, and the broker dies before the leader has assigned.
		c := w.client()
		waits := []func() *kmsg.JoinGroupResponse{c.mustJoin()}
		synctest.Wait()
		waits = append(waits, a.mustJoin(), b.mustJoin())
		for _, wait := range waits {
			wait()
		}
		w.restart()
		same(t, "state", w.state("g"), "CompletingRebalance")
		syncAll(t, a, b, c)
		same(t, "generation", a.generation, 3)
		time.Sleep(11 * time.Second)
		same(t, "state", w.state("g"), "Empty")
		w.restart()
		d := w.client()
		stable(t, d)
		if d.generation <= 3 {
			t.Fatalf("generation %d after %d", d.generation, 3)
		}
	})
}

func TestGroupsAreBounded(t *testing.T) {
	inBubble(t, group.Config{MaxMembers: 2, MaxGroups: 2}, func(t *testing.T, w *world) {
		a, b, c := w.client(), w.client(), w.client()
		stable(t, a, b)
		code(t, "third member", c.join(t.Context()).ErrorCode, kerr.GroupMaxSizeReached)
		code(t, "second group", w.commit("second", "", -1, 8, "a", 0, 1), nil)
		code(t, "third group", w.commit("third", "", -1, 8, "a", 0, 1), kerr.PolicyViolation)
		c.group = "third"
		code(t, "join of a third group", c.join(t.Context()).ErrorCode, kerr.GroupMaxSizeReached)
	})
}

func TestOldVersionsJoinWithoutAnID(t *testing.T) {
	for version := range int16(4) {
		inBubble(t, group.Config{}, func(t *testing.T, w *world) {
			a := w.client()
			a.version = version
			resp := w.JoinGroup(t.Context(), nil, a.joinRequest())
			code(t, "join", resp.ErrorCode, nil)
			if resp.Protocol == nil || resp.MemberID == "" || resp.LeaderID != resp.MemberID || len(resp.Members) != 1 {
				t.Fatalf("%+v", resp)
			}
		})
	}
}

func TestPromisedIDsExpire(t *testing.T) {
	inBubble(t, group.Config{}, func(t *testing.T, w *world) {
		a := w.client()
		stable(t, a)
		ghost := w.client()
		id := w.JoinGroup(t.Context(), nil, ghost.joinRequest()).MemberID
		began := time.Now()
		a.mustJoin()() // waits for the ghost
		same(t, "wait", time.Since(began), 10*time.Second)
		ghost.id = id
		code(t, "late join", ghost.join(t.Context()).ErrorCode, kerr.UnknownMemberID)
	})
}

func TestANewGroupMayWaitForMore(t *testing.T) {
	inBubble(t, group.Config{InitialDelay: 3 * time.Second}, func(t *testing.T, w *world) {
		a, b := w.client(), w.client()
		began := time.Now()
		first := a.mustJoin()
		time.Sleep(2 * time.Second)
		second := b.mustJoin()
		same(t, "generation", first().Generation, 1)
		same(t, "generation", second().Generation, 1)
		same(t, "wait", time.Since(began), 5*time.Second)
	})
}
