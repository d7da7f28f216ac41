package sample

import (
	"strconv"
	"strings"
	"time"
)

// A Change is what a process did to the registry, before any source tells of
// it. Key and Value are spelled as the source is to spell them.
type Change struct {
	Time    time.Time
	Host    string // of the machine, ws-041.corp.example
	User    string // of the domain CORP
	SID     string
	Image   string
	PID     int
	Action  Action
	Key     string // of a value, or the key itself
	Value   string // name of the value
	NewPath string // of a rename
	Data    Data   // of a value that was set
}

const domain = "CORP"

// SetPath splits the path of a value into key and name; that of a key is the
// key.
func (c *Change) SetPath(path string) {
	c.Key, c.Value = path, ""
	if c.Action.ofValue() {
		at := strings.LastIndexByte(path, '\\')
		c.Key, c.Value = path[:at], path[at+1:]
	}
}

// path is key and value name in one.
func (c *Change) path() string {
	if c.Action.ofValue() {
		return c.Key + `\` + c.Value
	}
	return c.Key
}

// An Action is what was done.
type Action uint8

const (
	SetValue Action = iota
	CreateKey
	DeleteKey
	DeleteValue
	RenameKey
	RenameValue
	Query // a read

	numActions
)

// Actions returns them all.
func Actions() []Action {
	return []Action{SetValue, CreateKey, DeleteKey, DeleteValue, RenameKey, RenameValue, Query}
}

// String returns Sysmon's word for it.
func (a Action) String() string {
	return [numActions]string{"SetValue", "CreateKey", "DeleteKey", "DeleteValue", "RenameKey", "RenameValue", "Query"}[a]
}

func (a Action) ofValue() bool {
	return a == SetValue || a == DeleteValue || a == RenameValue || a == Query
}

// sysmonID is the number of Sysmon's event.
func (a Action) sysmonID() int {
	switch a {
	case SetValue:
		return 13
	case RenameKey, RenameValue:
		return 14
	}
	return 12
}

// Data is what a value holds.
type Data struct {
	Type    string   // REG_SZ, REG_DWORD, …
	Strings []string // none: the source says that it is empty; of REG_BINARY the bytes as a text
	Number  uint64   // of REG_DWORD and REG_QWORD
}

// Text is data of type REG_SZ.
func Text(s string) Data { return Data{Type: "REG_SZ", Strings: []string{s}} }

// Number is data of type REG_DWORD or, for large ones, REG_QWORD.
func Number(n uint64) Data {
	d := Data{Type: "REG_DWORD", Number: n}
	if n > 1<<32-1 {
		d.Type = "REG_QWORD"
	}
	return d
}

func (d Data) integer() bool { return d.Type == "REG_DWORD" || d.Type == "REG_QWORD" }

// strings returns the data as most vendors write it: integers in decimal.
func (d Data) strings() []string {
	if d.integer() {
		return []string{strconv.FormatUint(d.Number, 10)}
	}
	return d.Strings
}

// text is strings in one, by lines.
func (d Data) text() string { return strings.Join(d.strings(), "\n") }

// Sysmon's and Defend's and the others' spellings of a path that is canonical
// but for a control set of number 001.

func sysmonSpelling(path string) string {
	path = strings.Replace(path, `HKEY_USERS\`, `HKU\`, 1)
	return strings.Replace(path, `SYSTEM\ControlSet001\`, `System\CurrentControlSet\`, 1)
}

func kernelSpelling(path string) string {
	path = strings.Replace(path, `HKEY_USERS\`, `\REGISTRY\USER\`, 1)
	return strings.Replace(path, `HKLM\`, `\REGISTRY\MACHINE\`, 1)
}

func longSpelling(path string) string {
	return strings.Replace(path, `HKLM\`, `HKEY_LOCAL_MACHINE\`, 1)
}

func bareSpelling(path string) string {
	return strings.TrimPrefix(kernelSpelling(path), `\REGISTRY\`)
}

func defendSpelling(path string) string { return path }
