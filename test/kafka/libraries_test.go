package kafka

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// libraries are the clients that play roles.
func libraries(java *javaClasses) []client {
	all := []string{"gzip", "snappy", "lz4", "zstd"}
	return []client{
		franz(),
		{
			name:    "confluent",
			command: func(t *testing.T) []string { return []string{python(t), "clients/confluent.py"} },
			codecs:  append([]string{""}, all...),
			groups:  [][2]string{{"classic", "range"}, {"classic", "cooperative-sticky"}, {"consumer", ""}},
		},
		{
			name:    "kafka-python",
			command: func(t *testing.T) []string { return []string{python(t), "clients/kafka_python.py"} },
			codecs:  []string{"", "gzip"}, // the others want modules of their own
			groups:  [][2]string{{"classic", ""}},
		},
		{
			name:    "java",
			command: func(t *testing.T) []string { return java.run(t, "Client") },
			codecs:  append([]string{""}, all...),
			groups:  [][2]string{{"classic", "org.apache.kafka.clients.consumer.CooperativeStickyAssignor"}, {"classic", ""}, {"consumer", ""}},
		},
	}
}

// javaClasses are the programs of clients/*.java, compiled once.
type javaClasses struct {
	dir  string
	once sync.Once
	err  error
	said []byte
}

// jars is the class path of Kafka's own jars.
func jars(t *testing.T) string {
	t.Helper()
	home, err := exec.Command(filepath.Join(root(), "test", "real", "kafka", "install.sh")).Output()
	if err != nil {
		t.Fatalf("install Kafka: %v: run make deps", err)
	}
	return filepath.Join(string(home[:len(home)-1]), "jars", "*")
}

// java is the start of a command line that runs a class of Kafka's jars and of clients. The processes are short, so
// they do without the better compiler.
func java(t *testing.T, classes string) []string {
	t.Helper()
	settings, err := filepath.Abs(filepath.Join("clients", "log4j2.properties"))
	if err != nil {
		t.Fatal(err)
	}
	return []string{
		"java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto",
		"-Dlog4j2.configurationFile=" + settings, "-cp", classes + string(os.PathListSeparator) + jars(t),
	}
}

// run is a command line that runs one of the programs.
func (j *javaClasses) run(t *testing.T, class string) []string {
	t.Helper()
	j.once.Do(func() {
		sources, err := filepath.Glob("clients/*.java")
		if err != nil {
			t.Fatal(err)
		}
		args := append([]string{"-proc:none", "-nowarn", "-cp", jars(t), "-d", j.dir}, sources...)
		j.said, j.err = exec.Command("javac", args...).CombinedOutput()
	})
	if j.err != nil {
		t.Fatalf("compile clients/*.java: %v: run make deps\n%s", j.err, j.said)
	}
	return append(java(t, j.dir), class)
}
