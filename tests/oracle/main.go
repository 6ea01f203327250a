// The oracle says what values Helm would have: it asks the packages of Helm 3 and Helm 4 themselves.
//
// Cases come as JSON lines on standard input, answers go as JSON lines to standard output, one for each case, in order.
// tests/it/values_oracle builds and asks it.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
)

// A Case is what one run of Helm is given.
type Case struct {
	// Helm is 3 or 4.
	Helm int `json:"helm"`
	// Texts are the files, by names like mem:0 that Files and SetFile may use.
	Texts map[string][]byte `json:"texts"`

	Files      []string `json:"files"`
	Set        []string `json:"set"`
	SetString  []string `json:"set_string"`
	SetJSON    []string `json:"set_json"`
	SetFile    []string `json:"set_file"`
	SetLiteral []string `json:"set_literal"`

	// Chart holds a chart's files by their path; ChartPath names a chart on disk.
	Chart     map[string][]byte `json:"chart"`
	ChartPath string            `json:"chart_path"`
}

// An Answer is what Helm made of a case.
type Answer struct {
	// Typed shows the values with their Go types, see typed.go.
	Typed string `json:"typed,omitempty"`
	// JSON is what Helm prints for them as JSON.
	JSON string `json:"json,omitempty"`
	// Error is why Helm refuses the case.
	Error string `json:"error,omitempty"`
}

func main() {
	log.SetOutput(io.Discard)
	slog.SetDefault(slog.New(slog.DiscardHandler))

	cases := json.NewDecoder(bufio.NewReaderSize(os.Stdin, 1<<20))
	// What Helm reads as standard input (`-`) is empty.
	os.Stdin, _ = os.Open(os.DevNull)
	answers := bufio.NewWriter(os.Stdout)
	for {
		var c Case
		if err := cases.Decode(&c); err == io.EOF {
			break
		} else if err != nil {
			log.Fatal(err)
		}
		line, err := json.Marshal(answer(&c))
		if err != nil {
			line, _ = json.Marshal(Answer{Error: err.Error()})
		}
		answers.Write(append(line, '\n'))
		answers.Flush()
	}
}

func answer(c *Case) (a Answer) {
	defer func() {
		if r := recover(); r != nil {
			a = Answer{Error: fmt.Sprintf("panic: %v", r)}
		}
	}()
	ask := helm3
	if c.Helm == 4 {
		ask = helm4
	}
	values, err := ask(c)
	if err != nil {
		return Answer{Error: err.Error()}
	}
	a.Typed = typed(values)
	text, err := json.Marshal(values)
	if err != nil {
		return Answer{Error: err.Error()}
	}
	a.JSON = string(text)
	return a
}
