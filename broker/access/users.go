package access

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// users are names with passwords (of the settings) and with credentials (of requests).
type users struct {
	passwords map[string]string
	secret    []byte // what salts are made of that must look the same each time

	mu     sync.RWMutex
	stored map[userKey]credential
	// derived are credentials of passwords, made when first asked for: it takes a millisecond each.
	derived map[userKey]credential
}

type userKey struct{ user, mechanism string }

func newUsers(passwords map[string]string) (*users, error) {
	for name, password := range passwords {
		if name == "" || password == "" || len(name) > maxName || !validName(name) {
			return nil, fmt.Errorf("user %q: a name has 1 to %d bytes, of UTF-8, and needs a password", name, maxName)
		}
	}
	return &users{
		passwords: passwords, secret: []byte(rand.Text()),
		stored: map[userKey]credential{}, derived: map[userKey]credential{},
	}, nil
}

// validName says whether a name can be kept.
func validName(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// checkPassword takes as long for a name that is not there.
func (u *users) checkPassword(user string, password []byte) bool {
	want, known := u.passwords[user]
	a, b := sha256.Sum256([]byte(want)), sha256.Sum256(password)
	same := subtle.ConstantTimeCompare(a[:], b[:]) == 1
	return same && known
}

// credential returns what a client is checked by. Where the user has none it is made up: the same salt each time, and
// known is false.
func (u *users) credential(user, mechanism string) (c credential, known bool, err error) {
	key := userKey{user, mechanism}
	u.mu.RLock()
	c, known = u.stored[key]
	if !known {
		c, known = u.derived[key]
	}
	u.mu.RUnlock()
	if known {
		return c, true, nil
	}
	h := hashOf(mechanism)
	salt := mac(h, u.secret, mechanism+" "+user)[:20]
	password, ok := u.passwords[user]
	if !ok {
		return credential{Salt: salt, Iterations: minIterations, StoredKey: mac(h, u.secret, user), ServerKey: salt}, false, nil
	}
	if c, err = credentialOf(mechanism, password, salt); err != nil {
		return c, false, err
	}
	u.mu.Lock()
	u.derived[key] = c
	u.mu.Unlock()
	return c, true, nil
}

// list returns the users with stored credentials, sorted, and those that have a password.
func (u *users) list() []string {
	u.mu.RLock()
	defer u.mu.RUnlock()
	var names []string
	for k := range u.stored {
		names = append(names, k.user)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (u *users) get(key userKey) (credential, bool) {
	u.mu.RLock()
	defer u.mu.RUnlock()
	c, ok := u.stored[key]
	return c, ok
}

func (u *users) count() int {
	u.mu.RLock()
	defer u.mu.RUnlock()
	return len(u.stored)
}

func (u *users) set(key userKey, c *credential) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if c == nil {
		delete(u.stored, key)
	} else {
		u.stored[key] = *c
	}
}
