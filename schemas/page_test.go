package schemas

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

const shapesPage = "../docs/shapes.md"

// The page of shapes is made of the tables that the decoder runs on. Its text
// before and between the generated parts is written by hand.
func TestThePageOfShapesSaysWhatTheTablesSay(t *testing.T) {
	text, err := os.ReadFile(shapesPage)
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	for name, want := range map[string]string{"fields": pageOfFields(), "shapes": pageOfShapes(), "wrappers": pageOfWrappers()} {
		begin, end := "<!-- "+name+": from the tables -->\n", "<!-- /"+name+" -->\n"
		head, rest, ok := strings.Cut(page, begin)
		old, tail, ok2 := strings.Cut(rest, end)
		if !ok || !ok2 {
			t.Fatalf("%s has no part between %q and %q", shapesPage, begin, end)
		}
		if old != want && flag.Lookup("update").Value.String() != "true" {
			t.Errorf("the part %q is not what the tables say; go test ./schemas -run Page -update writes it anew", name)
		}
		page = head + begin + want + end + tail
	}
	if page != string(text) && flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(shapesPage, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range EverythingMissing.list() {
		if !strings.Contains(page, "| `"+m+"` |") {
			t.Errorf("the page does not say what it means that %q is missing", m)
		}
	}
}

func (m Missing) list() []string { return strings.Split(m.String(), ",") }

// A pageRow is what the page calls some places.
type pageRow struct {
	name   string
	places []Field // in the order in which they are looked for
}

func pageRows() []pageRow {
	return []pageRow{
		{"event id", []Field{EventCode}},
		{"log or provider", []Field{Channel, EventProvider}},
		{"path", []Field{RegistryPath}},
		{"key", []Field{wireKey}},
		{"value name", []Field{wireValueName}},
		{"new path", []Field{RegistryNewPath}},
		{"key before a rename", []Field{wireNewKey}},
		{"data", []Field{RegistryDataStrings}},
		{"data of an integer", []Field{wireNumber}},
		{"opaque data", []Field{wireDataBytes}},
		{"data type", []Field{RegistryDataType}},
		{"action", []Field{wireAction, SysmonEventType, SourceAction}},
		{"image", []Field{ProcessExecutable}},
		{"folder of the image", []Field{wireFolder}},
		{"process name", []Field{ProcessName}},
		{"process id", []Field{ProcessPID}},
		{"entity id", []Field{ProcessEntityID}},
		{"command line", []Field{ProcessCommandLine}},
		{"parent", []Field{ProcessParentExecutable, ProcessParentName, ProcessParentPID, ProcessParentCommandLine}},
		{"signature", []Field{ProcessSignatureExists, ProcessSignatureTrusted, ProcessSignatureStatus, ProcessSignatureSubject}},
		{"original file name", []Field{ProcessOriginalFileName}},
		{"arguments", []Field{ProcessArgs}},
		{"who asked for it", []Field{EffectiveExecutable, EffectiveName, EffectivePID, EffectiveEntityID}},
		{"SID of the user", []Field{UserID}},
		{"user", []Field{UserFull, UserName, UserDomain}},
		{"host", []Field{HostName}},
		{"host id", []Field{HostID}},
		{"time", []Field{wireUTCTime, wireSystemTime, wireTimestamp, wireZonedTime}},
		{"rule of Sysmon's configuration", []Field{RuleName}},
		{"4657: key and value name", []Field{auditObject, auditValueName}},
		{"4657: operation", []Field{auditOperation}},
		{"4657: data and its type", []Field{auditData, auditDataType}},
		{"4657: image", []Field{auditImage}},
		{"4657: user", []Field{auditUserID, auditUserName, auditUserDomain}},
		{"fields by position", []Field{wireInserts}},
		{"file", []Field{FilePath}},
		{"dataset, module", []Field{EventDataset, EventModule}},
		{"the shipper's error", []Field{wireError}},
		{"the event's XML", []Field{wireRawXML}},
		{"carried into the alert", []Field{SourceType, SourceKind, SourceCategory, SourceID, SourceMessage, SourceTags, SourceRuleName}},
	}
}

func TestThePageOfShapesHasARowForEveryPlace(t *testing.T) {
	listed := make(map[Field]bool)
	for _, r := range pageRows() {
		for _, f := range r.places {
			listed[f] = true
		}
	}
	for _, s := range shapeTables() {
		for f := range s.places {
			if !listed[f] {
				t.Errorf("%s: the place %d is in no row", s.name, f)
			}
		}
	}
}

// paths returns where the shape has the places of a row, each path once.
func (r pageRow) paths(s *shape) (paths []string) {
	seen := make(map[string]bool)
	for _, f := range r.places {
		for _, path := range s.places[f] {
			if !seen[path] {
				seen[path] = true
				paths = append(paths, path)
			}
		}
	}
	return paths
}

func shapesByID() []shape {
	list := make([]shape, numShapes-1)
	for _, s := range shapeTables() {
		list[s.id-1] = s
	}
	return list
}

// pageOfFields is the table shape × field.
func pageOfFields() string {
	columns := []struct {
		name string
		rows []string
	}{
		{"path", []string{"path", "key"}},
		{"new path", []string{"new path", "key before a rename"}},
		{"data", []string{"data"}},
		{"type", []string{"data type"}},
		{"image", []string{"image", "folder of the image"}},
		{"process name", []string{"process name"}},
		{"process id", []string{"process id"}},
		{"command line", []string{"command line"}},
		{"parent", []string{"parent"}},
		{"signature", []string{"signature"}},
		{"SID", []string{"SID of the user"}},
		{"user", []string{"user"}},
		{"host", []string{"host"}},
		{"time", []string{"time"}},
		{"4657", []string{"4657: key and value name"}},
	}
	rows := make(map[string]pageRow)
	for _, r := range pageRows() {
		rows[r.name] = r
	}
	var b strings.Builder
	b.WriteString("| shape |")
	for _, c := range columns {
		fmt.Fprintf(&b, " %s |", c.name)
	}
	b.WriteString("\n| --- |" + strings.Repeat(" :-: |", len(columns)) + "\n")
	for _, s := range shapesByID() {
		fmt.Fprintf(&b, "| [`%s`](#%s) |", s.name, s.name)
		for _, c := range columns {
			mark := ""
			for _, name := range c.rows {
				if len(rows[name].paths(&s)) > 0 {
					mark = "●"
				}
			}
			fmt.Fprintf(&b, " %s |", mark)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// pageOfShapes is a section a shape.
func pageOfShapes() string {
	var b strings.Builder
	for _, s := range shapesByID() {
		fmt.Fprintf(&b, "### %s\n\n%s.\n\n", s.name, s.title)
		switch {
		case s.xml:
			b.WriteString("Told by: it begins as XML with an element `Event`.\n")
		default:
			b.WriteString("Told by: ")
			for i, clues := range s.told {
				if i > 0 {
					b.WriteString("; or ")
				}
				for k, c := range clues {
					if k > 0 {
						b.WriteString(" and ")
					}
					fmt.Fprintf(&b, "`%s`", c.path)
					if want, prefix := strings.CutSuffix(c.want, "*"); prefix {
						fmt.Fprintf(&b, " beginning with `%s`", want)
					} else if c.want != "" {
						fmt.Fprintf(&b, " being `%s`", want)
					}
				}
			}
			b.WriteString(".\n")
		}
		if s.notes != "" {
			b.WriteString("\n" + s.notes + "\n")
		}
		b.WriteString("\n| what | where, the first that is filled counts |\n| --- | --- |\n")
		for _, r := range pageRows() {
			if paths := r.paths(&s); len(paths) > 0 {
				fmt.Fprintf(&b, "| %s | `%s` |\n", r.name, strings.Join(paths, "`, `"))
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// pageOfWrappers is the table of what documents come in.
func pageOfWrappers() string {
	var b strings.Builder
	b.WriteString("| place | written by | holds |\n| --- | --- | --- |\n")
	for _, w := range wrappers() {
		holds := "XML or JSON as a text, or an array of documents"
		if w.objects {
			holds = "an object, " + holds
		}
		if w.strict {
			holds += "; a text that begins as JSON has to be JSON"
		}
		if w.host != "" {
			holds += fmt.Sprintf("; `%s` and `%s` are the event's where it says nothing else", w.host, w.time)
		}
		place := "`" + w.path + "`"
		for _, c := range w.when {
			place += fmt.Sprintf(", beside `%s`", c.path)
			if c.want != "" {
				place += fmt.Sprintf(" being `%s`", c.want)
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", place, w.title, holds)
	}
	return b.String()
}
