package function

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"math/bits"
	"math/rand/v2"
	"net/url"
	"strconv"

	"millrace/fault"
	"millrace/schema"
	"millrace/vec"
)

// hashFunctions are digests and encodings.
func hashFunctions() []Scalar {
	str := stringType()
	return []Scalar{
		digest("MD5", "MD5('test') = '098f6bcd4621d373cade4e832627b4f6'", func(out, s []byte) []byte { h := md5.Sum(s); return appendHex(out, h[:], lowerHex) }),
		digest("SHA1", "SHA1('test') = 'a94a8fe5ccb19ba61c4c0873d391e987982fbbd3'", func(out, s []byte) []byte { h := sha1.Sum(s); return appendHex(out, h[:], lowerHex) }),
		digest("SHA224", "SHA224('test') = '90a3ed9e32b2aaf4c61c410eb925426119e1a9dc53d4286ade99a809'", func(out, s []byte) []byte { return appendSHA2(out, s, 224) }),
		digest("SHA256", "SHA256('test') = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'", func(out, s []byte) []byte { return appendSHA2(out, s, 256) }),
		digest("SHA384", "CHAR_LENGTH(SHA384('test')) = 96", func(out, s []byte) []byte { return appendSHA2(out, s, 384) }),
		digest("SHA512", "CHAR_LENGTH(SHA512('test')) = 128", func(out, s []byte) []byte { return appendSHA2(out, s, 512) }),
		{Name: "SHA2", Doc: "The SHA-2 digest of 224, 256, 384 or 512 bits, in hexadecimal digits.", Example: "SHA2('test', 256) = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'", Bind: bindSHA2},
		{Name: "TO_BASE64", Doc: "The text or binary in Base64.", Example: "TO_BASE64('hello world') = 'aGVsbG8gd29ybGQ='", Bind: bindBytes("TO_BASE64", func(out, s []byte) ([]byte, bool) { return base64.StdEncoding.AppendEncode(out, s), true })},
		{Name: "FROM_BASE64", Doc: "The text that is written in Base64; NULL if it is not.", Example: "FROM_BASE64('aGVsbG8gd29ybGQ=') = 'hello world'", Bind: bindBytes("FROM_BASE64", appendFromBase64)},
		{Name: "HEX", Doc: "An integer, or the bytes of a text, in hexadecimal digits.", Example: "HEX(20) = '14'", Bind: bindHex},
		nullable(simple("UNHEX", "The bytes that are written in hexadecimal digits; NULL if they are not.", "CAST(UNHEX('666F6F') AS STRING) = 'foo'", texts(1), schema.Of(schema.VarBinary), tryText(appendUnhex))),
		simple("BIN", "An integer in binary digits.", "BIN(4) = '100'", []schema.TypeID{schema.BigInt}, str, func(c *Call, args []*vec.Column, dst *vec.Column) error {
			return eachText(c, dst, func(out []byte, i int) ([]byte, error) {
				return strconv.AppendUint(out, uint64(args[0].I64[i]), 2), nil
			})
		}),
		simple("URL_ENCODE", "The text as a part of a form or query, application/x-www-form-urlencoded.", "URL_ENCODE('a b&c') = 'a+b%26c'", texts(1), str, text1(appendURL)),
		nullable(simple("URL_DECODE", "The text of a part of a form or query; NULL if it is none.", "URL_DECODE('a+b%26c') = 'a b&c'", texts(1), str, tryText(appendFromURL))),
		{Name: "UUID", Doc: "A random UUID (RFC 4122, version 4).", Example: "CHAR_LENGTH(UUID()) = 36", Volatile: true, Bind: bindUUID},
	}
}

// tryText is the kernel of a function from text to text that has no answer for some.
func tryText(f func(out, in []byte) ([]byte, bool)) Kernel {
	return func(c *Call, args []*vec.Column, dst *vec.Column) error {
		return eachText(c, dst, func(out []byte, i int) ([]byte, error) {
			at := len(out)
			out, ok := f(out, args[0].Bytes(i))
			if !ok {
				dst.SetNull(i, c.Rows.N)
				out = out[:at]
			}
			return out, nil
		})
	}
}

// bindBytes binds a function from a text or binary to a text.
func bindBytes(name string, f func(out, in []byte) ([]byte, bool)) func([]Arg) (*Overload, error) {
	return func(args []Arg) (*Overload, error) {
		if err := arity(name, args, 1, 1); err != nil {
			return nil, err
		}
		params := texts(1)
		if args[0].Type.IsBinary() {
			params[0] = schema.VarBinary
		}
		types, err := conform(name, args, params)
		if err != nil {
			return nil, err
		}
		return &Overload{Args: types, Result: as(stringType(), args[0]), Kernel: tryText(f)}, nil
	}
}

