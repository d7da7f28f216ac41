package main

import (
	"bytes"
	"context"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestDemoTellsOfEveryAttackAndEnds(t *testing.T) {
	var out, errs bytes.Buffer
	if status := run(t.Context(), []string{"--records", "300"}, &out, &errs); status != 0 {
		t.Fatalf("exit status %d:\n%s", status, errs.String())
	}
	text := out.String()
	for _, want := range []string{
		`What came in: 300 records`, `registry events read, by shape +\d+`, `skipped, by reason +\d+`, `dead letters, by reason +2`,
		`HIGH  Detect WMI Registry Persistence via`, `technique +T1547`, `published to regtrap.alerts, partition \d, offset \d`,
		`\n300 records, 6 alerts, 2 dead letters in [0-9.]+ s: every attack raised one alert, and nothing else did\.\n$`,
	} {
		if !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("the demo does not say %q:\n%s", want, text)
		}
	}
	if n := strings.Count(text, "HIGH"); n != 6 {
		t.Errorf("%d alerts shown, want 6", n)
	}
	if errs.Len() > 0 {
		t.Errorf("standard error: %s", errs.String())
	}
}

func TestDemoKeepsUntilInterrupted(t *testing.T) {
	ctx, interrupt := context.WithTimeout(t.Context(), 3*time.Second)
	defer interrupt()
	var out, errs bytes.Buffer
	if status := run(ctx, []string{"--records", "20", "--keep"}, &out, &errs); status != 0 {
		t.Fatalf("exit status %d:\n%s", status, errs.String())
	}
	if !strings.Contains(out.String(), "Still running") || !strings.Contains(out.String(), "/metrics") {
		t.Errorf("the demo does not say where it runs:\n%s", out.String())
	}
}

func TestDemoRefusesWrongUsage(t *testing.T) {
	for _, args := range [][]string{{"--bogus"}, {"extra"}, {"--records", "1"}} {
		var out, errs bytes.Buffer
		if status := run(t.Context(), args, &out, &errs); status != 2 || errs.Len() == 0 {
			t.Errorf("%q: exit status %d, standard error %q", args, status, errs.String())
		}
	}
}
