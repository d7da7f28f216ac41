package pipeline_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/regtrap/regtrap/rules"
)

// sender writes what one of the other senders on a bus writes, number i.
type sender struct {
	name  string
	write func(i int, rng *rand.Rand) []byte
}

// otherSources write no registry event. Field order, nesting and length are
// those of the real senders, hosts and users invented.
func otherSources() []sender {
	return []sender{
		{"defend_process", defendProcess},
		{"defend_network", defendNetwork},
		{"auditd", auditd},
		{"syslog_json", syslogJSON},
		{"filebeat_syslog", filebeatSyslog},
		{"kubernetes", kubernetes},
		{"zeek_conn", zeekConn},
		{"zeek_http", zeekHTTP},
	}
}

// aSource is record i of a bus of all other sources.
func aSource(i int) []byte {
	s := otherSources()
	return s[i/4%len(s)].write(i, random(i))
}

func random(i int) *rand.Rand { return rand.New(rand.NewPCG(uint64(i), 0x7265677472617031)) }

// sourceCorpora gives each source a corpus of n records, and all of them together one with
// a registry event among fifty records.
func sourceCorpora(tb testing.TB, pack *rules.Snapshot, n int) []*corpus {
	tb.Helper()
	all := &corpus{name: "all_mixed", invented: true}
	var list []*corpus
	for _, s := range otherSources() {
		c := &corpus{name: s.name, invented: true}
		for i := range n {
			c.add(s.write(i, random(i)), tally{})
		}
		list = append(list, c.ready(tb, pack))
	}
	registryEvents := registryFeed()
	for i := range n {
		for k := range list {
			all.add(list[k].records[i], tally{})
			if (i*len(list)+k)%50 == 0 {
				r := registryEvents()
				all.add(r.Value, found(r))
			}
		}
	}
	return append(list, all.ready(tb, pack))
}

func at(i int) time.Time {
	return time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC).Add(time.Duration(i) * 173 * time.Millisecond)
}

func pick(rng *rand.Rand, list ...string) string { return list[rng.IntN(len(list))] }

func ip(rng *rand.Rand) string {
	return fmt.Sprintf("10.%d.%d.%d", rng.IntN(4), rng.IntN(256), 1+rng.IntN(254))
}

// hex is n random hexadecimal digits.
func hex(rng *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = "0123456789abcdef"[rng.IntN(16)]
	}
	return string(b)
}

func defendProcess(i int, rng *rand.Rand) []byte {
	stamp, n := at(i).Format(time.RFC3339Nano), 1+rng.IntN(60)
	program := pick(rng, "svchost.exe", "conhost.exe", "msedge.exe", "backgroundTaskHost.exe", "powershell.exe", "WmiPrvSE.exe")
	return fmt.Appendf(nil, `{"@timestamp":"%s","agent":{"id":"%s","type":"endpoint","version":"8.17.3"},"process":{"Ext":{"ancestry":["%s","%s","%s","%s"],"code_signature":[{"trusted":true,"subject_name":"Microsoft Windows","exists":true,"status":"trusted"}],"authentication_id":"0x3e7","token":{"integrity_level_name":"system","security_attributes":["TSA://ProcUnique"],"elevation_level":"default"},"session_info":{"id":0,"logon_type":"Service"}},"parent":{"args":["C:\\Windows\\system32\\services.exe"],"name":"services.exe","pid":%d,"args_count":1,"entity_id":"%s","command_line":"C:\\Windows\\system32\\services.exe","executable":"C:\\Windows\\System32\\services.exe","Ext":{"real":{"pid":%d},"user":"SYSTEM"}},"pe":{"file_version":"10.0.19041.1 (WinBuild.160101.0800)","product":"Microsoft\u00ae Windows\u00ae Operating System","imphash":"%s","company":"Microsoft Corporation","original_file_name":"%s"},"code_signature":{"trusted":true,"subject_name":"Microsoft Windows","exists":true,"status":"trusted"},"name":"%s","pid":%d,"args":["C:\\Windows\\system32\\%s","-k","netsvcs","-p","-s","Schedule"],"args_count":6,"entity_id":"%s","command_line":"C:\\Windows\\system32\\%s -k netsvcs -p -s Schedule","executable":"C:\\Windows\\System32\\%s","hash":{"sha1":"%s","sha256":"%s","md5":"%s"}},"message":"Endpoint process event","ecs":{"version":"8.10.0"},"data_stream":{"namespace":"default","type":"logs","dataset":"endpoint.events.process"},"elastic":{"agent":{"id":"%s"}},"host":{"hostname":"ws-%03d","os":{"Ext":{"variant":"Windows 11 Enterprise"},"kernel":"22H2 (10.0.22621.3155)","name":"Windows","family":"windows","type":"windows","version":"22H2 (10.0.22621.3155)","platform":"windows","full":"Windows 11 Enterprise 22H2 (10.0.22621.3155)"},"ip":["%s","127.0.0.1","::1"],"name":"ws-%03d","id":"7f0c","mac":["00-50-56-00-01-%02x"],"architecture":"x86_64"},"event":{"agent_id_status":"verified","sequence":%d,"ingested":"%s","created":"%s","kind":"event","module":"endpoint","action":"start","id":"%s","category":["process"],"type":["start"],"dataset":"endpoint.events.process","outcome":"unknown"},"user":{"domain":"NT AUTHORITY","name":"SYSTEM","id":"S-1-5-18"}}`,
		stamp, hex(rng, 32), hex(rng, 44), hex(rng, 44), hex(rng, 44), hex(rng, 44), 600+rng.IntN(200), hex(rng, 44), 600+rng.IntN(200), hex(rng, 32), program,
		program, 4*rng.IntN(4000), program, hex(rng, 44), program, program, hex(rng, 40), hex(rng, 64), hex(rng, 32), hex(rng, 32), n, ip(rng), n, n, i, stamp, stamp, hex(rng, 24))
}

