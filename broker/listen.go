package broker

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"syscall"

	"millrace/fault"
)

// listen opens the port. What clients are told to connect to is advertise, or the address itself.
func listen(addr, advertise string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		_, port, _ := net.SplitHostPort(addr)
		return nil, fault.New(fault.Conflict, "listen on %s: port %s is taken by another program", addr, port).
			WithHint("stop that program, or choose another port with --kafka HOST:PORT")
	}
	if err != nil {
		return nil, fmt.Errorf("listen for Kafka clients: %w", err)
	}
	told, err := advertised(l, advertise)
	if err != nil {
		l.Close()
		return nil, err
	}
	return told, nil
}

// advertised makes l tell an address that clients can connect to: a wildcard is none.
func advertised(l net.Listener, advertise string) (net.Listener, error) {
	own := l.Addr().(*net.TCPAddr)
	if advertise == "" {
		if !own.IP.IsUnspecified() {
			return l, nil
		}
		name, err := os.Hostname()
		if err != nil {
			return nil, fmt.Errorf("find the name of this machine to advertise: %w", err)
		}
		return named{l, hostPort(net.JoinHostPort(name, strconv.Itoa(own.Port)))}, nil
	}
	host, port, err := net.SplitHostPort(advertise)
	if n, perr := strconv.ParseUint(port, 10, 16); err != nil || host == "" || perr != nil {
		return nil, fault.New(fault.Invalid, "advertise %q: not HOST:PORT", advertise)
	} else if n == 0 {
		advertise = net.JoinHostPort(host, strconv.Itoa(own.Port))
	}
	return named{l, hostPort(advertise)}, nil
}

// named is a listener that says another address than its own.
type named struct {
	net.Listener
	addr hostPort
}

// Addr returns the address that is told to clients.
func (n named) Addr() net.Addr { return n.addr }

type hostPort string

// Network returns "tcp".
func (hostPort) Network() string { return "tcp" }

// String returns host and port.
func (a hostPort) String() string { return string(a) }

// shown are the settings of the broker that its clients may read, by Kafka's names.
func (b *Broker) shown(host string, port int32) map[string]string {
	protocol := "PLAINTEXT"
	switch sasl := b.cfg.Access.SASL; {
	case sasl && b.cfg.TLS != nil:
		protocol = "SASL_SSL"
	case sasl:
		protocol = "SASL_PLAINTEXT"
	case b.cfg.TLS != nil:
		protocol = "SSL"
	}
	return map[string]string{
		"listeners":            protocol + "://" + b.cfg.Listen,
		"advertised.listeners": fmt.Sprintf("%s://%s", protocol, net.JoinHostPort(host, strconv.Itoa(int(port)))),
		"max.connections":      strconv.Itoa(b.cfg.Connections),
	}
}
