package rules

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regtrap/regtrap/schemas"
)

// sigmaPage returns docs/sigma.md and its blocks of YAML.
func sigmaPage(t *testing.T) (page string, blocks []string) {
	t.Helper()
	data, err := os.ReadFile("../docs/sigma.md")
	if err != nil {
		t.Fatal(err)
	}
	for i, part := range strings.Split(string(data), "```") {
		if block, ok := strings.CutPrefix(part, "yaml\n"); ok && i%2 == 1 {
			blocks = append(blocks, block)
		}
	}
	return string(data), blocks
}

// block returns the only block that begins so.
func block(t *testing.T, blocks []string, begin string) string {
	t.Helper()
	blocks = slices.DeleteFunc(slices.Clone(blocks), func(b string) bool { return !strings.HasPrefix(b, begin) })
	if len(blocks) != 1 {
		t.Fatalf("%d blocks begin with %q", len(blocks), begin)
	}
	return blocks[0]
}

func TestExceptionOfThePageExceptsTheKiosks(t *testing.T) {
	_, blocks := sigmaPage(t)
	file := filepath.Join(t.TempDir(), "kiosk.yml")
	if err := os.WriteFile(file, []byte(block(t, blocks, "title: Kiosk shell")), 0o600); err != nil {
		t.Fatal(err)
	}
	s, problems, err := Load(Config{Pack: true, Paths: []string{file}})
	if err != nil || len(problems) > 0 {
		t.Fatal(problems, err)
	}
	const first = "Persistence via WMI Standard Registry Provider"
	const special = "Detect WMI Registry Persistence via Winlogon Shell Modification"
	for _, tt := range []struct{ host, data, want string }{
		{"kiosk-7", `C:\Kiosk\kiosk.exe`, first},
		{"kiosk-7", `C:\Kiosk\other.exe`, special},
		{"ws-041.corp.example", `C:\Kiosk\kiosk.exe`, special},
	} {
		ev := setValue(map[schemas.Field][]string{
			schemas.RegistryPath:        {`HKU\S-1-5-21-1-2-3-1001\Software\Microsoft\Windows NT\CurrentVersion\Winlogon\Shell`},
			schemas.RegistryDataStrings: {tt.data},
			schemas.ProcessExecutable:   {`C:\Windows\System32\wbem\WmiPrvSE.exe`},
			schemas.HostName:            {tt.host},
		})
		if d := cmp.Diff([]string{tt.want}, titles(s, ev)); d != "" {
			t.Errorf("%s %s:\n%s", tt.host, tt.data, d)
		}
	}
}

func TestKeywordsOfThePageAreFound(t *testing.T) {
	_, blocks := sigmaPage(t)
	rule := sigmaRule()
	s, problems := loadText(t, "f.yml", rule[:strings.Index(rule, "detection:")]+block(t, blocks, "detection:"))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for data, want := range map[string]int{
		"run MIMIKATZ now": 1, "sekurlsa::logonpasswords": 1, "one and two": 1, "one": 0, "sekurlsa": 0,
	} {
		ev := setValue(map[schemas.Field][]string{schemas.RegistryPath: {`HKLM\a\b`}, schemas.RegistryDataStrings: {data}})
		if got := len(titles(s, ev)); got != want {
			t.Errorf("%s: %d rules fire, want %d", data, got, want)
		}
	}
}

func TestPageNamesEveryModifierAndCategory(t *testing.T) {
	page, _ := sigmaPage(t)
	for _, name := range strings.FieldsFunc(allModifiers, func(r rune) bool { return strings.ContainsRune(" ,()", r) }) {
		if !strings.Contains(page, "`"+name+"`") {
			t.Errorf("modifier %s is not on the page", name)
		}
	}
	for name := range categories() {
		if !strings.Contains(page, "| `"+name+"` |") {
			t.Errorf("log source %s is not on the page", name)
		}
	}
}