func defendNetwork(i int, rng *rand.Rand) []byte {
	stamp, n := at(i).Format(time.RFC3339Nano), 1+rng.IntN(60)
	return fmt.Appendf(nil, `{"@timestamp":"%s","agent":{"id":"%s","type":"endpoint","version":"8.17.3"},"process":{"Ext":{"ancestry":["%s","%s"],"code_signature":[{"trusted":true,"subject_name":"Microsoft Corporation","exists":true,"status":"trusted"}]},"code_signature":{"trusted":true,"subject_name":"Microsoft Corporation","exists":true,"status":"trusted"},"name":"msedge.exe","pid":%d,"entity_id":"%s","executable":"C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe"},"destination":{"geo":{"continent_name":"Europe","country_iso_code":"AT","location":{"lon":16.37,"lat":48.21},"region_iso_code":"AT-9","city_name":"Vienna"},"as":{"number":64500,"organization":{"name":"EXAMPLE-AS"}},"address":"198.51.100.%d","port":443,"bytes":%d,"ip":"198.51.100.%d"},"source":{"address":"%s","port":%d,"bytes":%d,"ip":"%s"},"message":"Endpoint network event","network":{"transport":"tcp","type":"ipv4","direction":"egress","bytes":%d},"ecs":{"version":"8.10.0"},"data_stream":{"namespace":"default","type":"logs","dataset":"endpoint.events.network"},"host":{"hostname":"ws-%03d","os":{"Ext":{"variant":"Windows 11 Enterprise"},"kernel":"22H2 (10.0.22621.3155)","name":"Windows","family":"windows","type":"windows","version":"22H2 (10.0.22621.3155)","platform":"windows","full":"Windows 11 Enterprise 22H2 (10.0.22621.3155)"},"ip":["%s","127.0.0.1","::1"],"name":"ws-%03d","id":"7f0c","mac":["00-50-56-00-01-%02x"],"architecture":"x86_64"},"event":{"sequence":%d,"ingested":"%s","created":"%s","kind":"event","module":"endpoint","action":"disconnect_received","id":"%s","category":["network"],"type":["end"],"dataset":"endpoint.events.network"},"user":{"domain":"CORP","name":"%s","id":"S-1-5-21-1-2-3-%d"}}`,
		stamp, hex(rng, 32), hex(rng, 44), hex(rng, 44), 4*rng.IntN(4000), hex(rng, 44), 1+rng.IntN(254), rng.IntN(1<<20), 1+rng.IntN(254), ip(rng), 49152+rng.IntN(16000), rng.IntN(1<<16), ip(rng), rng.IntN(1<<20),
		n, ip(rng), n, n, i, stamp, stamp, hex(rng, 24), pick(rng, "ana", "ben", "chloe"), 1000+n)
}

