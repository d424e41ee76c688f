package serve

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/access"
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

// authenticate answers SaslAuthenticate; that it failed, only after a while, so that nobody tries many passwords (connection.failed.authentication.delay.ms).
func authenticate(ctx context.Context, c *conn, req kmsg.Request) kmsg.Response {
	if c.who == nil {
		resp := kmsg.NewPtrSASLAuthenticateResponse()
		resp.ErrorCode = kerr.IllegalSaslState.Code
		resp.ErrorMessage = kmsg.StringPtr("this connection does not authenticate by SASL")
		return resp
	}
	resp := c.who.Authenticate(req.(*kmsg.SASLAuthenticateRequest))
	if resp.ErrorCode != 0 {
		held := time.NewTimer(access.FailureDelay)
		defer held.Stop()
		select {
		case <-held.C:
		case <-ctx.Done():
		}
	}
	return resp
}
