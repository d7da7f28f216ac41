package schemas_test

import (
	"encoding/json"
	"testing"

	"github.com/valyala/fastjson"
)

// BenchmarkParsers is what general parsers need for the same bytes, before
// anything is looked up or derived.
func BenchmarkParsers(b *testing.B) {
	value := []byte(otherRecord)
	b.Run("fastjson", func(b *testing.B) {
		var p fastjson.Parser
		b.SetBytes(int64(len(value)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := p.ParseBytes(value); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding_json", func(b *testing.B) {
		b.SetBytes(int64(len(value)))
		b.ReportAllocs()
		for b.Loop() {
			var v any
			if err := json.Unmarshal(value, &v); err != nil {
				b.Fatal(err)
			}
		}
	})
}
