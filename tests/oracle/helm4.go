package main

import (
	"bytes"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/loader/archive"
	v2 "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/cli/values"
	"helm.sh/helm/v4/pkg/getter"
)

// texts4 gives the files of a case to Helm, which takes their names for URLs.
type texts4 map[string][]byte

func (t texts4) Get(name string, _ ...getter.Option) (*bytes.Buffer, error) {
	return find(t, name)
}

func helm4(c *Case) (map[string]any, error) {
	providers := getter.Providers{{
		Schemes: []string{"mem"},
		New:     func(...getter.Option) (getter.Getter, error) { return texts4(c.Texts), nil },
	}}
	options := values.Options{
		ValueFiles: c.Files, Values: c.Set, StringValues: c.SetString,
		JSONValues: c.SetJSON, FileValues: c.SetFile, LiteralValues: c.SetLiteral,
	}
	vals, err := options.MergeValues(providers)
	if err != nil {
		return nil, err
	}
	var ch *v2.Chart
	switch {
	case c.ChartPath != "":
		ch, err = loader.Load(c.ChartPath)
	case c.Chart != nil:
		var files []*archive.BufferedFile
		for _, name := range names(c.Chart) {
			files = append(files, &archive.BufferedFile{Name: name, Data: c.Chart[name]})
		}
		ch, err = loader.LoadFiles(files)
	default:
		return vals, nil
	}
	if err != nil {
		return nil, err
	}
	// As `helm install` does it: pkg/cmd/install.go, pkg/action/install.go.
	var wanted []chart.Dependency
	for _, dependency := range ch.Metadata.Dependencies {
		wanted = append(wanted, dependency)
	}
	if err := action.CheckDependencies(ch, wanted); err != nil {
		return nil, err
	}
	if err := chartutil.ProcessDependencies(ch, vals); err != nil {
		return nil, err
	}
	top, err := util.ToRenderValuesWithSchemaValidation(ch, vals, common.ReleaseOptions{}, nil, true)
	if err != nil {
		return nil, err
	}
	return top["Values"].(common.Values).AsMap(), nil
}
