package main

import (
	"bytes"

	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/cli/values"
	"helm.sh/helm/v3/pkg/getter"

	"helm.sh/helm/v3/pkg/chart"
)

// texts3 gives the files of a case to Helm, which takes their names for URLs.
type texts3 map[string][]byte

func (t texts3) Get(name string, _ ...getter.Option) (*bytes.Buffer, error) {
	return find(t, name)
}

func helm3(c *Case) (map[string]any, error) {
	providers := getter.Providers{{
		Schemes: []string{"mem"},
		New:     func(...getter.Option) (getter.Getter, error) { return texts3(c.Texts), nil },
	}}
	options := values.Options{
		ValueFiles: c.Files, Values: c.Set, StringValues: c.SetString,
		JSONValues: c.SetJSON, FileValues: c.SetFile, LiteralValues: c.SetLiteral,
	}
	vals, err := options.MergeValues(providers)
	if err != nil {
		return nil, err
	}
	var ch *chart.Chart
	switch {
	case c.ChartPath != "":
		ch, err = loader.Load(c.ChartPath)
	case c.Chart != nil:
		var files []*loader.BufferedFile
		for _, name := range names(c.Chart) {
			files = append(files, &loader.BufferedFile{Name: name, Data: c.Chart[name]})
		}
		ch, err = loader.LoadFiles(files)
	default:
		return vals, nil
	}
	if err != nil {
		return nil, err
	}
	// As `helm install` does it: pkg/cmd/install.go, pkg/action/install.go.
	if wanted := ch.Metadata.Dependencies; wanted != nil {
		if err := action.CheckDependencies(ch, wanted); err != nil {
			return nil, err
		}
	}
	if err := chartutil.ProcessDependenciesWithMerge(ch, vals); err != nil {
		return nil, err
	}
	top, err := chartutil.ToRenderValuesWithSchemaValidation(ch, vals, chartutil.ReleaseOptions{}, nil, true)
	if err != nil {
		return nil, err
	}
	return top["Values"].(chartutil.Values).AsMap(), nil
}
