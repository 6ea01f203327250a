package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// typed writes values with the Go types that templates see: i5 is an int64, f5 a float64, as a template would print it.
func typed(value any) string {
	var text strings.Builder
	write(&text, value)
	return text.String()
}

func write(text *strings.Builder, value any) {
	switch v := value.(type) {
	case nil:
		text.WriteString("null")
	case bool:
		fmt.Fprint(text, v)
	case int64:
		fmt.Fprintf(text, "i%v", v)
	case float64:
		fmt.Fprintf(text, "f%v", v)
	case string:
		quote(text, v)
	case []any:
		text.WriteByte('[')
		for _, item := range v {
			write(text, item)
			text.WriteByte(',')
		}
		text.WriteByte(']')
	case map[string]any:
		text.WriteByte('{')
		for _, key := range slices.Sorted(maps.Keys(v)) {
			quote(text, key)
			text.WriteByte(':')
			write(text, v[key])
			text.WriteByte(',')
		}
		text.WriteByte('}')
	default:
		fmt.Fprintf(text, "?%T", v)
	}
}

// quote writes a text so that it has one form only: a byte that is not UTF-8 becomes U+FFFD.
func quote(text *strings.Builder, s string) {
	text.WriteByte('"')
	for _, r := range s {
		if r < ' ' || r == '"' || r == '\\' {
			fmt.Fprintf(text, "\\x%02x", r)
		} else {
			text.WriteRune(r)
		}
	}
	text.WriteByte('"')
}
