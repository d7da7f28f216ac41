package matcher_test

import (
	"fmt"

	"github.com/regtrap/regtrap/matcher"
	"github.com/regtrap/regtrap/schemas"
)

func Example() {
	condition, err := matcher.Parse(`(process.name : "wmiprvse.exe" and registry.path : "HKCU\*\Run\*")`)
	if err != nil {
		panic(err)
	}
	set, err := matcher.Compile([]matcher.Rule{{
		Condition: condition,
		Actions:   schemas.ActionSet(schemas.ValueSet),
	}})
	if err != nil {
		panic(err)
	}
	ev := schemas.BuildEvent(map[schemas.Field][]string{
		schemas.ProcessExecutable: {`C:\Windows\System32\wbem\WmiPrvSE.exe`},
		schemas.RegistryPath:      {`\REGISTRY\USER\S-1-5-21-1-2-3-1001\Software\Microsoft\Windows\CurrentVersion\Run\updater`},
	}, schemas.ValueSet)

	m := set.NewMatcher() // one a goroutine
	for _, rule := range m.Match(nil, ev) {
		for _, reason := range m.Explain(ev, rule).Reasons() {
			fmt.Println(reason.Expr)
			fmt.Println("  by", reason.Value.Text)
		}
	}
	// Output:
	// process.name : "wmiprvse.exe"
	//   by WmiPrvSE.exe
	// registry.path : "HKCU\*\Run\*"
	//   by HKEY_USERS\S-1-5-21-1-2-3-1001\Software\Microsoft\Windows\CurrentVersion\Run\updater
}

func ExamplePattern() {
	contains := matcher.NewPattern(
		matcher.Token{Kind: matcher.Star},
		matcher.Token{Kind: matcher.Literal, Literal: `\Run\`},
		matcher.Token{Kind: matcher.Star},
	)
	fmt.Println(contains)
	// Output: *\Run\*
}

func ExampleParse() {
	x, err := matcher.Parse(`not (registry.path exists and length(registry.data.strings) > 3)`)
	fmt.Println(x, err)
	_, err = matcher.Parse(`registry.path = "a"`)
	fmt.Println(err)
	// Output:
	// not (registry.path exists and length(registry.data.strings) > 3) <nil>
	// condition: at offset 14: want an operator: :, like, matches, exists, <, <=, ==, >=, >
}
