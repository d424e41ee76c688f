package config

import (
	"errors"
	"fmt"
	"time"

	"millrace/telemetry"
)

// Broker says how the embedded broker runs. With a cluster (Kafka.Bootstrap) it does not.
type Broker struct {
	Advertise string `yaml:"advertise"` // what clients are told to connect to; empty: kafka.listen, or the name of the machine
	// Flush is when records are acknowledged: always (they are on the disk), interval (they are so within FlushInterval), system
	// (when the system sees fit). A kill of the process takes nothing in any of them.
	Flush         string       `yaml:"flush"`
	FlushInterval Duration     `yaml:"flush_interval"`
	Retain        Size         `yaml:"retain"`   // of all topics together; 0: what the topics say
	Segment       Size         `yaml:"segment"`  // the size of one file of a log
	MinFree       Size         `yaml:"min_free"` // on the disk: below it records are refused
	AcceptLoss    bool         `yaml:"accept_loss"`
	Connections   int          `yaml:"connections"` // of clients
	TLS           BrokerTLS    `yaml:"tls"`
	Users         []BrokerUser `yaml:"users"`      // who may connect, by SASL; empty: nobody is asked
	Superusers    []string     `yaml:"superusers"` // whom no ACL binds
	ACLs          Switch       `yaml:"acls"`       // on: what no ACL allows is refused
}

// BrokerTLS is the certificate of the embedded broker; without one it speaks plain TCP.
type BrokerTLS struct {
	CertFile     string `yaml:"cert_file"`
	KeyFile      string `yaml:"key_file"`
	ClientCAFile string `yaml:"client_ca_file"` // clients must show a certificate of one of these; it names the user
}

// BrokerUser is a user of the embedded broker. Exactly one of Password and PasswordFile is given; Load reads the file.
type BrokerUser struct {
	Name         string           `yaml:"name"`
	Password     telemetry.Secret `yaml:"password"`
	PasswordFile string           `yaml:"password_file"`
}

// The policies of Broker.Flush.
var flushPolicies = []string{"always", "interval", "system"}

func defaultBroker() Broker {
	return Broker{
		Flush: "always", FlushInterval: Duration(time.Second), Retain: 8 << 30, Segment: 64 << 20, MinFree: 256 << 20,
		Connections: 10_000, ACLs: Off,
	}
}

func (b *Broker) check(listen string, insecure bool) (errs []error) {
	if b.Advertise != "" {
		errs = append(errs, checkAddress("broker.advertise", b.Advertise))
	}
	errs = append(errs, oneOf("broker.flush", b.Flush, flushPolicies))
	if d := b.FlushInterval.Std(); d < 10*time.Millisecond || d > time.Hour {
		errs = append(errs, fmt.Errorf("broker.flush_interval: %s is not between 10 ms and 1 h", b.FlushInterval))
	}
	if b.Segment < 1<<20 || b.Segment > 1<<30 {
		errs = append(errs, fmt.Errorf("broker.segment: %s is not between 1 mb and 1 gb", b.Segment))
	}
	if b.Retain != 0 && b.Retain < b.Segment {
		errs = append(errs, fmt.Errorf("broker.retain: %s is less than one segment of %s", b.Retain, b.Segment))
	}
	if b.Connections < 10 || b.Connections > 1_000_000 {
		errs = append(errs, fmt.Errorf("broker.connections: %d is not between 10 and 1000000", b.Connections))
	}
	if (b.TLS.CertFile == "") != (b.TLS.KeyFile == "") || b.TLS.ClientCAFile != "" && b.TLS.CertFile == "" {
		errs = append(errs, errors.New("broker.tls: cert_file and key_file belong together, and client_ca_file needs both"))
	}
	names := map[string]bool{}
	for i, u := range b.Users {
		at := fmt.Sprintf("broker.users[%d]", i)
		switch {
		case u.Name == "":
			errs = append(errs, fmt.Errorf("%s: give it a name", at))
		case names[u.Name]:
			errs = append(errs, fmt.Errorf("%s: the name %q is taken", at, u.Name))
		case len(u.Password) < minTokenBytes:
			errs = append(errs, fmt.Errorf("%s: a password has at least %d characters; openssl rand -hex 16 makes one", at, minTokenBytes))
		}
		names[u.Name] = true
	}
	if checkAddress("", listen) == nil && !Loopback(listen) && len(b.Users) == 0 && b.TLS.ClientCAFile == "" && !insecure {
		errs = append(errs, fmt.Errorf("kafka.listen: %s can be reached from other machines, and without broker.users anyone could read and "+
			"write: configure users, listen on 127.0.0.1, or say insecure: true", listen))
	}
	if b.ACLs == On && len(b.Superusers) == 0 {
		errs = append(errs, errors.New("broker.acls: name superusers, or nobody could give anyone a right"))
	}
	return errs
}