func auditd(i int, rng *rand.Rand) []byte {
	n := 1 + rng.IntN(40)
	program := pick(rng, "curl", "bash", "python3", "systemctl", "sshd")
	return fmt.Appendf(nil, `{"@timestamp":"%s","@metadata":{"beat":"auditbeat","type":"_doc","version":"8.17.3"},"event":{"module":"auditd","kind":"event","category":["process"],"type":["start"],"action":"executed","outcome":"success"},"user":{"id":"%d","name":"%s","group":{"id":"1000","name":"staff"},"effective":{"id":"0","name":"root","group":{"id":"0","name":"root"}},"audit":{"id":"1000","name":"ana"},"saved":{"id":"0","group":{"id":"0","name":"root"}},"filesystem":{"id":"0","name":"root","group":{"id":"0","name":"root"}}},"process":{"pid":%d,"parent":{"pid":%d},"name":"%s","executable":"/usr/bin/%s","working_directory":"/srv/app","args":["%s","--config","/etc/app/%s.conf","--verbose"],"title":"%s --config /etc/app/app.conf --verbose"},"auditd":{"sequence":%d,"result":"success","session":"%d","data":{"a0":"%s","a1":"%s","a2":"%s","a3":"8","argc":"4","arch":"x86_64","exit":"0","syscall":"execve","tty":"(none)"},"summary":{"actor":{"primary":"ana","secondary":"root"},"object":{"primary":"/usr/bin/%s","type":"file"},"how":"/usr/bin/bash"},"paths":[{"item":"0","name":"/usr/bin/%s","inode":"%d","dev":"fd:00","mode":"0100755","ouid":"0","ogid":"0","rdev":"00:00","nametype":"NORMAL","cap_fp":"0"},{"item":"1","name":"/lib64/ld-linux-x86-64.so.2","inode":"131","dev":"fd:00","mode":"0100755","ouid":"0","ogid":"0","rdev":"00:00","nametype":"NORMAL"}]},"tags":["linux"],"service":{"type":"auditd"},"host":{"name":"srv-%02d.corp.example","hostname":"srv-%02d","architecture":"x86_64","os":{"type":"linux","platform":"debian","version":"12 (bookworm)","family":"debian","name":"Debian GNU/Linux","kernel":"6.1.0-30-amd64"},"id":"%s","ip":["%s"]},"agent":{"type":"auditbeat","version":"8.17.3","ephemeral_id":"%s","id":"%s","name":"srv-%02d"},"ecs":{"version":"8.0.0"}}`,
		at(i).Format("2006-01-02T15:04:05.000Z"), 1000+n, pick(rng, "ana", "ben", "deploy"), rng.IntN(1<<16), rng.IntN(1<<16), program, program, program, program, program, i, rng.IntN(1000),
		hex(rng, 12), hex(rng, 12), hex(rng, 12), program, program, rng.IntN(1<<20), n, n, hex(rng, 32), ip(rng), hex(rng, 36), hex(rng, 36), n)
}

func syslogJSON(i int, rng *rand.Rand) []byte {
	return fmt.Appendf(nil, `{"timestamp":"%s","host":"srv-%02d","facility":"authpriv","severity":"info","program":"sshd","pid":%d,"message":"Accepted publickey for %s from %s port %d ssh2: ED25519 SHA256:%s"}`,
		at(i).Format(time.RFC3339), 1+rng.IntN(40), rng.IntN(1<<16), pick(rng, "ana", "ben"), ip(rng), 1024+rng.IntN(60000), hex(rng, 43))
}

func filebeatSyslog(i int, rng *rand.Rand) []byte {
	n := 1 + rng.IntN(40)
	return fmt.Appendf(nil, `{"@timestamp":"%s","@metadata":{"beat":"filebeat","type":"_doc","version":"8.17.3","pipeline":"filebeat-8.17.3-system-syslog-pipeline"},"log":{"offset":%d,"file":{"path":"/var/log/syslog","inode":"%d","device_id":"64768"}},"message":"Mar  4 10:11:12 srv-%02d CRON[%d]: (root) CMD (test -x /usr/sbin/anacron || ( cd / && run-parts --report /etc/cron.hourly ))","input":{"type":"log"},"fileset":{"name":"syslog"},"service":{"type":"system"},"event":{"module":"system","dataset":"system.syslog","timezone":"+01:00"},"ecs":{"version":"1.12.0"},"host":{"name":"srv-%02d.corp.example","hostname":"srv-%02d","architecture":"x86_64","containerized":false,"os":{"type":"linux","platform":"debian","version":"12 (bookworm)","family":"debian","name":"Debian GNU/Linux","kernel":"6.1.0-30-amd64"},"id":"%s","ip":["%s"],"mac":["00-50-56-00-02-%02X"]},"agent":{"type":"filebeat","version":"8.17.3","ephemeral_id":"%s","id":"%s","name":"srv-%02d"}}`,
		at(i).Format("2006-01-02T15:04:05.000Z"), i*133, 100000+n, n, rng.IntN(1<<16), n, n, hex(rng, 32), ip(rng), n, hex(rng, 36), hex(rng, 36), n)
}

