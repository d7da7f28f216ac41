package eql

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of a query. They bound the memory and the time that a hostile one can
// take; no sensible query comes near them.
const (
	maxDepth  = 100     // of parentheses, negations and calls
	maxLength = 1 << 20 // bytes
	maxTokens = 100_000
)

// Parse reads a query on one event. Its error is an *Error.
func Parse(src string) (*Query, error) {
	p := parser{lex: lexer{src: src, line: 1}}
	if len(src) > maxLength {
		return nil, p.lex.fail(0, fmt.Sprintf("the query is longer than %d bytes", maxLength), "a shorter query")
	}
	if !utf8.ValidString(src) {
		return nil, &Error{Pos: Pos{Line: 1, Column: 1}, What: "the query is no UTF-8", Want: "text in UTF-8"}
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	q, err := p.query()
	if err != nil {
		return nil, err
	}
	if p.tok.kind != end {
		return nil, p.trailing()
	}
	return q, nil
}

type parser struct {
	lex    lexer
	tok    token
	depth  int
	tokens int
}

func (p *parser) advance() (err error) {
	if p.tokens++; p.tokens > maxTokens {
		return p.fail(fmt.Sprintf("the query has more than %d words", maxTokens), "a shorter query")
	}
	p.tok, err = p.lex.next()
	return err
}

func (p *parser) fail(what, want string) error {
	return &Error{Pos: p.tok.pos, What: what, Want: want}
}

func (p *parser) unsupported(what, want string) error {
	return &Error{Pos: p.tok.pos, What: what, Want: want, Unsupported: true}
}

// shown is the token at hand as errors show it.
func (p *parser) shown() string {
	if p.tok.kind == end {
		return "the end"
	}
	return fmt.Sprintf("%q", p.lex.src[p.tok.from:p.tok.to])
}

// is reports whether the token at hand is a keyword or a symbol.
func (p *parser) is(value string) bool {
	return (p.tok.kind == name && !p.tok.quoted || p.tok.kind == symbol) && p.tok.value == value
}

// accept takes a keyword or a symbol.
func (p *parser) accept(value string) (bool, error) {
	if !p.is(value) {
		return false, nil
	}
	return true, p.advance()
}

func (p *parser) expect(value, where string) error {
	if !p.is(value) {
		return p.fail(fmt.Sprintf("%s stands where %q should", p.shown(), value), value+" "+where)
	}
	return p.advance()
}

func (p *parser) query() (*Query, error) {
	const want = "a query on one event, as in registry where …"
	switch {
	case p.is("sequence"), p.is("sample"), p.is("join"):
		return nil, p.unsupported(fmt.Sprintf("%q relates several events, which is not supported", p.tok.value), want)
	case p.tok.kind != name && p.tok.kind != text || p.tok.quoted:
		return nil, p.fail(fmt.Sprintf("%s stands where the category of events should", p.shown()), want)
	}
	q := &Query{Category: p.tok.value, Pos: p.tok.pos}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if err := p.expect("where", "behind the category"); err != nil {
		return nil, err
	}
	var err error
	q.Where, err = p.or()
	return q, err
}

// trailing says what is wrong with what stands behind the condition.
func (p *parser) trailing() error {
	switch {
	case p.is("|"):
		return p.unsupported("pipes are not supported: they work on many events", "the condition alone")
	case p.is("until"), p.is("with"), p.is("by"), p.is("["):
		return p.unsupported(fmt.Sprintf("%s belongs to sequences, which are not supported", p.shown()), "the condition alone")
	case p.tok.kind == name && slices.Contains([]string{"and", "or", "not"}, strings.ToLower(p.tok.value)):
		return p.fail(fmt.Sprintf("%s does not belong here", p.shown()), "operators in lower case")
	}
	return p.fail(fmt.Sprintf("%s behind the condition", p.shown()), "and, or, or the end")
}

func (p *parser) or() (Expr, error) {
	x, err := p.list("or", p.and)
	if len(x) == 1 {
		return x[0], err
	}
	return Or{x}, err
}

func (p *parser) and() (Expr, error) {
	x, err := p.list("and", p.not)
	if len(x) == 1 {
		return x[0], err
	}
	return And{x}, err
}

func (p *parser) list(op string, part func() (Expr, error)) ([]Expr, error) {
	var list []Expr
	for {
		x, err := part()
		if err != nil {
			return nil, err
		}
		list = append(list, x)
		if ok, err := p.accept(op); !ok || err != nil {
			return list, err
		}
	}
}

// deeper counts nesting; the caller defers p.depth--.
func (p *parser) deeper() error {
	if p.depth++; p.depth > maxDepth {
		return p.fail(fmt.Sprintf("the query is nested more than %d deep", maxDepth), "a flatter query")
	}
	return nil
}

func (p *parser) not() (Expr, error) {
	pos := p.tok.pos
	ok, err := p.accept("not")
	if err != nil || !ok {
		if err != nil {
			return nil, err
		}
		return p.relation()
	}
	defer func() { p.depth-- }()
	if err := p.deeper(); err != nil {
		return nil, err
	}
	x, err := p.not()
	return Not{X: x, Pos: pos}, err
}

// relation reads a value, and what it is compared with.
func (p *parser) relation() (Expr, error) {
	left, err := p.sum()
	if err != nil {
		return nil, err
	}
	switch {
	case p.is("=="), p.is("!="), p.is("<"), p.is("<="), p.is(">"), p.is(">="):
		op := p.tok.value
		if err := p.advance(); err != nil {
			return nil, err
		}
		right, err := p.sum()
		return Compare{Op: op, Left: left, Right: right}, err
	case p.is("="):
		return nil, p.fail(`"=" is no operator`, "== or, without case and with wildcards, :")
	case p.is(":"):
		if err := p.advance(); err != nil {
			return nil, err
		}
		return p.match(left, ":")
	case p.is("like"), p.is("regex"):
		op, err := p.word()
		if err != nil {
			return nil, err
		}
		return p.match(left, op)
	case p.is("in"):
		return p.in(left, false)
	case p.is("not"):
		if err := p.advance(); err != nil {
			return nil, err
		}
		if !p.is("in") {
			return nil, p.fail(fmt.Sprintf("%s behind not", p.shown()), "in, or not before the whole comparison")
		}
		return p.in(left, true)
	}
	return left, nil
}

// word takes a keyword that may end in ~, without a space between.
func (p *parser) word() (string, error) {
	op, to := p.tok.value, p.tok.to
	if err := p.advance(); err != nil {
		return "", err
	}
	if p.is("~") && p.tok.from == to {
		return op + "~", p.advance()
	}
	return op, nil
}

func (p *parser) in(left Expr, negate bool) (Expr, error) {
	op, err := p.word()
	if err != nil {
		return nil, err
	}
	if err := p.expect("(", "before the list"); err != nil {
		return nil, err
	}
	list, err := p.arguments()
	if err == nil && len(list) == 0 {
		err = p.fail("the list is empty", "one value at least")
	}
	return In{Op: op, Negate: negate, Left: left, List: list}, err
}

// match reads the patterns behind an operator.
func (p *parser) match(left Expr, op string) (Expr, error) {
	m := Match{Op: op, Left: left}
	pattern := func() error {
		if p.tok.kind != text {
			return p.fail(fmt.Sprintf("%s behind %s", p.shown(), op), "a text in double quotes, or a list of them in parentheses")
		}
		m.Patterns = append(m.Patterns, Text{p.tok.value, p.tok.pos})
		return p.advance()
	}
	var err error
	if m.List, err = p.accept("("); err != nil {
		return nil, err
	}
	if !m.List {
		return m, pattern()
	}
	for {
		if err := pattern(); err != nil {
			return nil, err
		}
		if ok, err := p.accept(","); err != nil {
			return nil, err
		} else if !ok {
			return m, p.expect(")", "behind the list")
		}
	}
}

// arguments reads values up to the closing parenthesis.
func (p *parser) arguments() ([]Expr, error) {
	var list []Expr
	if ok, err := p.accept(")"); ok || err != nil {
		return nil, err
	}
	for {
		x, err := p.or()
		if err != nil {
			return nil, err
		}
		list = append(list, x)
		if ok, err := p.accept(","); err != nil {
			return nil, err
		} else if !ok {
			return list, p.expect(")", "behind the list")
		}
	}
}

func (p *parser) sum() (Expr, error)     { return p.arithmetic("+-", p.product) }
func (p *parser) product() (Expr, error) { return p.arithmetic("*/%", p.sign) }

func (p *parser) arithmetic(ops string, part func() (Expr, error)) (Expr, error) {
	left, err := part()
	for err == nil && p.tok.kind == symbol && len(p.tok.value) == 1 && strings.Contains(ops, p.tok.value) {
		op := p.tok.value[0]
		if err = p.advance(); err != nil {
			break
		}
		var right Expr
		if right, err = part(); err == nil {
			left = Arithmetic{Op: op, Left: left, Right: right}
		}
	}
	return left, err
}

func (p *parser) sign() (Expr, error) {
	pos := p.tok.pos
	if ok, err := p.accept("+"); ok || err != nil { // a plus says nothing
		if err != nil {
			return nil, err
		}
		return p.primary()
	}
	ok, err := p.accept("-")
	if err != nil {
		return nil, err
	}
	x, err := p.primary()
	if ok && err == nil {
		x = Negative{X: x, Pos: pos}
	}
	return x, err
}

func (p *parser) primary() (Expr, error) {
	defer func() { p.depth-- }()
	if err := p.deeper(); err != nil {
		return nil, err
	}
	t := p.tok
	switch {
	case p.is("("):
		if err := p.advance(); err != nil {
			return nil, err
		}
		x, err := p.or()
		if err != nil {
			return nil, err
		}
		return x, p.expect(")", "that closes the parenthesis")
	case t.kind == text:
		return Text{t.value, t.pos}, p.advance()
	case t.kind == number:
		return Number{t.value, t.pos}, p.advance()
	case p.is("true"), p.is("false"):
		return Bool{t.value == "true", t.pos}, p.advance()
	case p.is("null"):
		return Null{t.pos}, p.advance()
	case p.is("?"), t.kind == name && (t.quoted || !isKeyword(t.value)):
		return p.field()
	case t.kind == name && slices.Contains([]string{"and", "or", "not"}, t.value):
		return nil, p.fail(fmt.Sprintf("%s stands where a value should", p.shown()), "a field, a text, a number or a function")
	case t.kind == name:
		return nil, p.fail(fmt.Sprintf("%s is a keyword", p.shown()), "a field; one of this name is written in backticks")
	}
	return nil, p.fail(fmt.Sprintf("%s stands where a value should", p.shown()), "a field, a text, a number or a function")
}

// field reads a field, or the call of a function.
func (p *parser) field() (Expr, error) {
	f := Field{Pos: p.tok.pos}
	var err error
	if f.Optional, err = p.accept("?"); err != nil {
		return nil, err
	}
	first := p.tok
	for {
		if p.tok.kind != name {
			return nil, p.fail(fmt.Sprintf("%s in the name of a field", p.shown()), "a name")
		}
		if strings.Contains(p.tok.value, ".") && !p.tok.quoted {
			return nil, p.fail(fmt.Sprintf("%s in the name of a field", p.shown()), "a name")
		}
		if f.Name != "" {
			f.Name += "."
		}
		f.Name += p.tok.value
		last := p.tok
		if err := p.advance(); err != nil {
			return nil, err
		}
		if f.Name == first.value && !first.quoted && !f.Optional {
			if call, err := p.call(last); call != nil || err != nil {
				return call, err
			}
		}
		switch {
		case p.is("["):
			return nil, p.unsupported("an index into an array", "the field alone: any of its values counts")
		case !p.is("."):
			return f, nil
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
}

// call reads what is behind the name of a function, or returns nil.
func (p *parser) call(function token) (Expr, error) {
	c := Call{Name: function.value, Pos: function.pos}
	if p.is("~") && p.tok.from == function.to {
		c.Fold = true
		if err := p.advance(); err != nil {
			return nil, err
		}
		if !p.is("(") {
			return nil, p.fail(fmt.Sprintf("%s behind %s~", p.shown(), c.Name), "( and the arguments of the function")
		}
	}
	ok, err := p.accept("(")
	if err != nil || !ok {
		return nil, err
	}
	if c.Args, err = p.arguments(); err != nil {
		return nil, err
	}
	return c, nil
}
