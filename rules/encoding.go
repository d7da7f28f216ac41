package rules

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/regtrap/regtrap/matcher"
)

// maxAlternatives limits what one value may expand to: four dashes of five
// kinds each.
const maxAlternatives = 625

// change applies the modifiers of a value in their order (Sigma appendix of
// modifiers 2.1). The result are alternatives: one of them has to match. A
// literal may hold bytes that are no text, between an encoding and Base64.
func change(value []matcher.Token, changes []string) ([][]matcher.Token, error) {
	values := [][]matcher.Token{value}
	for _, name := range changes {
		var next [][]matcher.Token
		for _, v := range values {
			changed, err := changeOne(v, name)
			if err != nil {
				return nil, err
			}
			if next = append(next, changed...); len(next) > maxAlternatives {
				return nil, fmt.Errorf("more than %d alternatives", maxAlternatives)
			}
		}
		values = next
	}
	for _, v := range values {
		for _, t := range v {
			if !utf8.ValidString(t.Literal) {
				return nil, errors.New("its encoding is no text; base64 or base64offset belongs behind")
			}
		}
	}
	return values, nil
}

func changeOne(v []matcher.Token, name string) ([][]matcher.Token, error) {
	star := matcher.Token{Kind: matcher.Star}
	one := func(tokens ...matcher.Token) [][]matcher.Token { return [][]matcher.Token{tokens} }
	switch name {
	case "contains":
		return one(append(append([]matcher.Token{star}, v...), star)...), nil
	case "startswith":
		return one(append(append([]matcher.Token(nil), v...), star)...), nil
	case "endswith":
		return one(append([]matcher.Token{star}, v...)...), nil
	case "windash":
		return windash(v)
	case "expand":
		v, err := placeholders(v)
		return one(v...), err
	case "wide", "utf16le", "utf16be", "utf16":
		out := make([]matcher.Token, 0, len(v)+1)
		for i, t := range v {
			if t.Kind == matcher.Literal {
				t.Literal = encode16(t.Literal, name == "utf16be")
			}
			if name == "utf16" && i == 0 {
				out = append(out, matcher.Token{Kind: matcher.Literal, Literal: "\xff\xfe"})
			}
			out = append(out, t)
		}
		return one(matcher.NewPattern(out...).Tokens()...), nil
	}
	if len(v) != 1 || v[0].Kind != matcher.Literal {
		return nil, fmt.Errorf("%s needs text without wildcards", name)
	}
	var values [][]matcher.Token
	for _, text := range encode64(v[0].Literal, name == "base64offset") {
		if text == "" {
			return nil, errors.New("too short: in one of its places in Base64 nothing of it is certain")
		}
		values = append(values, []matcher.Token{{Kind: matcher.Literal, Literal: text}})
	}
	return values, nil
}

// encode64 returns s in Base64 or, with offsets, the part of it that does not
// depend on its neighbours when it begins at byte 0, 1 or 2 of a group.
func encode64(s string, offsets bool) []string {
	if !offsets {
		return []string{base64.StdEncoding.EncodeToString([]byte(s))}
	}
	var texts []string
	for i, start := range []int{0, 2, 3} {
		text := base64.StdEncoding.EncodeToString([]byte("  "[:i] + s))
		cut := []int{0, 3, 2}[(len(s)+i)%3]
		texts = append(texts, text[start:max(start, len(text)-cut)])
	}
	return texts
}

func encode16(s string, bigEndian bool) string {
	var b []byte
	for _, c := range utf16.Encode([]rune(s)) {
		if bigEndian {
			b = binary.BigEndian.AppendUint16(b, c)
		} else {
			b = binary.LittleEndian.AppendUint16(b, c)
		}
	}
	return string(b)
}

// dashes are what Windows programs take for the dash before an option.
var dashes = []string{"-", "/", "–", "—", "―"}

// windash returns v with every dash that begins an option in every kind. One
// does when no letter, digit or _ stands before it and one stands behind.
func windash(v []matcher.Token) ([][]matcher.Token, error) {
	done := [][]matcher.Token{nil}
	for _, t := range v {
		texts := []string{""}
		if t.Kind == matcher.Literal {
			before := ' '
			for i, c := range t.Literal {
				size := utf8.RuneLen(c)
				if c == utf8.RuneError {
					_, size = utf8.DecodeRuneInString(t.Literal[i:])
				}
				behind, _ := utf8.DecodeRuneInString(t.Literal[i+size:])
				if strings.ContainsRune("-/–—―", c) && !isWord(before) && isWord(behind) {
					var more []string
					for _, text := range texts {
						for _, dash := range dashes {
							more = append(more, text+dash)
						}
					}
					texts = more
				} else {
					for j := range texts {
						texts[j] += t.Literal[i : i+size]
					}
				}
				if len(texts)*len(done) > maxAlternatives {
					return nil, fmt.Errorf("more than %d alternatives", maxAlternatives)
				}
				before = c
			}
		}
		var next [][]matcher.Token
		for _, d := range done {
			for _, text := range texts {
				token := t
				token.Literal = text
				next = append(next, append(append([]matcher.Token(nil), d...), token))
			}
		}
		done = next
	}
	return done, nil
}

func isWord(c rune) bool { return c == '_' || unicode.IsLetter(c) || unicode.IsDigit(c) }

var placeholder = regexp.MustCompile(`\\?%[0-9A-Za-z_]+%|\\%`)

// placeholders makes \% a percent sign. No placeholder has a value, so one is
// an error: the specification wants such a rule rejected.
func placeholders(v []matcher.Token) ([]matcher.Token, error) {
	out := make([]matcher.Token, len(v))
	for i, t := range v {
		out[i] = t
		for rest := t.Literal; ; {
			at := placeholder.FindStringIndex(rest)
			if at == nil {
				break
			}
			if found := rest[at[0]:at[1]]; found[0] != '\\' {
				return nil, fmt.Errorf("placeholder %s has no value", found)
			}
			rest = rest[at[0]+2:]
		}
		out[i].Literal = strings.ReplaceAll(t.Literal, `\%`, "%")
	}
	return out, nil
}
