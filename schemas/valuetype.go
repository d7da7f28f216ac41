package schemas

import "strings"

// valueType returns the type of a value (REG_SZ, …) that a source names in its
// own words, as message id of 4657, or by number (winnt.h). Where the words
// are of no source that is known they stay as they are.
func valueType(text string) string {
	if text == "" || strings.HasPrefix(text, "REG_") {
		return text
	}
	text, _ = strings.CutPrefix(text, "%%")
	if text == "-" {
		return ""
	}
	for _, t := range valueTypes {
		for _, word := range t.words {
			if strings.EqualFold(word, text) {
				return t.name
			}
		}
	}
	return text
}

// valueTypes is read only. The first word of each is its message id, the last
// its number.
var valueTypes = [...]struct {
	name  string
	words []string
}{
	{"REG_NONE", []string{"1872", "none", "0"}},
	{"REG_SZ", []string{"1873", "string", "sz", "1"}},
	{"REG_EXPAND_SZ", []string{"1874", "expandstring", "expand_sz", "2"}},
	{"REG_BINARY", []string{"1875", "binary", "3"}},
	{"REG_DWORD", []string{"1876", "dword", "sz_dword", "4"}},
	{"REG_DWORD_BIG_ENDIAN", []string{"1877", "dword_big_endian", "5"}},
	{"REG_LINK", []string{"1878", "link", "6"}},
	{"REG_MULTI_SZ", []string{"1879", "multistring", "multi_sz", "7"}},
	{"REG_RESOURCE_LIST", []string{"1880", "resource_list", "8"}},
	{"REG_FULL_RESOURCE_DESCRIPTOR", []string{"1881", "full_resource_descriptor", "9"}},
	{"REG_RESOURCE_REQUIREMENTS_LIST", []string{"1882", "resource_requirements_list", "10"}},
	{"REG_QWORD", []string{"1883", "qword", "sz_qword", "11"}},
}
