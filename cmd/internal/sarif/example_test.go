package sarif_test

import (
	"os"

	"github.com/regtrap/regtrap/cmd/internal/sarif"
)

func ExampleLog() {
	log := sarif.New(sarif.Driver{Name: "regtrap", Rules: []sarif.Rule{{
		ID:               "pattern",
		ShortDescription: sarif.Text{Text: "A pattern that matches nothing"},
		Help:             sarif.Text{Text: "Look for a misspelled hive."},
		Default:          sarif.Configuration{Level: "warning"},
	}}})
	log.Runs[0].Results = append(log.Runs[0].Results, sarif.Result{
		RuleID: "pattern", Level: "warning", Message: sarif.Text{Text: "no path begins with HKML"},
		Locations: []sarif.Location{{Physical: sarif.PhysicalLocation{
			Artifact: sarif.Artifact{URI: sarif.URI("/repo", "rules/a.yml")},
			Region:   &sarif.Region{StartLine: 8, StartColumn: 34},
		}}},
	})
	if err := log.Write(os.Stdout); err != nil {
		panic(err)
	}
	// Output:
	// {
	//   "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
	//   "version": "2.1.0",
	//   "runs": [
	//     {
	//       "tool": {
	//         "driver": {
	//           "name": "regtrap",
	//           "rules": [
	//             {
	//               "id": "pattern",
	//               "shortDescription": {
	//                 "text": "A pattern that matches nothing"
	//               },
	//               "help": {
	//                 "text": "Look for a misspelled hive."
	//               },
	//               "defaultConfiguration": {
	//                 "level": "warning"
	//               }
	//             }
	//           ]
	//         }
	//       },
	//       "columnKind": "unicodeCodePoints",
	//       "results": [
	//         {
	//           "ruleId": "pattern",
	//           "ruleIndex": 0,
	//           "level": "warning",
	//           "message": {
	//             "text": "no path begins with HKML"
	//           },
	//           "locations": [
	//             {
	//               "physicalLocation": {
	//                 "artifactLocation": {
	//                   "uri": "rules/a.yml"
	//                 },
	//                 "region": {
	//                   "startLine": 8,
	//                   "startColumn": 34
	//                 }
	//               }
	//             }
	//           ]
	//         }
	//       ]
	//     }
	//   ]
	// }
}
