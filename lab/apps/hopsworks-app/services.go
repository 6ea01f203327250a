package main

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

var client = &http.Client{Timeout: 2 * time.Minute,
	Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} // the lab's own certificates

// call makes one request; an answer of 300 and more is an error.
func call(method, url, user, password, kind string, body []byte) ([]byte, error) {
	request, err := http.NewRequest(method, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if user != "" {
		request.SetBasicAuth(user, password)
	}
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	reply, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer reply.Body.Close()
	data, err := io.ReadAll(reply.Body)
	if err == nil && reply.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %d %.300s", method, url, reply.StatusCode, strings.TrimSpace(string(data)))
	}
	return data, err
}

// Files is HopsFS, by its name node.
type Files struct{ url string }

func (f *Files) list() (files map[string]int64, err error) {
	data, err := call(http.MethodGet, f.url+"/files", "", "", "", nil)
	if err == nil {
		err = json.Unmarshal(data, &files)
	}
	return files, err
}

func (f *Files) write(path string, body []byte) error {
	_, err := call(http.MethodPut, f.url+"/fs"+path, "", "", "", body)
	return err
}

func (f *Files) read(path string) ([]byte, error) {
	return call(http.MethodGet, f.url+"/fs"+path, "", "", "", nil)
}

// Search is OpenSearch.
type Search struct{ url, user, password string }

func (s *Search) call(method, path, kind string, body []byte) ([]byte, error) {
	return call(method, s.url+"/"+path, s.user, s.password, kind, body)
}

func (s *Search) wait(limit time.Duration) (err error) {
	for until := time.Now().Add(limit); time.Now().Before(until); time.Sleep(time.Second) {
		if _, err = s.call(http.MethodGet, "_cluster/health?wait_for_status=yellow&timeout=5s", "", nil); err == nil {
			return nil
		}
	}
	return fmt.Errorf("search: %w", err)
}

func (s *Search) createIndex(name string) error {
	if _, err := s.call(http.MethodHead, name, "", nil); err == nil {
		return nil
	}
	_, err := s.call(http.MethodPut, name, "application/json", []byte(`{"settings": {"number_of_shards": 2, "number_of_replicas": 0}}`))
	return err
}

// count fails where a shard did not answer: OpenSearch then counts the others without a word.
func (s *Search) count(index string) (int, error) {
	data, err := s.call(http.MethodGet, index+"/_count", "", nil)
	if err != nil {
		return 0, err
	}
	var answer struct {
		Count  int
		Shards struct{ Total, Successful int } `json:"_shards"`
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return 0, err
	}
	if answer.Shards.Successful < answer.Shards.Total {
		return 0, fmt.Errorf("index %s: only %d of %d shards answer", index, answer.Shards.Successful, answer.Shards.Total)
	}
	return answer.Count, nil
}

// add puts a document for the project and one for each of its features.
func (s *Search) add(project string, features int) error {
	var lines bytes.Buffer
	fmt.Fprintf(&lines, "{\"index\":{\"_index\":\"projects\",\"_id\":%q}}\n{\"name\":%q,\"features\":%d}\n", project, project, features)
	for n := range features {
		fmt.Fprintf(&lines, "{\"index\":{\"_index\":\"featurestore\",\"_id\":\"%s-%d\"}}\n{\"project\":%q,\"n\":%d,\"value\":%q}\n",
			project, n, project, n, featureValue(project, n))
	}
	data, err := s.call(http.MethodPost, "_bulk?refresh=true", "application/x-ndjson", lines.Bytes())
	if err == nil && bytes.Contains(data, []byte(`"errors":true`)) {
		err = fmt.Errorf("search: not every document was taken: %.300s", data)
	}
	return err
}
