// Package build tells which build of regtrap runs.
package build

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// Unknown stands for a version or commit that the build does not state.
const Unknown = "devel"

// Info is what identifies a build.
type Info struct {
	Version   string `json:"version"`    // as in v1.2.3, or devel
	Commit    string `json:"commit"`     // of the source, or devel
	GoVersion string `json:"go_version"` // as in go1.26.1
}

// Read returns the running build. What the linker was told (version, commit)
// counts before what the Go tool recorded; either may be empty.
func Read(version, commit string) Info {
	i := Info{Version: version, Commit: commit, GoVersion: runtime.Version()}
	if b, ok := debug.ReadBuildInfo(); ok {
		if i.Version == "" && b.Main.Version != "(devel)" {
			i.Version = b.Main.Version
		}
		for _, s := range b.Settings {
			if i.Commit == "" && s.Key == "vcs.revision" {
				i.Commit = s.Value
			}
		}
	}
	if i.Version == "" {
		i.Version = Unknown
	}
	if i.Commit == "" {
		i.Commit = Unknown
	}
	return i
}

// String is one line for people.
func (i Info) String() string {
	return fmt.Sprintf("regtrap %s (commit %s, %s)", i.Version, i.Commit, i.GoVersion)
}