func digest(name, example string, f func(out, in []byte) []byte) Scalar {
	return Scalar{
		Name: name, Doc: "The " + name + " digest of a text or binary, in hexadecimal digits.", Example: example,
		Bind: bindBytes(name, func(out, in []byte) ([]byte, bool) { return f(out, in), true }),
	}
}

// appendSHA2 appends the digest of 224, 256, 384 or 512 bits.
func appendSHA2(out, s []byte, size int) []byte {
	switch size {
	case 224:
		h := sha256.Sum224(s)
		return appendHex(out, h[:], lowerHex)
	case 256:
		h := sha256.Sum256(s)
		return appendHex(out, h[:], lowerHex)
	case 384:
		h := sha512.Sum384(s)
		return appendHex(out, h[:], lowerHex)
	}
	h := sha512.Sum512(s)
	return appendHex(out, h[:], lowerHex)
}

func bindSHA2(args []Arg) (*Overload, error) {
	if err := arity("SHA2", args, 2, 2); err != nil {
		return nil, err
	}
	params := []schema.TypeID{schema.VarChar, schema.Int}
	if args[0].Type.IsBinary() {
		params[0] = schema.VarBinary
	}
	types, err := conform("SHA2", args, params)
	if err != nil {
		return nil, err
	}
	return &Overload{Args: types, Result: like(stringType(), args), Kernel: func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		return eachText(c, dst, func(out []byte, i int) ([]byte, error) {
			size := int(cols[1].I32[i])
			if size != 224 && size != 256 && size != 384 && size != 512 {
				return nil, fault.New(fault.Invalid, "SHA2: there is no digest of %d bits", size)
			}
			return appendSHA2(out, cols[0].Bytes(i), size), nil
		})
	}}, nil
}

func appendFromBase64(out, in []byte) ([]byte, bool) {
	out, err := base64.StdEncoding.AppendDecode(out, in)
	return out, err == nil
}

func bindHex(args []Arg) (*Overload, error) {
	if err := arity("HEX", args, 1, 1); err != nil {
		return nil, err
	}
	if args[0].Type.IsString() {
		return bindBytes("HEX", func(out, in []byte) ([]byte, bool) { return appendHex(out, in, upperHex), true })(args)
	}
	types, err := conform("HEX", args, []schema.TypeID{schema.BigInt})
	if err != nil {
		return nil, err
	}
	return &Overload{Args: types, Result: as(stringType(), args[0]), Kernel: func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		return eachText(c, dst, func(out []byte, i int) ([]byte, error) {
			v := uint64(cols[0].I64[i])
			for shift := (bits.Len64(v|1) - 1) &^ 3; shift >= 0; shift -= 4 {
				out = append(out, upperHex[v>>uint(shift)&15])
			}
			return out, nil
		})
	}}, nil
}

func appendUnhex(out, in []byte) ([]byte, bool) {
	if len(in)%2 == 1 {
		// Flink checks a digit that is left over and writes 0 for it.
		if _, err := hex.DecodeString("0" + string(in[:1])); err != nil {
			return out, false
		}
		out, in = append(out, 0), in[1:]
	}
	out, err := hex.AppendDecode(out, in)
	return out, err == nil
}

// appendURL is Java's URLEncoder: letters, digits and .-*_ stay, a blank is a plus sign.
func appendURL(out, in []byte) []byte {
	for _, c := range in {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', isDigit(c), c == '.', c == '-', c == '*', c == '_':
			out = append(out, c)
		case c == ' ':
			out = append(out, '+')
		default:
			out = append(out, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return out
}

func appendFromURL(out, in []byte) ([]byte, bool) {
	s, err := url.QueryUnescape(string(in))
	return append(out, s...), err == nil
}

func bindUUID(args []Arg) (*Overload, error) {
	if err := arity("UUID", args, 0, 0); err != nil {
		return nil, err
	}
	kernel := func(c *Call, _ []*vec.Column, dst *vec.Column) error {
		return eachText(c, dst, func(out []byte, _ int) ([]byte, error) {
			hi := rand.Uint64()&^0xF000 | 0x4000
			lo := rand.Uint64()&^(3<<62) | 1<<63
			var id [16]byte
			for i := range 8 {
				id[i], id[8+i] = byte(hi>>uint(56-8*i)), byte(lo>>uint(56-8*i))
			}
			for i, part := range [][]byte{id[:4], id[4:6], id[6:8], id[8:10], id[10:]} {
				if i > 0 {
					out = append(out, '-')
				}
				out = appendHex(out, part, lowerHex)
			}
			return out, nil
		})
	}
	return &Overload{Result: schema.Of(schema.Char).WithPrecision(36).Required(), Kernel: kernel}, nil
}
