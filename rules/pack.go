package rules

import (
	"embed"
	"io/fs"
)

//go:embed pack/*.yml
var packFS embed.FS

// packSources returns the files of the built-in pack, named "pack/NAME.yml".
func packSources() ([]source, error) {
	names, err := fs.Glob(packFS, "pack/*.yml")
	if err != nil {
		return nil, err
	}
	var sources []source
	for _, name := range names {
		data, err := packFS.ReadFile(name)
		if err != nil {
			return nil, err
		}
		sources = append(sources, source{name, data, true})
	}
	return sources, nil
}
