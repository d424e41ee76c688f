package port

import (
	"net"
	"strconv"
	"testing"
)

func TestPortsAreFreeAndApart(t *testing.T) {
	seen := map[string]bool{}
	for range 50 {
		addr := Free(t)
		if seen[addr] {
			t.Fatalf("%s is given twice", addr)
		}
		seen[addr] = true
		n, err := strconv.Atoi(Of(addr))
		if err != nil || n < first || n >= last {
			t.Fatalf("%s: want a port of %d to %d", addr, first, last)
		}
		l, err := net.Listen("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
	}
}
