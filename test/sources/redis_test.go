package sources

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"millrace/internal/port"
)

// TestRedis reads a stream by its ids, and one as a member of a group, that redis-cli adds to.
func TestRedis(t *testing.T) {
	t.Parallel()
	addr, dir := port.Free(t), t.TempDir()
	redis := serve(t, &program{
		path: "redis-server", signal: syscall.SIGKILL, up: func() error {
			return client("", "redis-cli", "-h", "127.0.0.1", "-p", port.Of(addr), "-a", "right", "--no-auth-warning", "-e", "PING") // while it loads, that is an error
		},
		args: []string{
			"--port", port.Of(addr), "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes", "--appendfsync", "everysec",
			"--requirepass", "right", "--dir", dir, "--proto-max-bulk-len", "100mb",
		},
	})
	cli := []string{"-h", "127.0.0.1", "-p", port.Of(addr), "-a", "right", "--no-auth-warning", "--pipe"}
	flow := func(name string) *flow {
		return &flow{
			name: name, connector: "redis", once: true, lag: true,
			options: map[string]string{"servers": addr, "password": "right", "streams": name, "topic": name},
			publish: func(from, upto int) error {
				var b strings.Builder
				for id := from; id < upto; id++ {
					fmt.Fprintf(&b, "XADD %s * id %d device d%d note 'a reading of some length'\r\n", name, id, id%40)
				}
				return client(b.String(), "redis-cli", cli...)
			},
			bad: func() error {
				return client(tooLarge(), "redis-cli", append(slices.Clone(cli[:len(cli)-1]), "-x", "XADD", name, "*", "note")...)
			},
			bads: 1, reason: "the record has",
			wrong: []wrong{
				{map[string]string{"password": "not-this-one"}, "'password'"},
				{map[string]string{"servers": port.Free(t)}, "connection refused"},
				{map[string]string{"streams": "none"}, "no stream none"},
			},
		}
	}
	byID, asMember := flow("readings"), flow("orders")
	asMember.byAPI, asMember.options["group"] = true, "millrace"
	collect(t, redis, byID, asMember)
}
