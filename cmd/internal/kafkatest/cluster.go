package kafkatest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/segmentio/kafka-go"
)

// The user that every broker knows, for PLAIN and both SCRAMs.
const (
	User     = "app"
	Password = "app-secret"
)

// Versions are those of Apache Kafka that the project is tested with.
func Versions() []string { return []string{"4.3.1", "3.9.1"} }

// Cluster is a running Kafka of one or more brokers, each controller too. Its
// methods are for one goroutine.
type Cluster struct {
	CAFile  string // certificate of the authority that signed the brokers'
	dir     string
	jars    string
	brokers []*broker
}

type broker struct {
	id                                int
	internal, plain, sasl, controller int // ports
	cmd                               *exec.Cmd
	exited                            chan struct{} // closed when cmd has ended
	config, logFile                   string
}

// Start starts a cluster that keeps its files in dir, and returns when every
// broker takes connections.
func Start(ctx context.Context, version string, brokers int, dir string) (*Cluster, error) {
	for _, tool := range []string{"java", "mvn"} {
		if _, err := exec.LookPath(tool); err != nil {
			return nil, fmt.Errorf("a real Kafka needs Java 17 and Maven: %w", err)
		}
	}
	libs, err := jars(ctx, version)
	if err != nil {
		return nil, err
	}
	c := &Cluster{dir: dir, jars: libs, CAFile: filepath.Join(dir, "ca.pem")}
	if err := WriteCertificates(c.CAFile, filepath.Join(dir, "broker.pem")); err != nil {
		return nil, err
	}
	for _, name := range []string{"log4j.properties", "log4j2.properties"} {
		b, err := testdata.ReadFile("testdata/" + name)
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			return nil, err
		}
	}
	ports, err := freePorts(4 * brokers)
	if err != nil {
		return nil, err
	}
	for i := range brokers {
		c.brokers = append(c.brokers, &broker{
			id: i + 1, internal: ports[4*i], plain: ports[4*i+1], sasl: ports[4*i+2], controller: ports[4*i+3],
			config:  filepath.Join(dir, fmt.Sprintf("broker-%d.properties", i+1)),
			logFile: filepath.Join(dir, fmt.Sprintf("broker-%d.log", i+1)),
		})
	}
	id, err := c.java(ctx, "kafka.tools.StorageTool", "random-uuid")
	if err != nil {
		return nil, err
	}
	for _, b := range c.brokers {
		if err := os.WriteFile(b.config, []byte(c.properties(b)), 0o644); err != nil {
			return nil, err
		}
		if _, err := c.java(ctx, "kafka.tools.StorageTool", "format", "-t", strings.TrimSpace(id), "-c", b.config,
			"--add-scram", "SCRAM-SHA-512=[name="+User+",password="+Password+"]",
			"--add-scram", "SCRAM-SHA-256=[name="+User+",password="+Password+"]"); err != nil {
			return nil, err
		}
	}
	// All of them before the first is waited for: none opens its port before
	// there is a quorum.
	for _, b := range c.brokers {
		if err := c.launch(b); err != nil {
			c.Stop()
			return nil, err
		}
	}
	for _, b := range c.brokers {
		if err := b.wait(ctx); err != nil {
			c.Stop()
			return nil, err
		}
	}
	return c, nil
}

// Plain returns the addresses of the listeners without TLS and SASL.
func (c *Cluster) Plain() []string {
	return c.addresses(func(b *broker) int { return b.plain })
}

// SASL returns the addresses of the SASL_SSL listeners.
func (c *Cluster) SASL() []string {
	return c.addresses(func(b *broker) int { return b.sasl })
}

func (c *Cluster) addresses(port func(*broker) int) []string {
	var list []string
	for _, b := range c.brokers {
		list = append(list, address(port(b)))
	}
	return list
}

