package enrich

import (
	"reflect"
	"slices"
	"strings"

	"github.com/regtrap/regtrap/schemas"
)

// Trim shortens an alert until its JSON has at most size bytes, in a fixed
// order: the original record first, then the rule's note, then long texts and
// lists, the longest allowed length halving from 4,096 bytes to 64. What was
// dropped or cut is named in regtrap.trimmed. Ids are never touched. It
// reports false when the alert is still larger with nothing left to take.
func Trim(a *schemas.Alert, size int) bool {
	var buf []byte
	fits := func() bool {
		var err error
		buf, err = a.AppendJSON(buf[:0])
		return err == nil && len(buf) <= size
	}
	if fits() {
		return true
	}
	if a.Regtrap.Original != "" || a.Regtrap.OriginalBase64 != nil {
		a.Regtrap.Original, a.Regtrap.OriginalBase64 = "", nil
		trimmed(a, "regtrap.original")
		if fits() {
			return true
		}
	}
	if a.Regtrap.Note != "" {
		a.Regtrap.Note = ""
		trimmed(a, "regtrap.note")
		if fits() {
			return true
		}
	}
	for limit := 4096; limit >= 64; limit /= 2 {
		cut(reflect.ValueOf(a).Elem(), "", limit, func(name string) { trimmed(a, name) })
		if fits() {
			return true
		}
	}
	return false
}

func trimmed(a *schemas.Alert, name string) {
	if !slices.Contains(a.Regtrap.Trimmed, name) {
		a.Regtrap.Trimmed = append(a.Regtrap.Trimmed, name)
	}
}

// identifying reports whether a field says which alert, rule or thing is meant:
// half of an id is the id of something else.
func identifying(name string) bool {
	switch name[strings.LastIndexByte(name, '.')+1:] {
	case "id", "entity_id", "related_rules", "rules_version", "trimmed", "labels", "topic", "reference":
		return true
	}
	return false
}

// cut shortens every text below v to limit bytes and every list to a sixteenth
// of that many elements.
func cut(v reflect.Value, name string, limit int, report func(name string)) {
	if identifying(name) {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			cut(v.Elem(), name, limit, report)
		}
	case reflect.Struct:
		for field, value := range v.Fields() {
			tag, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if tag == "" {
				continue // a type of another package: time.Time
			}
			if name != "" {
				tag = name + "." + tag
			}
			cut(value, tag, limit, report)
		}
	case reflect.Slice:
		if strings.HasPrefix(name, "threat.") {
			return // parallel arrays of one rule: short, and to be kept parallel
		}
		if v.Len() > limit/16 {
			v.Set(v.Slice(0, limit/16))
			report(name)
		}
		for i := range v.Len() {
			cut(v.Index(i), name, limit, report)
		}
	case reflect.String:
		if s := v.String(); len(s) > limit {
			v.SetString(truncate(s, limit-len("…")) + "…")
			report(name)
		}
	}
}
