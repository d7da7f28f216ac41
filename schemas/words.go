package schemas

// inWords reports whether the source's words for what was done hold word, which
// is lower case and of letters: in any letter case, and passing over blanks and
// underscores, so that REGISTRY_SET_VALUE holds setvalue.
func inWords(words, word string) bool {
	for i := range len(words) {
		k := 0
		for at := i; at < len(words) && k < len(word); at++ {
			c := words[at]
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			if c == word[k] {
				k++
			} else if at == i || c != ' ' && c != '_' {
				break
			}
		}
		if k == len(word) {
			return true
		}
	}
	return false
}
