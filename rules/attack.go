package rules

import (
	"regexp"
	"slices"
	"strings"
)

var techniqueTag = regexp.MustCompile(`^attack\.(t[0-9]{4})(?:\.([0-9]{3}))?$`)

// threat reads the ATT&CK tags of a rule: attack.persistence (also with _ for
// - and as attack.ta0003), attack.t1547, attack.t1547.001. A sub-technique
// brings its technique along. Groups, software and unknown tactics remain
// tags.
func threat(tags []string) Threat {
	var t Threat
	for _, tag := range tags {
		tag = strings.ToLower(tag)
		name, ok := strings.CutPrefix(tag, "attack.")
		if !ok {
			continue
		}
		if m := techniqueTag.FindStringSubmatch(tag); m != nil {
			id := strings.ToUpper(m[1])
			url := "https://attack.mitre.org/techniques/" + id + "/"
			t.Techniques = addThreat(t.Techniques, ThreatReference{id, attackName(id), url})
			if m[2] != "" {
				id += "." + m[2]
				t.Subtechniques = addThreat(t.Subtechniques, ThreatReference{id, attackName(id), url + m[2] + "/"})
			}
			continue
		}
		if ref, ok := tactic(name); ok {
			t.Tactics = addThreat(t.Tactics, ref)
		}
	}
	return t
}

// addThreat appends ref unless its id is there.
func addThreat(refs []ThreatReference, ref ThreatReference) []ThreatReference {
	if slices.ContainsFunc(refs, func(r ThreatReference) bool { return r.ID == ref.ID }) {
		return refs
	}
	return append(refs, ref)
}

// tactic finds a tactic by its tag, without attack.
func tactic(tag string) (ThreatReference, bool) {
	id := strings.ToUpper(tag)
	name := attackName(id)
	if !strings.HasPrefix(id, "TA") || name == "" {
		slug := strings.ReplaceAll(tag, "_", "-")
		id = ""
		for line := range strings.Lines(tacticNames) {
			tacticID, tacticName, _ := strings.Cut(strings.TrimSpace(line), " ")
			if strings.ReplaceAll(strings.ToLower(tacticName), " ", "-") == slug {
				id, name = tacticID, tacticName
			}
		}
	}
	return ThreatReference{id, name, "https://attack.mitre.org/tactics/" + id + "/"}, id != ""
}

// attackName returns the name of a tactic or technique, or "".
func attackName(id string) string {
	for _, table := range []string{tacticNames, techniqueNames} {
		if _, rest, ok := strings.Cut(table, "\n"+id+" "); ok {
			name, _, _ := strings.Cut(rest, "\n")
			return name
		}
	}
	return ""
}

// tacticNames are the tactics of ATT&CK Enterprise 19. TA0005 was Defense
// Evasion until 18; rules that still say so keep the old name.
const tacticNames = `
TA0043 Reconnaissance
TA0042 Resource Development
TA0001 Initial Access
TA0002 Execution
TA0003 Persistence
TA0004 Privilege Escalation
TA0005 Stealth
TA0005 Defense Evasion
TA0112 Defense Impairment
TA0006 Credential Access
TA0007 Discovery
TA0008 Lateral Movement
TA0009 Collection
TA0011 Command and Control
TA0010 Exfiltration
TA0040 Impact
`

