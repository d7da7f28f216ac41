package registry

import "strings"

// A parse is a path taken apart. Its canonical spelling is
//
//	head[0] … head[nhead-1]   src[cut:key]   the value name
//	HKLM \SYSTEM \CurrentControlSet   \Services\x   \ImagePath
//
// where all that is rewritten stands in the head, each piece of it a constant
// or a part of the source, so that taking a path apart copies nothing.
type parse struct {
	src     string    // the path, its separators single
	head    [4]string // replaces src[:cut]
	nhead   int
	cut     int
	set     string // `\ControlSet002` as written, where head[2] is \CurrentControlSet
	key     int    // src[:key] is hive and key
	value   bool   // src[key+1:] is the name of a value
	unnamed bool   // the path names the unnamed value
}

// unnamedName is how the canonical spelling writes the unnamed value, as
// Sysmon and the registry editor do.
const unnamedName = "(Default)"

const unnamedEnd = `\` + unnamedName

// take takes path apart. scratch holds src where separators were doubled; the
// scratch to use next is returned.
func (p *parse) take(path string, ctx *Context, scratch []byte) []byte {
	*p = parse{src: path}
	scratch = p.undouble(0, ctx, scratch)
	p.split(ctx)
	hive, n := cutHive(p.src[:p.key])
	if n > 0 {
		// The separators below a hive are judged without those before it: were
		// \REGISTRY\MACHINE\\X left as HKLM\\X, the canonical spelling would
		// have another canonical spelling.
		if length := len(p.src); p.src[min(n, length-1)] == '\\' {
			if scratch = p.undouble(n, ctx, scratch); len(p.src) != length {
				p.split(ctx)
			}
		}
		p.rewrite(hive, n, ctx.SID, true)
	}
	return scratch
}

// split finds where the key ends and what the value is.
func (p *parse) split(ctx *Context) {
	p.key, p.value, p.unnamed = len(p.src), false, false
	if !ctx.ValueEvent {
		return
	}
	if ctx.HasValue && ctx.Value != "" && endsIn(p.src, ctx.Value) {
		p.key, p.value = len(p.src)-len(ctx.Value)-1, true
	} else if ctx.HasValue && ctx.Value == "" && p.src != "" &&
		p.src[len(p.src)-1] != '\\' && !unnamed(p.src) {
		p.value, p.unnamed = true, true // the path is that of the key
		return
	} else if i := strings.LastIndexByte(p.src, '\\'); i >= 0 {
		p.key, p.value = i, true
	} else {
		return
	}
	name := p.src[p.key+1:]
	p.unnamed = p.key > 0 && (name == "" || IsFold(name, "(default)"))
}

// endsIn reports whether path ends in a separator and name.
func endsIn(path, name string) bool {
	i := len(path) - len(name) - 1
	return i >= 0 && path[i] == '\\' && path[i+1:] == name
}

// unnamed reports whether path ends in `\(Default)`.
func unnamed(path string) bool {
	i := len(path) - len(unnamedEnd)
	return i >= 0 && IsFold(path[i:], `\(default)`)
}

// undouble makes the separators of src[from:] single as long as all of them
// are doubled. What the source states as the value's name is not looked at; it
// holds whatever backslashes it holds. Nor is the one before it, or before the
// unnamed value: it is the decoder's, who joined key and name.
func (p *parse) undouble(from int, ctx *Context, scratch []byte) []byte {
	for {
		end := len(p.src)
		if ctx.ValueEvent && ctx.HasValue && ctx.Value != "" && endsIn(p.src, ctx.Value) {
			end -= len(ctx.Value)
		} else if ctx.ValueEvent && unnamed(p.src) {
			end -= len(unnamedName) // as in the spelling that ends in a separator
		}
		if end < from || !doubled(p.src[from:end], ctx.ValueEvent) {
			return scratch
		}
		// The scratch may hold src: writing never overtakes reading.
		out := append(scratch[:0], p.src[:from]...)
		for i := from; i < end; i++ {
			out = append(out, p.src[i])
			if p.src[i] == '\\' && i+1 < end && p.src[i+1] == '\\' {
				i++
			}
		}
		out = append(out, p.src[end:]...)
		scratch, p.src = out, view(out)
	}
}

// doubled reports whether every run of backslashes in s has an even length.
// A last single one is let pass at the end of s where joined is set.
func doubled(s string, joined bool) bool {
	i := strings.IndexByte(s, '\\')
	if i < 0 || i+1 == len(s) || s[i+1] != '\\' {
		return false // nearly every path is told here
	}
	for i < len(s) {
		n := 0
		for i+n < len(s) && s[i+n] == '\\' {
			n++
		}
		i += n
		if n%2 != 0 {
			return joined && n == 1 && i == len(s)
		}
		next := strings.IndexByte(s[i:], '\\')
		if next < 0 {
			break
		}
		i += next
	}
	return true
}

// A hive is one of the roots that a path may name.
type hive uint8

const (
	machine hive = iota
	users
	currentUser
	classesRoot
	currentConfig
)

// cutHive returns the hive that path names and the length of its name, or 0.
// The name ends where the path does or at a separator.
func cutHive(path string) (hive, int) {
	n := 0
	if path != "" && path[0] == '\\' {
		n = 1
	}
	if hasFold(path[n:], `registry\`) {
		n += len(`registry\`)
		switch s := path[n:]; {
		case under(s, "machine"):
			return machine, n + len("machine")
		case under(s, "user"):
			return users, n + len("user")
		}
		return 0, 0 // \REGISTRY\A, \REGISTRY\WC
	}
	end := len(path)
	if i := strings.IndexByte(path[n:], '\\'); i >= 0 {
		end = n + i
	}
	s := path[n:end]
	var h hive
	switch {
	case IsFold(s, "hklm"), IsFold(s, "hkey_local_machine"), IsFold(s, "machine"):
		h = machine
	case IsFold(s, "hku"), IsFold(s, "hkey_users"), IsFold(s, "user"):
		h = users
	case IsFold(s, "hkcu"), IsFold(s, "hkey_current_user"):
		h = currentUser
	case IsFold(s, "hkcr"), IsFold(s, "hkey_classes_root"):
		h = classesRoot
	case IsFold(s, "hkcc"), IsFold(s, "hkey_current_config"):
		h = currentConfig
	default:
		return 0, 0
	}
	return h, end
}

func (p *parse) put(pieces ...string) { p.nhead += copy(p.head[p.nhead:], pieces) }

// rewrite fills the head for a path that names h in its first n bytes.
// Numbered control sets are left alone unless sets is set. The value's name is
// no part of what is rewritten: a value HKLM\SYSTEM\ControlSet001 is no set.
func (p *parse) rewrite(h hive, n int, sid string, sets bool) {
	p.cut = n
	rest := p.src[n:p.key]
	switch h {
	case machine:
		p.put("HKLM")
		switch {
		case sets && hasFold(rest, `\system\controlset`):
			const sys, set = len(`\system`), len(`\controlset000`)
			if end := sys + set; under(rest, `\system`) && len(rest) >= end &&
				digits(rest[end-3:end]) && (len(rest) == end || rest[end] == '\\') {
				p.put(rest[:sys], `\CurrentControlSet`)
				p.set = rest[sys:end]
				p.cut += end
			}
		case under(rest, `\software\wow6432node\classes`):
			const soft, wow, all = len(`\software`), len(`\software\wow6432node`), len(`\software\wow6432node\classes`)
			p.put(rest[:soft], rest[wow:all], rest[soft:wow])
			p.cut += all
		}
	case users:
		p.put("HKEY_USERS")
		user := segment(rest)
		switch account, classes := cutClasses(user); {
		case user == "":
		case IsFold(account, `\.default`):
			p.put(`\S-1-5-18`)
			p.cut += len(user)
			if classes {
				p.put(`\Software\Classes`)
			}
		case classes:
			p.put(account, `\Software\Classes`)
			p.cut += len(user)
		}
	case currentUser:
		if isSID(sid) {
			p.put(`HKEY_USERS\`, sid)
		} else {
			p.put(`HKEY_USERS\CURRENT_USER`)
		}
	case classesRoot:
		p.put(`HKLM\SOFTWARE\Classes`)
	case currentConfig:
		p.put(`HKLM\SYSTEM\CurrentControlSet\Hardware Profiles\Current`)
	}
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// segment returns the separator and the segment with which rest begins.
func segment(rest string) string {
	if rest == "" {
		return ""
	}
	if i := strings.IndexByte(rest[1:], '\\'); i >= 0 {
		return rest[:i+1]
	}
	return rest
}

// cutClasses cuts _Classes off the name of a user's hive, and reports whether
// it was there. Only one may be: what is left has to be canonical.
func cutClasses(user string) (account string, found bool) {
	const suffix = "_classes"
	n := len(user) - len(suffix)
	if n <= 0 || !IsFold(user[n:], suffix) {
		return user, false
	}
	account = user[:n]
	if !IsFold(account, `\.default`) && !IsFold(account, `\current_user`) && !isSID(account[1:]) {
		return user, false
	}
	return account, true
}

// isSID reports whether s can stand for a user in a path: it begins as a
// security identifier does and is one segment, not that of a _Classes hive.
func isSID(s string) bool {
	return hasFold(s, "s-") && strings.IndexByte(s, '\\') < 0 &&
		!(len(s) > len("_classes") && IsFold(s[len(s)-len("_classes"):], "_classes"))
}

// canonical reports whether path is the canonical spelling already.
func (p *parse) canonical(path string) bool {
	if len(p.src) != len(path) || p.unnamed && !unnamed(p.src) {
		return false
	}
	i := 0
	for _, s := range p.head[:p.nhead] {
		if !strings.HasPrefix(path[min(i, len(path)):], s) {
			return false
		}
		i += len(s)
	}
	return i == p.cut
}

// append appends the canonical spelling to dst, with the control set as the
// source numbers it where numbered is set. key is the length of hive and key.
func (p *parse) append(dst []byte, numbered bool) (out []byte, key int) {
	start := len(dst)
	for i, s := range p.head[:p.nhead] {
		if i == 2 && numbered && p.set != "" {
			s = p.set
		}
		dst = append(dst, s...)
	}
	dst = append(dst, p.src[p.cut:p.key]...)
	key = len(dst) - start
	if p.unnamed && !unnamed(p.src) {
		return append(dst, unnamedEnd...), key
	}
	return append(dst, p.src[p.key:]...), key
}

// Canonicalize returns the canonical spelling of path, as [Path.Canonical] does:
// path itself, allocating nothing, when it is canonical. It is idempotent.
func Canonicalize(path string, ctx Context) string {
	var p parse
	p.take(path, &ctx, nil)
	if p.canonical(path) {
		return path
	}
	out, _ := p.append(nil, false)
	return view(out)
}

// CanonicalHead returns the canonical spelling of the literal text with which
// a pattern begins, as pieces between which any text may stand: HKU\ is
// HKEY_USERS\, and HKCU\Run is HKEY_USERS\ * \Run. ok is false when the
// literal has no other canonical spelling but for letter case.
//
// A hive, and what is rewritten below it (HKEY_USERS\.DEFAULT, a literal
// <SID>_Classes, HKLM\SOFTWARE\WOW6432Node\Classes), is only rewritten when it
// ends at a separator or, a hive, with the literal; where a wildcard follows,
// a segment may go on. Control sets are left as they are: the spellings of an
// event hold CurrentControlSet, ControlSet001, and the number it came with.
func CanonicalHead(literal string) (pieces []string, ok bool) {
	h, n := cutHive(literal)
	if n == 0 {
		return nil, false
	}
	if h == currentUser {
		return []string{`HKEY_USERS\`, literal[n:]}, true
	}
	p := parse{src: literal, key: max(n, strings.LastIndexByte(literal, '\\'))}
	p.rewrite(h, n, "", false)
	var b strings.Builder
	for _, s := range p.head[:p.nhead] {
		b.WriteString(s)
	}
	b.WriteString(literal[p.cut:])
	if Fold(b.String()) == Fold(literal) {
		return nil, false
	}
	return []string{b.String()}, true
}

// Undouble replaces %% by %, Sysmon's escape of a percent sign. It returns s
// itself when there is none.
func Undouble(s string) string {
	if !strings.Contains(s, "%%") {
		return s
	}
	return strings.ReplaceAll(s, "%%", "%")
}
