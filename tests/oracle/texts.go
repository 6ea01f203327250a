package main

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
)

func find(texts map[string][]byte, name string) (*bytes.Buffer, error) {
	text, ok := texts[name]
	if !ok {
		return nil, fmt.Errorf("no such text: %s", name)
	}
	return bytes.NewBuffer(text), nil
}

func names(files map[string][]byte) []string {
	return slices.Sorted(maps.Keys(files))
}
