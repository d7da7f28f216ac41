package registry_test

import (
	"regexp"
	"slices"
	"strings"

	"github.com/regtrap/regtrap/registry"
)

// A reading is what the obvious slow model makes of a path.
type reading struct {
	canonical, display string
	key, name          string // of canonical
	value              bool
	spellings          []string // sorted
}

// A rewrite replaces what a regular expression matches.
type rewrite struct {
	from *regexp.Regexp
	to   string
}

var letter = regexp.MustCompile(`[A-Za-z]`)

// re compiles an expression that matches whole texts, ASCII letters without
// case. With (?i), Go would also take ſ for s and the Kelvin sign for k.
func re(expr string) *regexp.Regexp {
	return regexp.MustCompile(`(?s)^` + letter.ReplaceAllStringFunc(expr, func(c string) string {
		return `[` + strings.ToLower(c) + strings.ToUpper(c) + `]`
	}) + `$`)
}

// The last group of each is what lies below.
var (
	hives = []rewrite{
		{re(`\\?(?:REGISTRY\\MACHINE|HKLM|HKEY_LOCAL_MACHINE|MACHINE)(|\\.*)`), `HKLM${1}`},
		{re(`\\?(?:REGISTRY\\USER|HKU|HKEY_USERS|USER)(|\\.*)`), `HKEY_USERS${1}`},
		{re(`\\?(?:HKCU|HKEY_CURRENT_USER)(|\\.*)`), `HKEY_USERS\ME${1}`},
		{re(`\\?(?:HKCR|HKEY_CLASSES_ROOT)(|\\.*)`), `HKLM\SOFTWARE\Classes${1}`},
		{re(`\\?(?:HKCC|HKEY_CURRENT_CONFIG)(|\\.*)`), `HKLM\SYSTEM\CurrentControlSet\Hardware Profiles\Current${1}`},
	}
	links = []rewrite{
		{re(`HKEY_USERS\\\.DEFAULT(|\\.*)`), `HKEY_USERS\S-1-5-18${1}`},
		{re(`HKEY_USERS\\\.DEFAULT_Classes(|\\.*)`), `HKEY_USERS\S-1-5-18\Software\Classes${1}`},
		{re(`HKEY_USERS\\(S-[^\\]*|CURRENT_USER)_Classes(|\\.*)`), `HKEY_USERS\${1}\Software\Classes${2}`},
		{re(`HKLM(\\SOFTWARE)(\\WOW6432Node)(\\Classes)(|\\.*)`), `HKLM${1}${3}${2}${4}`},
	}
	controlSet  = rewrite{re(`(HKLM\\SYSTEM\\)ControlSet[0-9][0-9][0-9](|\\.*)`), `${1}CurrentControlSet${2}`}
	twoClasses  = re(`HKEY_USERS\\[^\\]*_Classes_Classes(|\\.*)`)
	userName    = re(`S-[^\\]*`)
	classesName = re(`.*._Classes`)

	toSysmon = []rewrite{
		{re(`HKEY_USERS\\S-1-5-18(|\\.*)`), `HKU\.DEFAULT${1}`},
		{re(`HKEY_USERS\\(S-[^\\]*|CURRENT_USER)\\Software\\Classes(|\\.*)`), `HKU\${1}_Classes${2}`},
		{re(`HKEY_USERS(|\\.*)`), `HKU${1}`},
		{re(`HKLM\\SOFTWARE\\Classes(|\\.*)`), `HKCR${1}`},
	}
	toDefend = []rewrite{
		{re(`HKEY_USERS\\S-1-5-18(|\\.*)`), `HKEY_USERS\.DEFAULT${1}`},
		{re(`HKEY_USERS\\(S-[^\\]*|CURRENT_USER)\\Software\\Classes(|\\.*)`), `HKEY_USERS\${1}_Classes${2}`},
		{re(`(HKLM\\SYSTEM\\)CurrentControlSet(|\\.*)`), `${1}ControlSet001${2}`},
		{re(`(HKLM\\SOFTWARE)(\\Classes)(\\WOW6432Node)(|\\.*)`), `${1}${3}${2}${4}`},
	}
	systemClasses = []rewrite{
		{re(`HKEY_USERS\\(S-1-5-18)\\Software\\Classes(|\\.*)`), `HKU\${1}_Classes${2}`},
	}
	classesUser = re(`HKEY_USERS\\S-[^\\]*_Classes\\Software\\Classes(|\\.*)`)
)

