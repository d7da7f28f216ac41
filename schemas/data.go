package schemas

import (
	"strconv"
	"strings"

	"github.com/regtrap/regtrap/registry"
)

// dataForm says how a source writes value data.
type dataForm uint8

const (
	sysmonData dataForm = iota // DWORD (0x…), QWORD (0x…-0x…), Binary Data, (Empty), else text
	typedData                  // as registry.data.type says
)

const (
	binaryData = "Binary Data" // Sysmon's word for every type but strings and integers
	emptyData  = "(Empty)"     // Sysmon's word for an empty string
)

// addData adds registry.data.strings and .type. Only an event that sets a
// value has data.
func (w *draft) addData() {
	if w.action != ValueSet {
		return
	}
	kind := valueType(w.first(RegistryDataType))
	for i, text := range w.get(RegistryDataStrings) {
		text = w.undouble(text)
		if w.data == sysmonData {
			if n, as, ok := parseSysmonInteger(text); ok {
				kind = as
				w.addInteger(text, n, kind, i)
				continue
			}
			switch text {
			case binaryData:
				w.addOpaque(i, registry.Wire)
				continue
			case emptyData:
				w.add(RegistryDataStrings, Value{Text: "", Element: uint16(i)})
				w.add(RegistryDataStrings, Value{Text: emptyData, Element: uint16(i), Spelling: registry.Derived, Whole: true})
				continue
			}
		}
		switch kind {
		case "REG_DWORD", "REG_QWORD":
			if n, ok := parseInteger(text); ok {
				w.addInteger(text, n, kind, i)
				continue
			}
		case "REG_BINARY":
			w.addOpaque(i, registry.Derived)
			continue
		}
		w.add(RegistryDataStrings, Value{Text: text, Element: uint16(i)})
		if text == "" {
			w.add(RegistryDataStrings, Value{Text: emptyData, Element: uint16(i), Spelling: registry.Derived, Whole: true})
		}
	}
	if kind != "" {
		w.add(RegistryDataType, Value{Text: kind})
	}
}

func (w *draft) addOpaque(element int, s registry.Spelling) {
	w.ev.opaque = true
	w.add(RegistryDataStrings, Value{Text: binaryData, Element: uint16(element), Spelling: s, Opaque: true})
}

// addInteger adds the texts of an integer: the source's own, Sysmon's, the
// hexadecimal and the decimal one. Only the first two are seen by tests of a
// part of the text, and the decimal one never, whoever wrote it.
func (w *draft) addInteger(wire string, n uint64, kind string, element int) {
	v := Value{Element: uint16(element), Numeric: true, Number: n}
	put := func(text string, s registry.Spelling, whole bool) {
		v.Text, v.Spelling, v.Whole = text, s, whole
		w.add(RegistryDataStrings, v)
	}
	from := len(w.d.arena)
	w.d.arena = strconv.AppendUint(w.d.arena, n, 10)
	decimal := w.d.view(from)

	from = len(w.d.arena)
	digits := 16
	if kind == "REG_DWORD" {
		digits = 8
	}
	w.d.arena = appendHex(append(w.d.arena, "0x"...), n, digits)
	hex := w.d.view(from)

	from = len(w.d.arena)
	if kind == "REG_DWORD" {
		w.d.arena = append(appendHex(append(w.d.arena, "DWORD (0x"...), n, 8), ')')
	} else {
		w.d.arena = appendHex(append(w.d.arena, "QWORD (0x"...), n>>32, 8)
		w.d.arena = append(appendHex(append(w.d.arena, "-0x"...), n&(1<<32-1), 8), ')')
	}
	sysmon := w.d.view(from)

	put(wire, registry.Wire, wire == decimal)
	if sysmon != wire {
		put(sysmon, registry.Sysmon, false)
	}
	if hex != wire {
		put(hex, registry.Derived, true)
	}
	if decimal != wire {
		put(decimal, registry.Derived, true)
	}
}

func appendHex(dst []byte, n uint64, digits int) []byte {
	for digits > 0 {
		digits--
		dst = append(dst, "0123456789abcdef"[n>>(4*uint(digits))&15])
	}
	return dst
}

// parseSysmonInteger reads DWORD (0xhhhhhhhh) and QWORD (0xhhhhhhhh-0xllllllll).
func parseSysmonInteger(s string) (n uint64, kind string, ok bool) {
	if len(s) < 8 || s[1:5] != "WORD" || s[len(s)-1] != ')' {
		return 0, "", false
	}
	body, isDWORD := strings.CutPrefix(s[:len(s)-1], "DWORD (0x")
	if isDWORD {
		n, err := strconv.ParseUint(body, 16, 32)
		return n, "REG_DWORD", err == nil
	}
	body, ok = strings.CutPrefix(s[:len(s)-1], "QWORD (0x")
	if !ok {
		return 0, "", false
	}
	high, low, ok := strings.Cut(body, "-0x")
	if !ok {
		return 0, "", false
	}
	h, err := strconv.ParseUint(high, 16, 32)
	if err != nil {
		return 0, "", false
	}
	l, err := strconv.ParseUint(low, 16, 32)
	return h<<32 | l, "REG_QWORD", err == nil
}

// parseInteger reads 4 and 0x4.
func parseInteger(s string) (uint64, bool) {
	base := 10
	if len(s) > 2 && s[0] == '0' && s[1]|0x20 == 'x' {
		s, base = s[2:], 16
	}
	// ParseUint makes an error value of what is no number: look first.
	if s == "" || len(s) > 20 {
		return 0, false
	}
	for i := range len(s) {
		if d := hexDigit[s[i]]; int(d) >= base {
			return 0, false
		}
	}
	n, err := strconv.ParseUint(s, base, 64)
	return n, err == nil
}

// parseWhole reads an event id: 13, 13.0, " 13 ".
func parseWhole(b []byte) (n uint64, ok bool) {
	i, end := 0, len(b)
	for i < end && b[i] <= ' ' {
		i++
	}
	for end > i && b[end-1] <= ' ' {
		end--
	}
	from := i
	for ; i < end && b[i]-'0' <= 9; i++ {
		if n > 1<<32 {
			return 0, false
		}
		n = n*10 + uint64(b[i]-'0')
	}
	if i == from {
		return 0, false
	}
	if i < end && b[i] == '.' {
		for i++; i < end && b[i] == '0'; i++ {
		}
	}
	return n, i == end
}
