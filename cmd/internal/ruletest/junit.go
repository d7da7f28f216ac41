package ruletest

import (
	"io"

	"github.com/jstemmer/go-junit-report/v2/junit"
)

// WriteJUnit writes results as JUnit XML, a suite a file, for the tools that
// show test results.
func WriteJUnit(w io.Writer, results []Result) error {
	var all junit.Testsuites
	all.Name = "regtrap"
	suite := junit.Testsuite{}
	flush := func() {
		if suite.Tests > 0 {
			suite.ID = len(all.Suites)
			all.AddSuite(suite)
		}
	}
	for i := range results {
		r := &results[i]
		if r.File != suite.Name {
			flush()
			suite = junit.Testsuite{Name: r.File, File: r.File, Time: "0"}
		}
		test := junit.Testcase{Name: r.Name, Classname: r.RuleName}
		switch {
		case r.Err != nil:
			test.Error = &junit.Result{Message: r.Failure(), Data: r.Text()}
		case !r.Passed:
			test.Failure = &junit.Result{Message: r.Failure(), Data: r.Text()}
		}
		suite.AddTestcase(test)
	}
	flush()
	return all.WriteXML(w)
}