// techniqueNames are techniques that registry rules are about, by the names of
// ATT&CK Enterprise 19; T1562 and what is below it ended with 18 and is still
// common in rules.
const techniqueNames = `
T1003 OS Credential Dumping
T1003.001 LSASS Memory
T1003.002 Security Account Manager
T1003.003 NTDS
T1003.004 LSA Secrets
T1003.005 Cached Domain Credentials
T1003.006 DCSync
T1005 Data from Local System
T1008 Fallback Channels
T1012 Query Registry
T1014 Rootkit
T1021 Remote Services
T1021.001 Remote Desktop Protocol
T1021.002 SMB/Windows Admin Shares
T1021.003 Distributed Component Object Model
T1021.006 Windows Remote Management
T1027 Obfuscated Files or Information
T1027.010 Command Obfuscation
T1027.011 Fileless Storage
T1027.013 Encrypted/Encoded File
T1036 Masquerading
T1036.003 Rename Legitimate Utilities
T1036.004 Masquerade Task or Service
T1036.005 Match Legitimate Resource Name or Location
T1037 Boot or Logon Initialization Scripts
T1037.001 Logon Script (Windows)
T1037.003 Network Logon Script
T1047 Windows Management Instrumentation
T1053 Scheduled Task/Job
T1053.002 At
T1053.005 Scheduled Task
T1055 Process Injection
T1055.001 Dynamic-link Library Injection
T1056 Input Capture
T1056.001 Keylogging
T1056.002 GUI Input Capture
T1057 Process Discovery
T1059 Command and Scripting Interpreter
T1059.001 PowerShell
T1059.003 Windows Command Shell
T1059.005 Visual Basic
T1059.007 JavaScript
T1068 Exploitation for Privilege Escalation
T1070 Indicator Removal
T1070.003 Clear Command History
T1070.004 File Deletion
T1070.005 Network Share Connection Removal
T1070.007 Clear Network Connection History and Configurations
T1070.009 Clear Persistence
T1071 Application Layer Protocol
T1071.001 Web Protocols
T1071.004 DNS
T1078 Valid Accounts
T1078.003 Local Accounts
T1082 System Information Discovery
T1087 Account Discovery
T1090 Proxy
T1090.001 Internal Proxy
T1098 Account Manipulation
T1098.007 Additional Local or Domain Groups
T1105 Ingress Tool Transfer
T1106 Native API
T1110 Brute Force
T1112 Modify Registry
T1113 Screen Capture
T1123 Audio Capture
T1125 Video Capture
T1127 Trusted Developer Utilities Proxy Execution
T1127.001 MSBuild
T1129 Shared Modules
T1133 External Remote Services
T1134 Access Token Manipulation
T1136 Create Account
T1136.001 Local Account
T1137 Office Application Startup
T1137.001 Office Template Macros
T1137.002 Office Test
T1137.003 Outlook Forms
T1137.004 Outlook Home Page
T1137.005 Outlook Rules
T1137.006 Add-ins
T1140 Deobfuscate/Decode Files or Information
T1176 Software Extensions
T1176.001 Browser Extensions
T1190 Exploit Public-Facing Application
T1195 Supply Chain Compromise
T1195.002 Compromise Software Supply Chain
T1197 BITS Jobs
T1202 Indirect Command Execution
T1203 Exploitation for Client Execution
T1204 User Execution
T1204.001 Malicious Link
T1204.002 Malicious File
T1204.004 Malicious Copy and Paste
T1210 Exploitation of Remote Services
T1218 System Binary Proxy Execution
T1218.002 Control Panel
T1218.003 CMSTP
T1218.005 Mshta
T1218.007 Msiexec
T1218.010 Regsvr32
T1218.011 Rundll32
T1219 Remote Access Tools
T1221 Template Injection
T1222 File and Directory Permissions Modification
T1222.001 Windows Permissions
T1484 Domain or Tenant Policy Modification
T1484.001 Group Policy Modification
T1486 Data Encrypted for Impact
T1489 Service Stop
T1490 Inhibit System Recovery
T1491 Defacement
T1491.001 Internal Defacement
T1505 Server Software Component
T1505.003 Web Shell
T1505.004 IIS Components
T1505.005 Terminal Services DLL
T1543 Create or Modify System Process
T1543.003 Windows Service
T1546 Event Triggered Execution
T1546.001 Change Default File Association
T1546.002 Screensaver
T1546.003 Windows Management Instrumentation Event Subscription
T1546.007 Netsh Helper DLL
T1546.008 Accessibility Features
T1546.009 AppCert DLLs
T1546.010 AppInit DLLs
T1546.011 Application Shimming
T1546.012 Image File Execution Options Injection
T1546.013 PowerShell Profile
T1546.015 Component Object Model Hijacking
T1546.016 Installer Packages
T1547 Boot or Logon Autostart Execution
T1547.001 Registry Run Keys / Startup Folder
T1547.002 Authentication Package
T1547.003 Time Providers
T1547.004 Winlogon Helper DLL
T1547.005 Security Support Provider
T1547.006 Kernel Modules and Extensions
T1547.008 LSASS Driver
T1547.009 Shortcut Modification
T1547.010 Port Monitors
T1547.012 Print Processors
T1547.014 Active Setup
T1548 Abuse Elevation Control Mechanism
T1548.002 Bypass User Account Control
T1550 Use Alternate Authentication Material
T1550.002 Pass the Hash
T1552 Unsecured Credentials
T1552.001 Credentials In Files
T1552.002 Credentials in Registry
T1553 Subvert Trust Controls
T1553.002 Code Signing
T1553.003 SIP and Trust Provider Hijacking
T1553.004 Install Root Certificate
T1553.005 Mark-of-the-Web Bypass
T1553.006 Code Signing Policy Modification
T1555 Credentials from Password Stores
T1556 Modify Authentication Process
T1556.002 Password Filter DLL
T1556.008 Network Provider DLL
T1557 Adversary-in-the-Middle
T1557.001 LLMNR/NBT-NS Poisoning and SMB Relay
T1559 Inter-Process Communication
T1559.001 Component Object Model
T1559.002 Dynamic Data Exchange
T1562 Impair Defenses
T1562.001 Disable or Modify Tools
T1562.002 Disable Windows Event Logging
T1562.003 Impair Command History Logging
T1562.004 Disable or Modify System Firewall
T1562.006 Indicator Blocking
T1562.009 Safe Mode Boot
T1562.010 Downgrade Attack
T1564 Hide Artifacts
T1564.001 Hidden Files and Directories
T1564.002 Hidden Users
T1564.003 Hidden Window
T1564.004 NTFS File Attributes
T1566 Phishing
T1566.001 Spearphishing Attachment
T1566.002 Spearphishing Link
T1569 System Services
T1569.002 Service Execution
T1572 Protocol Tunneling
T1574 Hijack Execution Flow
T1574.001 DLL
T1574.002 DLL Side-Loading
T1574.007 Path Interception by PATH Environment Variable
T1574.011 Services Registry Permissions Weakness
T1574.012 COR_PROFILER
T1588 Obtain Capabilities
T1588.002 Tool
T1608 Stage Capabilities
T1653 Power Settings
T1685 Disable or Modify Tools
T1685.001 Disable or Modify Windows Event Log
T1685.005 Clear Windows Event Logs
T1686 Disable or Modify System Firewall
T1686.003 Windows Host Firewall
T1687 Exploitation for Defense Impairment
T1688 Safe Mode Boot
T1689 Downgrade Attack
T1690 Prevent Command History Logging
`