func address(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

// Client returns a client of the plain listeners.
func (c *Cluster) Client() *kafka.Client {
	return &kafka.Client{Addr: kafka.TCP(c.Plain()...), Timeout: 30 * time.Second}
}

// CreateTopic creates a topic and returns when every partition has a leader.
func (c *Cluster) CreateTopic(ctx context.Context, name string, partitions int) error {
	replicas := min(3, len(c.brokers))
	res, err := c.Client().CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{
		{Topic: name, NumPartitions: partitions, ReplicationFactor: replicas},
	}})
	if err != nil {
		return fmt.Errorf("creating topic %s: %w", name, err)
	}
	if err := res.Errors[name]; err != nil {
		return fmt.Errorf("creating topic %s: %w", name, err)
	}
	for {
		meta, err := c.Client().Metadata(ctx, &kafka.MetadataRequest{Topics: []string{name}})
		if err == nil && len(meta.Topics) == 1 && meta.Topics[0].Error == nil && led(meta.Topics[0].Partitions, partitions) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("topic %s has no leaders: %w", name, errors.Join(ctx.Err(), err))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func led(partitions []kafka.Partition, n int) bool {
	for _, p := range partitions {
		if p.Error != nil {
			return false
		}
	}
	return len(partitions) == n
}

// Kill ends a broker, numbered from 1, as a crash does, and returns when it is gone.
func (c *Cluster) Kill(id int) error {
	b := c.brokers[id-1]
	if err := b.cmd.Process.Kill(); err != nil {
		return err
	}
	<-b.exited
	return nil
}

// Restart starts a broker that was killed, and returns when it takes connections.
func (c *Cluster) Restart(ctx context.Context, id int) error {
	b := c.brokers[id-1]
	if err := c.launch(b); err != nil {
		return err
	}
	return b.wait(ctx)
}

// Stop ends all brokers. Their data is of no use to anybody, so they are
// killed: an orderly shutdown takes seconds.
func (c *Cluster) Stop() {
	for _, b := range c.brokers {
		if b.cmd != nil && b.cmd.Process != nil {
			b.cmd.Process.Kill() // may have ended on its own: no error that matters
			<-b.exited
		}
	}
}

// Java runs a program of testdata, given by the name of its source file, with
// Kafka's own clients on the class path: for what Go's client cannot do.
func (c *Cluster) Java(ctx context.Context, program string, args ...string) error {
	source, err := testdata.ReadFile("testdata/" + program)
	if err != nil {
		return err
	}
	file := filepath.Join(c.dir, program)
	if err := os.WriteFile(file, source, 0o644); err != nil {
		return err
	}
	_, err = c.java(ctx, append([]string{file}, args...)...)
	return err
}

func (c *Cluster) java(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "java", append([]string{"-cp", c.jars + "/*"}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s%s", strings.Join(args, " "), err, out, stderr.Bytes())
	}
	return string(out), nil
}

func (c *Cluster) launch(b *broker) error {
	log, err := os.OpenFile(b.logFile, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	b.cmd = exec.Command("java", "-Xms256m", "-Xmx512m", "-Djava.awt.headless=true",
		"-Dlog4j.configuration=file:"+filepath.Join(c.dir, "log4j.properties"),
		"-Dlog4j2.configurationFile="+filepath.Join(c.dir, "log4j2.properties"),
		"-cp", c.jars+"/*", "kafka.Kafka", b.config)
	b.cmd.Stdout, b.cmd.Stderr = log, log
	b.exited = make(chan struct{})
	// The broker ends with the test, even when the test is killed. The kernel
	// ties that to the thread that started it, so the goroutine keeps its thread
	// until the broker is gone.
	b.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func(cmd *exec.Cmd, exited chan struct{}) {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			cmd.Wait()
		}
		close(exited)
	}(b.cmd, b.exited)
	return <-started
}

func (b *broker) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for {
		conn, err := net.Dial("tcp", address(b.plain))
		if err == nil {
			return conn.Close()
		}
		select {
		case <-b.exited:
			return fmt.Errorf("broker %d ended\n%s", b.id, b.logTail())
		case <-ctx.Done():
			return fmt.Errorf("broker %d does not take connections: %w\n%s", b.id, ctx.Err(), b.logTail())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (b *broker) logTail() []byte {
	log, err := os.ReadFile(b.logFile)
	if err != nil {
		return nil
	}
	return log[max(0, len(log)-4096):]
}

// freePorts returns ports of the loopback address that are free now.
func freePorts(n int) ([]int, error) {
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close() // all are held until the last is known, so all differ
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}
