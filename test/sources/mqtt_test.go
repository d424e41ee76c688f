package sources

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"millrace/internal/port"
)

// TestMQTT collects with QoS 1 and MQTT 5, and with QoS 2 and MQTT 3.1.1, what mosquitto_pub sends to a Mosquitto that asks
// for a password.
func TestMQTT(t *testing.T) {
	t.Parallel()
	broker := startMosquitto(t)
	flow := func(name, protocol, qos string) *flow {
		return &flow{
			name: name, connector: "mqtt", once: qos == "2",
			options: map[string]string{
				"servers": broker.addr, "user": "millrace", "password": "right", "topics": name + "/+/state", "topic": name, "qos": qos, "protocol": protocol,
			},
			publish: func(from, upto int) error {
				return broker.publish(lines(from, upto), "-t", name+"/a/state", "-q", qos, "-l")
			},
			bad: func() error {
				return broker.publish(tooLarge(), "-t", name+"/a/state", "-q", qos, "-s")
			},
			bads: 1, reason: "the record has",
			preview: map[string]string{"topics": "kept/+"},
			wrong: []wrong{
				{map[string]string{"password": "not-this-one"}, "'password'"},
				{map[string]string{"servers": port.Free(t)}, "connection refused"},
			},
		}
	}
	// What is retained is there for a preview whenever it comes.
	for id := range 3 {
		if err := broker.publish(line(id), "-t", fmt.Sprint("kept/", id), "-q", "1", "-r", "-s"); err != nil {
			t.Fatal(err)
		}
	}
	atLeast, exactly := flow("meters", "5", "1"), flow("switches", "3.1.1", "2")
	exactly.byAPI = true
	collect(t, broker, atLeast, exactly)
}

type mosquitto struct {
	*program
	addr string
}

func startMosquitto(t *testing.T) mosquitto {
	t.Helper()
	addr, dir := port.Free(t), t.TempDir()
	user := "nobody"
	if os.Getuid() == 0 {
		user = "root" // the folder is ours
	}
	passwords := filepath.Join(dir, "passwords")
	if err := client("", "mosquitto_passwd", "-c", "-b", passwords, "millrace", "right"); err != nil {
		t.Fatal(err)
	}
	conf := filepath.Join(dir, "mosquitto.conf")
	write(t, conf, fmt.Sprintf("listener %s 127.0.0.1\nuser %s\npersistence true\npersistence_location %s/\nmax_queued_messages 0\nset_tcp_nodelay true\nallow_anonymous false\npassword_file %s\n",
		port.Of(addr), user, dir, passwords))
	return mosquitto{serve(t, &program{path: "mosquitto", args: []string{"-c", conf}, signal: syscall.SIGTERM, up: answers(addr)}), addr}
}

func (m mosquitto) publish(stdin string, args ...string) error {
	return client(stdin, "mosquitto_pub", append([]string{"-h", "127.0.0.1", "-p", port.Of(m.addr), "-u", "millrace", "-P", "right"}, args...)...)
}
