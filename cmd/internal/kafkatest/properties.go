package kafkatest

import (
	"fmt"
	"path/filepath"
	"strings"
)

// properties is the configuration of one broker: combined roles and static
// voters, which both 3.9 and 4.x read.
func (c *Cluster) properties(b *broker) string {
	var voters []string
	for _, v := range c.brokers {
		voters = append(voters, fmt.Sprintf("%d@%s", v.id, address(v.controller)))
	}
	replicas, inSync := 1, 1
	if len(c.brokers) >= 3 {
		replicas, inSync = 3, 2
	}
	listeners := fmt.Sprintf("INTERNAL://%s,PLAIN://%s,SASL://%s", address(b.internal), address(b.plain), address(b.sasl))
	const scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
	lines := []string{
		"process.roles=broker,controller",
		fmt.Sprintf("node.id=%d", b.id),
		"controller.quorum.voters=" + strings.Join(voters, ","),
		"controller.listener.names=CONTROLLER",
		"inter.broker.listener.name=INTERNAL",
		"listeners=" + listeners + ",CONTROLLER://" + address(b.controller),
		"advertised.listeners=" + listeners,
		"listener.security.protocol.map=INTERNAL:PLAINTEXT,PLAIN:PLAINTEXT,SASL:SASL_SSL,CONTROLLER:PLAINTEXT",
		"listener.name.sasl.sasl.enabled.mechanisms=SCRAM-SHA-512,SCRAM-SHA-256,PLAIN",
		"listener.name.sasl.scram-sha-512.sasl.jaas.config=" + scram,
		"listener.name.sasl.scram-sha-256.sasl.jaas.config=" + scram,
		"listener.name.sasl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_" + User + `="` + Password + `";`,
		"listener.name.sasl.ssl.keystore.type=PEM",
		"listener.name.sasl.ssl.keystore.location=" + filepath.Join(c.dir, "broker.pem"),
		"listener.name.sasl.ssl.client.auth=none",
		fmt.Sprintf("log.dirs=%s", filepath.Join(c.dir, fmt.Sprintf("data-%d", b.id))),
		fmt.Sprintf("broker.rack=rack-%d", b.id),
		fmt.Sprintf("default.replication.factor=%d", replicas),
		fmt.Sprintf("min.insync.replicas=%d", inSync),
		fmt.Sprintf("offsets.topic.replication.factor=%d", replicas),
		"offsets.topic.num.partitions=5",
		fmt.Sprintf("transaction.state.log.replication.factor=%d", replicas),
		fmt.Sprintf("transaction.state.log.min.isr=%d", inSync),
		"transaction.state.log.num.partitions=3",
		"group.initial.rebalance.delay.ms=0",
		"group.min.session.timeout.ms=1000",
		"auto.create.topics.enable=false",
		"num.network.threads=2",
		"num.io.threads=2",
		"log.cleaner.dedupe.buffer.size=4194304",
	}
	return strings.Join(lines, "\n") + "\n"
}
