package access

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/keyed"
)

// mechanismOf names the mechanism of a number of KIP-554, "" if there is none.
func mechanismOf(n int8) string {
	switch n {
	case 1:
		return mechanism256
	case 2:
		return mechanism512
	}
	return ""
}

// DescribeUserSCRAMCredentials answers which users have credentials; never what they are. Users of the settings are not
// among them.
func (a *Access) DescribeUserSCRAMCredentials(_ context.Context, c *Caller, req *kmsg.DescribeUserSCRAMCredentialsRequest) *kmsg.DescribeUserSCRAMCredentialsResponse {
	resp := req.ResponseKind().(*kmsg.DescribeUserSCRAMCredentialsResponse)
	if err := a.refused(c, kmsg.ACLOperationDescribe, false); err != nil {
		resp.ErrorCode, resp.ErrorMessage = text(err, "")
		for _, u := range req.Users {
			r := kmsg.DescribeUserSCRAMCredentialsResponseResult{User: u.Name}
			r.ErrorCode, r.ErrorMessage = resp.ErrorCode, resp.ErrorMessage
			resp.Results = append(resp.Results, r)
		}
		return resp
	}
	var names []string
	for _, u := range req.Users {
		names = append(names, u.Name)
	}
	if len(names) == 0 {
		names = a.users.list()
	}
	times := map[string]int{}
	for _, name := range names {
		times[name]++
	}
	done := map[string]bool{}
	for _, name := range names {
		if done[name] {
			continue
		}
		done[name] = true
		resp.Results = append(resp.Results, a.describeUser(name, times[name] > 1))
	}
	return resp
}

func (a *Access) describeUser(name string, twice bool) kmsg.DescribeUserSCRAMCredentialsResponseResult {
	r := kmsg.DescribeUserSCRAMCredentialsResponseResult{User: name}
	if twice {
		r.ErrorCode, r.ErrorMessage = text(kerr.DuplicateResource, "Cannot describe SCRAM credentials for the same user twice in a single request: "+cut(name))
		return r
	}
	for n := int8(1); n <= 2; n++ {
		if cred, ok := a.users.get(userKey{name, mechanismOf(n)}); ok {
			r.CredentialInfos = append(r.CredentialInfos, kmsg.DescribeUserSCRAMCredentialsResponseResultCredentialInfo{
				Mechanism: n, Iterations: int32(cred.Iterations),
			})
		}
	}
	if len(r.CredentialInfos) == 0 {
		r.ErrorCode, r.ErrorMessage = text(kerr.ResourceNotFound, "Attempt to describe a user credential that does not exist: "+cut(name))
	}
	return r
}

// AlterUserSCRAMCredentials makes, replaces and deletes credentials. Where one of a user's changes is wrong, none of
// them happens.
func (a *Access) AlterUserSCRAMCredentials(ctx context.Context, c *Caller, req *kmsg.AlterUserSCRAMCredentialsRequest) *kmsg.AlterUserSCRAMCredentialsResponse {
	resp := req.ResponseKind().(*kmsg.AlterUserSCRAMCredentialsResponse)
	a.change.Lock()
	defer a.change.Unlock()
	alt := &alteration{a: a, at: map[string]int{}, resp: resp, changes: map[userKey]*credential{}}
	for _, d := range req.Deletions {
		alt.delete(&d)
	}
	for i := range req.Upsertions {
		alt.upsert(&req.Upsertions[i])
	}
	if err := a.refused(c, kmsg.ACLOperationAlter, false); err != nil {
		alt.failAll(err)
		return resp
	}
	var entries []keyed.Entry
	for key, cred := range alt.changes {
		if resp.Results[alt.at[key.user]].ErrorCode != 0 {
			delete(alt.changes, key)
			continue
		}
		e := entry(userWord, [2]string{key.user, key.mechanism}, nil)
		if cred != nil {
			e.Value = mustJSON(cred)
		}
		entries = append(entries, e)
	}
	if err := a.keep(ctx, entries); err != nil {
		alt.failAll(err)
		return resp
	}
	for key, cred := range alt.changes {
		a.users.set(key, cred)
	}
	return resp
}

// alteration collects the changes of one request.
type alteration struct {
	a       *Access
	resp    *kmsg.AlterUserSCRAMCredentialsResponse
	at      map[string]int // of the answer for a user in resp
	changes map[userKey]*credential
	added   int
}

func (alt *alteration) result(user string) *kmsg.AlterUserSCRAMCredentialsResponseResult {
	i, ok := alt.at[user]
	if !ok {
		i = len(alt.resp.Results)
		alt.at[user] = i
		alt.resp.Results = append(alt.resp.Results, kmsg.AlterUserSCRAMCredentialsResponseResult{User: user})
	}
	return &alt.resp.Results[i]
}

func (alt *alteration) failAll(err error) {
	for i := range alt.resp.Results {
		alt.resp.Results[i].ErrorCode, alt.resp.Results[i].ErrorMessage = text(err, "")
	}
}

// begin checks what deletions and upsertions have in common.
func (alt *alteration) begin(user string, number int8) (key userKey, ok bool) {
	res := alt.result(user)
	key = userKey{user, mechanismOf(number)}
	_, twice := alt.changes[key]
	switch {
	case user == "":
		res.ErrorCode, res.ErrorMessage = text(kerr.UnacceptableCredential, "Username must not be empty")
	case len(user) > maxName || !validName(user):
		res.ErrorCode, res.ErrorMessage = text(kerr.UnacceptableCredential, "a user's name has up to 1024 bytes of UTF-8")
	case key.mechanism == "":
		res.ErrorCode, res.ErrorMessage = text(kerr.UnsupportedSaslMechanism, "Unknown SCRAM mechanism")
	case twice:
		res.ErrorCode, res.ErrorMessage = text(kerr.DuplicateResource, "A user credential cannot be altered twice in the same request")
	default:
		return key, true
	}
	return key, false
}

func (alt *alteration) delete(d *kmsg.AlterUserSCRAMCredentialsRequestDeletion) {
	key, ok := alt.begin(d.Name, d.Mechanism)
	if !ok {
		return
	}
	alt.changes[key] = nil
	if _, there := alt.a.users.get(key); !there {
		res := alt.result(d.Name)
		res.ErrorCode, res.ErrorMessage = text(kerr.ResourceNotFound, "Attempt to delete a user credential that does not exist")
	}
}

func (alt *alteration) upsert(u *kmsg.AlterUserSCRAMCredentialsRequestUpsertion) {
	key, ok := alt.begin(u.Name, u.Mechanism)
	if !ok {
		return
	}
	res, why := alt.result(u.Name), ""
	size := hashOf(key.mechanism)().Size()
	_, there := alt.a.users.get(key)
	switch {
	case u.Iterations < minIterations:
		why = "Too few iterations"
	case u.Iterations > maxIterations:
		why = "Too many iterations"
	case len(u.Salt) == 0 || len(u.Salt) > 1024:
		why = "The salt has to have 1 to 1024 bytes"
	case len(u.SaltedPassword) != size:
		why = "The salted password does not have the length of the mechanism's hash"
	case !there && alt.a.users.count()+alt.added >= maxUsers:
		res.ErrorCode, res.ErrorMessage = text(kerr.PolicyViolation, "there are too many users")
		return
	}
	if why != "" {
		res.ErrorCode, res.ErrorMessage = text(kerr.UnacceptableCredential, why)
		return
	}
	if !there {
		alt.added++
	}
	cred := newCredential(key.mechanism, u.Salt, u.SaltedPassword, int(u.Iterations))
	alt.changes[key] = &cred
}
