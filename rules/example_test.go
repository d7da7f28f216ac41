package rules_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

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

func ExampleCheck() {
	folder, err := os.MkdirTemp("", "rules")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "corp.yml")
	rule := `title: A service of Corp's
id: 5b8b1c1e-2f3a-4a7e-9a36-9f3c1d6a2b05
level: low
logsource: {category: registry_set, product: windows}
detection:
    service:
        TargetObject|startswith: 'HKML\SYSTEM\CurrentControlSet\Services\Corp'
    condition: service
`
	if err := os.WriteFile(file, []byte(rule), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	report, err := rules.Check(rules.Config{Paths: []string{file}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range report.Problems {
		line, _ := report.Line(p)
		fmt.Println(p.Severity(), p.Code, p.Line, p.Column)
		fmt.Println(strings.TrimSpace(line))
		fmt.Println(p.What)
		fmt.Println(p.Want)
	}
	// Output:
	// warning pattern 7 34
	// TargetObject|startswith: 'HKML\SYSTEM\CurrentControlSet\Services\Corp'
	// TargetObject|startswith "HKML\SYSTEM\CurrentControlSet\Services\Corp": no path begins with "HKML"
	// HKLM
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
