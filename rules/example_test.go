package rules_test

import (
	"fmt"

	"github.com/regtrap/regtrap/rules"
)

func ExampleLoad() {
	snapshot, problems, err := rules.Load(rules.Config{Pack: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range problems {
		fmt.Println(p)
	}
	for _, r := range snapshot.Rules {
		fmt.Println(r.Severity, r.Name)
	}
	// Output:
	// high Persistence via WMI Standard Registry Provider
	// high Detect WMI Registry Persistence via Run Keys
	// high Detect WMI Registry Persistence via Service ImagePath Modification
	// high Detect WMI Registry Persistence via Winlogon Shell Modification
}

func ExampleSnapshot_Fold() {
	snapshot, _, err := rules.Load(rules.Config{Pack: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	// The first rule and the one about Run keys fired on one event.
	for _, hit := range snapshot.Fold(nil, []int32{0, 1}) {
		fmt.Println(hit.Rule.Name)
		for _, r := range hit.Related {
			fmt.Println("  instead of", r.Name)
		}
	}
	// Output:
	// Detect WMI Registry Persistence via Run Keys
	//   instead of Persistence via WMI Standard Registry Provider
}

func ExampleProblem_String() {
	p := rules.Problem{
		File: "rules/my.yml", Line: 14,
		Column: 9,
		What:   `Details|dash: modifier "dash" is unknown`,
		Want:   "contains, startswith, endswith, …",
	}
	fmt.Println(p)
	// Output:
	// rules/my.yml:14:9: Details|dash: modifier "dash" is unknown: contains, startswith, endswith, …
}