// first applies the first rewrite that matches.
func first(list []rewrite, s string) string {
	for _, r := range list {
		if r.from.MatchString(s) {
			return r.from.ReplaceAllString(s, r.to)
		}
	}
	return s
}

// read is the specification of [registry.Path], written to be obvious.
func read(wire string, ctx registry.Context) reading {
	path := wire
	var single func(from int)
	single = func(from int) {
		end := len(path)
		if stated := ctx.ValueEvent && ctx.HasValue && ctx.Value != ""; stated && strings.HasSuffix(path, `\`+ctx.Value) {
			end -= len(ctx.Value)
		} else if i := strings.LastIndex(path, `\`); i >= 0 && ctx.ValueEvent && isDefault(path[i:]) {
			end = i + 1
		}
		if end < from {
			return
		}
		if half := halve(path[from:end], ctx.ValueEvent); half != path[from:end] {
			path = path[:from] + half + path[end:]
			single(from)
		}
	}
	single(0)
	key, tail, value := split(path, ctx)
	for _, h := range hives {
		if m := h.from.FindStringSubmatchIndex(key); m != nil {
			single(m[len(m)-2])
			key, tail, value = split(path, ctx)
			key = canonicalKey(h, key, ctx.SID)
			break
		}
	}
	r := reading{canonical: controlSet.from.ReplaceAllString(key, controlSet.to), value: value, display: key + tail}
	r.key, r.name = r.canonical, strings.TrimPrefix(tail, `\`)
	sysmon, defend := r.canonical, r.canonical
	if !classesUser.MatchString(r.canonical) {
		sysmon, defend = first(toSysmon, sysmon), first(toDefend, defend)
	} else {
		sysmon = first(toSysmon[2:], sysmon)
	}
	r.canonical += tail
	r.spellings = []string{wire, r.canonical, sysmon + tail, defend + tail, r.display, first(systemClasses, r.key) + tail}
	if value && isDefault(tail) && key != "" {
		for _, s := range r.spellings {
			if n := len(s) - len(`(Default)`); n > 0 && isDefault(s[n-1:]) {
				r.spellings = append(r.spellings, s[:n])
			}
		}
	}
	slices.Sort(r.spellings)
	r.spellings = slices.Compact(r.spellings)
	return r
}

// canonicalKey rewrites a key in the hive h, but for control sets.
func canonicalKey(h rewrite, key, sid string) string {
	key = h.from.ReplaceAllString(key, h.to)
	if below, ok := strings.CutPrefix(key, `HKEY_USERS\ME`); ok && h.to == hives[2].to {
		if !userName.MatchString(sid) || classesName.MatchString(sid) {
			sid = `CURRENT_USER`
		}
		return `HKEY_USERS\` + sid + below
	}
	if twoClasses.MatchString(key) {
		return key
	}
	return first(links, key)
}

var separators = regexp.MustCompile(`\\+`)

// halve makes doubled separators single if every run of them is even; the one
// that joins key and name, at the end, may be single.
func halve(s string, joined bool) string {
	runs := separators.FindAllString(s, -1)
	for i, run := range runs {
		last := joined && i > 0 && i == len(runs)-1 && run == `\` && strings.HasSuffix(s, `\`)
		if len(run)%2 != 0 && !last {
			return s
		}
	}
	return strings.ReplaceAll(s, `\\`, `\`)
}

// split parts a path into its key and `\name`.
func split(path string, ctx registry.Context) (key, tail string, value bool) {
	i := strings.LastIndex(path, `\`)
	switch {
	case !ctx.ValueEvent:
		return path, "", false
	case ctx.HasValue && ctx.Value != "" && strings.HasSuffix(path, `\`+ctx.Value):
		i = len(path) - len(ctx.Value) - 1
	case ctx.HasValue && ctx.Value == "" && path != "" && i != len(path)-1 && !(i >= 0 && isDefault(path[i:])):
		return path, `\(Default)`, true
	case i < 0:
		return path, "", false
	}
	key, tail = path[:i], path[i:]
	if tail == `\` && key != "" {
		tail = `\(Default)`
	}
	return key, tail, true
}

var defaultName = re(`\\\(Default\)`)

func isDefault(tail string) bool { return defaultName.MatchString(tail) }
