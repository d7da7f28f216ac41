package registry

// A Scope says for whom an autostart location starts a program.
type Scope uint8

const (
	Machine Scope = iota // for everybody: below HKLM
	User                 // for one user: below HKEY_USERS\<SID>
)

// String returns machine or user.
func (s Scope) String() string {
	if s == User {
		return "user"
	}
	return "machine"
}

// A Location is a place in the registry from which Windows, or a program of
// it, starts what is written there.
type Location struct {
	Pattern   string // canonical path of the value; * is any text, separators included; without case
	Starts    string // what starts from it and when, one sentence
	Scope     Scope
	Technique string // ATT&CK technique or sub-technique, T1547.001
}

// Locations returns the catalogue of autostart locations. The slice is the
// caller's.
func Locations() []Location {
	return []Location{
		{`HKEY_USERS\*\Software\Microsoft\Windows\CurrentVersion\Run\*`,
			"Each value is a command that starts every time the user logs on.", User, "T1547.001"},
		{`HKLM\Software\Microsoft\Windows\CurrentVersion\Run\*`,
			"Each value is a command that starts every time any user logs on.", Machine, "T1547.001"},
		{`HKLM\Software\WOW6432Node\Microsoft\Windows\CurrentVersion\Run\*`,
			"Each value is a command, written by a 32-bit program, that starts every time any user logs on.", Machine, "T1547.001"},
		{`HKEY_USERS\*\Software\Microsoft\Windows\CurrentVersion\Policies\Explorer\Run\*`,
			"Each value is a command that Explorer starts, as a policy, when the user logs on.", User, "T1547.001"},
		{`HKLM\Software\Microsoft\Windows\CurrentVersion\Policies\Explorer\Run\*`,
			"Each value is a command that Explorer starts, as a policy, when any user logs on.", Machine, "T1547.001"},
		{`HKLM\Software\Microsoft\Windows\CurrentVersion\RunOnce\*`,
			"Each value is a command that starts at the next logon and is removed.", Machine, "T1547.001"},
		{`HKLM\Software\Microsoft\Windows\CurrentVersion\RunOnceEx\*`,
			"Each value below a section is a command or library that starts at the next logon and is removed.", Machine, "T1547.001"},
		{`HKEY_USERS\*\Software\Microsoft\Windows\CurrentVersion\RunOnce\*`,
			"Each value is a command that starts at the next logon of the user and is removed.", User, "T1547.001"},
		{`HKEY_USERS\*\Software\Microsoft\Windows\CurrentVersion\RunOnceEx\*`,
			"Each value below a section is a command or library meant to start at the next logon of the user and be removed.", User, "T1547.001"},
		{`HKLM\SYSTEM\*ControlSet*\Services\*\ServiceDLL`,
			"The library that svchost.exe loads when the service starts.", Machine, "T1543.003"},
		{`HKLM\SYSTEM\*ControlSet*\Services\*\ImagePath`,
			"The program or driver that runs when the service starts, often at boot.", Machine, "T1543.003"},
		{`HKEY_USERS\*\Software\Microsoft\Windows NT\CurrentVersion\Winlogon\Shell\*`,
			"A value below a key in the place of the Winlogon shell, which is a command started when the user logs on.", User, "T1547.004"},
		{`HKEY_USERS\*\Environment\UserInitMprLogonScript`,
			"The script that userinit.exe starts when the user logs on.", User, "T1037.001"},
		{`HKEY_USERS\*\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Windows\Load`,
			"The programs that start with the session when the user logs on.", User, "T1547.001"},
		{`HKEY_USERS\*\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon\Shell`,
			"The shell that starts in place of Explorer when the user logs on.", User, "T1547.004"},
		{`HKEY_USERS\*\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System\Shell`,
			"The shell that a policy starts in place of Explorer when the user logs on.", User, "T1547.004"},
		{`HKEY_USERS\*\SOFTWARE\Policies\Microsoft\Windows\System\Scripts\Logoff\Script`,
			"The script that Group Policy runs when the user logs off.", User, "T1037"},
		{`HKEY_USERS\*\SOFTWARE\Policies\Microsoft\Windows\System\Scripts\Logon\Script`,
			"The script that Group Policy runs when the user logs on.", User, "T1037"},
		{`HKEY_USERS\*\SOFTWARE\Policies\Microsoft\Windows\System\Scripts\Shutdown\Script`,
			"The script that Group Policy runs when the machine shuts down.", User, "T1037"},
		{`HKEY_USERS\*\SOFTWARE\Policies\Microsoft\Windows\System\Scripts\Startup\Script`,
			"The script that Group Policy runs when the machine starts.", User, "T1037"},
		{`HKEY_USERS\*\SOFTWARE\Microsoft\Ctf\LangBarAddin\*\FilePath`,
			"The library that the language bar loads into the programs of the user when it starts.", User, "T1547"},
		{`HKEY_USERS\*\SOFTWARE\Microsoft\Internet Explorer\Extensions\*\Exec`,
			"The program that starts when the user clicks the button of the browser extension.", User, "T1176"},
		{`HKEY_USERS\*\SOFTWARE\Microsoft\Internet Explorer\Extensions\*\Script`,
			"The script that runs when the user clicks the button of the browser extension.", User, "T1176"},
		{`HKEY_USERS\*\SOFTWARE\Microsoft\Command Processor\Autorun`,
			"The command that runs whenever the user starts cmd.exe.", User, "T1546"},
	}
}
