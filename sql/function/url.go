package function

import (
	"bytes"

	"millrace/vec"
)

// urlFunctions take URLs apart.
func urlFunctions() []Scalar {
	return []Scalar{{
		Name: "PARSE_URL", Bind: bindParseURL, Example: "PARSE_URL('http://me@host:80/path?a=1#top', 'QUERY', 'a') = '1'",
		Doc: "A part of a URL: PROTOCOL, AUTHORITY, USERINFO, HOST, FILE, PATH, QUERY or REF; with a key, its value in the QUERY. NULL if there is none.",
	}}
}

func bindParseURL(args []Arg) (*Overload, error) {
	if err := arity("PARSE_URL", args, 2, 3); err != nil {
		return nil, err
	}
	types, err := conform("PARSE_URL", args, texts(3))
	if err != nil {
		return nil, err
	}
	return &Overload{Args: types, Result: stringType(), Kernel: func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		return eachText(c, dst, func(out []byte, i int) ([]byte, error) {
			part := cols[1].Bytes(i)
			value, ok := urlPart(cols[0].Bytes(i), part)
			if ok && len(cols) == 3 {
				value, ok = queryValue(value, cols[2].Bytes(i))
				ok = ok && string(part) == "QUERY"
			}
			if !ok {
				dst.SetNull(i, c.Rows.N)
			}
			return append(out, value...), nil
		})
	}}, nil
}

// urlPart returns the named part of a URL, as java.net.URL has it.
func urlPart(s, part []byte) ([]byte, bool) {
	protocol, rest, _ := bytes.Cut(s, []byte(":"))
	if !knownProtocol(protocol) {
		return nil, false
	}
	rest, ref, hasRef := bytes.Cut(rest, []byte("#"))
	var authority []byte
	if after, ok := bytes.CutPrefix(rest, []byte("//")); ok {
		end := bytes.IndexAny(after, "/?")
		if end < 0 {
			end = len(after)
		}
		authority, rest = after[:end], after[end:]
	}
	path, query, hasQuery := bytes.Cut(rest, []byte("?"))
	user, host, hasUser := bytes.Cut(authority, []byte("@"))
	if !hasUser {
		user, host = nil, authority
	}
	if port := bytes.LastIndexByte(host, ':'); port >= 0 {
		host = host[:port]
	}
	switch string(part) {
	case "PROTOCOL":
		return protocol, true
	case "AUTHORITY":
		return authority, len(authority) > 0
	case "USERINFO":
		return user, hasUser
	case "HOST":
		return host, true
	case "FILE":
		return rest, true
	case "PATH":
		return path, true
	case "QUERY":
		return query, hasQuery
	case "REF":
		return ref, hasRef
	}
	return nil, false
}

// knownProtocol reports whether java.net.URL takes a protocol; the others are no URL for it.
func knownProtocol(protocol []byte) bool {
	for _, known := range []string{"http", "https", "ftp", "file", "jar", "mailto"} {
		if len(known) == len(protocol) && bytes.EqualFold(protocol, []byte(known)) {
			return true
		}
	}
	return false
}

// queryValue returns the value of the first key of that name in a query.
func queryValue(query, key []byte) ([]byte, bool) {
	for len(query) > 0 {
		var pair []byte
		pair, query, _ = bytes.Cut(query, []byte("&"))
		if name, value, ok := bytes.Cut(pair, []byte("=")); ok && bytes.Equal(name, key) {
			return value, true
		}
	}
	return nil, false
}
