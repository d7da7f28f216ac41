package cli_test

import (
	"strings"
	"testing"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/regtrap/regtrap/schemas"
)

func topicRight(name string, op kmsg.ACLOperation) kfake.ACL {
	return kfake.ACL{Resource: kmsg.ACLResourceTypeTopic, Name: name, Pattern: kmsg.ACLResourcePatternTypeLiteral, Operation: op, Allow: true}
}

func groupRight(op kmsg.ACLOperation) kfake.ACL {
	return kfake.ACL{Resource: kmsg.ACLResourceTypeGroup, Name: busGroup, Pattern: kmsg.ACLResourcePatternTypeLiteral, Operation: op, Allow: true}
}

// Each command works with the rights that its page names, and says which is
// missing without one of them, in one line.
func TestOperatorsAreToldWhichRightIsMissing(t *testing.T) {
	const read, write, describe = kmsg.ACLOperationRead, kmsg.ACLOperationWrite, kmsg.ACLOperationDescribe
	dead := "regtrap.dead-letters"
	users := []struct {
		name   string
		rights []kfake.ACL
		args   string
		says   string // empty: it works
	}{
		{"show", []kfake.ACL{topicRight("winlog", read), groupRight(describe)}, "offsets show", ""},
		{"show-topic", []kfake.ACL{groupRight(describe)}, "offsets show", "topic winlog: this user may not read or describe the topic: grant READ and DESCRIBE on it"},
		{"show-group", []kfake.ACL{topicRight("winlog", read)}, "offsets show", "group regtrap: this user may not use the group: grant READ and DESCRIBE on it"},
		{"set", []kfake.ACL{topicRight("winlog", read), groupRight(read)}, "offsets set --to latest --apply", ""},
		{"set-group", []kfake.ACL{topicRight("winlog", read), groupRight(describe)}, "offsets set --to latest --apply", "group regtrap: this user may not use the group: grant READ and DESCRIBE on it"},
		{"list", []kfake.ACL{topicRight(dead, read)}, "dead-letters list", ""},
		{"list-topic", []kfake.ACL{topicRight(dead, describe)}, "dead-letters list", "topic regtrap.dead-letters, partition 0, offset 0: this user may not read or describe the topic: grant READ and DESCRIBE on it"},
		{"replay-topic", []kfake.ACL{topicRight(dead, read), topicRight(dead, write), topicRight("winlog", describe)}, "dead-letters replay --apply",
			"1 messages not acknowledged: topic winlog: this user may not write to it: grant WRITE and DESCRIBE on the topic: given up"},
		{"replay", []kfake.ACL{topicRight(dead, read), topicRight(dead, write), topicRight("winlog", write)}, "dead-letters replay --apply", ""},
		{"replay-receipt", []kfake.ACL{topicRight(dead, read), topicRight("winlog", write)}, "dead-letters replay --again --apply",
			"records were replayed, but not noted as such: they would be replayed again: 1 messages not acknowledged: topic regtrap.dead-letters: this user may not write to it: grant WRITE and DESCRIBE on the topic: given up"},
	}
	opts := []kfake.Opt{kfake.EnableSASL(), kfake.EnableACLs(), kfake.Superuser("PLAIN", "root", "root-secret")}
	for _, u := range users {
		opts = append(opts, kfake.User("PLAIN", u.name, "s3cret", u.rights...))
	}
	b := newBus(t, opts...)
	b.client.Transport.(*kafka.Transport).SASL = plain.Mechanism{Username: "root", Password: "root-secret"}
	b.letter(&schemas.DeadLetter{Reason: schemas.DeadInternal, Detail: "x", Topic: "winlog", Timestamp: monday, Version: "1", Value: []byte("{")})
	for _, u := range users {
		env := append(b.env, "REGTRAP_SASL_MECHANISM=PLAIN", "REGTRAP_SASL_USERNAME="+u.name, "REGTRAP_SASL_PASSWORD=s3cret")
		r := command(t.Context(), env, strings.Fields(u.args)...)
		if u.says == "" {
			if r.status != 0 || r.err != "" {
				t.Errorf("%s: %+v", u.name, r)
			}
			continue
		}
		if r.status != 1 || r.err != "regtrap: "+u.says+"\n" {
			t.Errorf("%s: %+v\nwant %s", u.name, r, u.says)
		}
	}
}
