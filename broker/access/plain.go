package access

import (
	"bytes"
	"errors"
)

// plain is the mechanism PLAIN (RFC 4616): one token, an identity to act for, a name and a password, a zero byte between
// them.
type plain struct{ users *users }

func (p *plain) step(token []byte) (answer []byte, user string, err error) {
	parts := bytes.Split(token, []byte{0})
	switch {
	case len(parts) != 3:
		return nil, "", errors.New("the token is not of three parts")
	case len(parts[1]) == 0 || len(parts[2]) == 0:
		return nil, "", errors.New("no name or no password")
	case len(parts[0]) > 0 && !bytes.Equal(parts[0], parts[1]):
		return nil, "", errors.New("the client wants to act for another user")
	case !p.users.checkPassword(string(parts[1]), parts[2]):
		return nil, "", errCredentials
	}
	return []byte{}, string(parts[1]), nil
}
