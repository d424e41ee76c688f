package serve

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// handshake answers SaslHandshake. A connection that need not say who it is may not.
func handshake(_ context.Context, c *conn, req kmsg.Request) kmsg.Response {
	if c.who == nil {
		resp := kmsg.NewPtrSASLHandshakeResponse()
		resp.ErrorCode = kerr.IllegalSaslState.Code
		return resp
	}
	return c.who.Handshake(req.(*kmsg.SASLHandshakeRequest))
}

// authenticate answers SaslAuthenticate.
func authenticate(_ context.Context, c *conn, req kmsg.Request) kmsg.Response {
	if c.who == nil {
		resp := kmsg.NewPtrSASLAuthenticateResponse()
		resp.ErrorCode = kerr.IllegalSaslState.Code
		resp.ErrorMessage = kmsg.StringPtr("this connection does not authenticate by SASL")
		return resp
	}
	return c.who.Authenticate(req.(*kmsg.SASLAuthenticateRequest))
}