func kubernetes(i int, rng *rand.Rand) []byte {
	app := pick(rng, "checkout", "cart", "catalogue", "payments")
	pod := app + "-" + hex(rng, 9) + "-" + hex(rng, 5)
	return fmt.Appendf(nil, `{"@timestamp":"%s","stream":"stdout","log":{"offset":%d,"file":{"path":"/var/log/containers/%s_shop_%s-%s.log"}},"message":"{\"level\":\"info\",\"ts\":\"%s\",\"caller\":\"server/handler.go:118\",\"msg\":\"request served\",\"method\":\"GET\",\"path\":\"/v1/%s/items\",\"status\":%d,\"duration_ms\":%d,\"trace_id\":\"%s\"}","input":{"type":"filestream"},"kubernetes":{"pod":{"name":"%s","uid":"%s","ip":"%s"},"namespace":"shop","namespace_uid":"%s","namespace_labels":{"kubernetes_io/metadata_name":"shop","team":"store"},"node":{"name":"node-%d","uid":"%s","hostname":"node-%d","labels":{"kubernetes_io/arch":"amd64","kubernetes_io/os":"linux","topology_kubernetes_io/zone":"at-1a"}},"labels":{"app_kubernetes_io/name":"%s","app_kubernetes_io/version":"1.%d.0","pod-template-hash":"%s"},"replicaset":{"name":"%s"},"deployment":{"name":"%s"},"container":{"name":"%s"}},"container":{"id":"%s","runtime":"containerd","image":{"name":"registry.corp.example/shop/%s:1.%d.0"}},"orchestrator":{"cluster":{"name":"prod","url":"https://k8s.corp.example:6443"}},"host":{"name":"node-%d"},"agent":{"type":"filebeat","version":"8.17.3","id":"%s","name":"node-%d"},"ecs":{"version":"8.0.0"}}`,
		at(i).Format("2006-01-02T15:04:05.000Z"), i*412, pod, app, hex(rng, 64), at(i).Format(time.RFC3339Nano), app, 200+rng.IntN(5), rng.IntN(400), hex(rng, 32), pod, hex(rng, 36), ip(rng), hex(rng, 36),
		i%9, hex(rng, 36), i%9, app, i%20, hex(rng, 9), app, app, app, hex(rng, 64), app, i%20, i%9, hex(rng, 36), i%9)
}

func zeekConn(i int, rng *rand.Rand) []byte {
	return fmt.Appendf(nil, `{"ts":%d.%06d,"uid":"C%s","id.orig_h":"%s","id.orig_p":%d,"id.resp_h":"%s","id.resp_p":%d,"proto":"tcp","service":"ssl","duration":%d.%06d,"orig_bytes":%d,"resp_bytes":%d,"conn_state":"SF","local_orig":true,"local_resp":true,"missed_bytes":0,"history":"ShADadFf","orig_pkts":%d,"orig_ip_bytes":%d,"resp_pkts":%d,"resp_ip_bytes":%d}`,
		at(i).Unix(), rng.IntN(1e6), hex(rng, 17), ip(rng), 49152+rng.IntN(16000), ip(rng), 443, rng.IntN(60), rng.IntN(1e6), rng.IntN(1<<16), rng.IntN(1<<20), rng.IntN(100), rng.IntN(1<<16), rng.IntN(800), rng.IntN(1<<20))
}

func zeekHTTP(i int, rng *rand.Rand) []byte {
	return fmt.Appendf(nil, `{"ts":"%s","uid":"C%s","id.orig_h":"%s","id.orig_p":%d,"id.resp_h":"%s","id.resp_p":80,"trans_depth":1,"method":"GET","host":"updates.corp.example","uri":"/channel/stable/%s.cab?version=10.0.%d","referrer":"http://intranet.corp.example/","version":"1.1","user_agent":"Microsoft-CryptoAPI/10.0","request_body_len":0,"response_body_len":%d,"status_code":200,"status_msg":"OK","tags":[],"resp_fuids":["F%s"],"resp_mime_types":["application/vnd.ms-cab-compressed"]}`,
		at(i).Format(time.RFC3339Nano), hex(rng, 17), ip(rng), 49152+rng.IntN(16000), ip(rng), hex(rng, 12), rng.IntN(20000), rng.IntN(1<<20), hex(rng, 17))
}
