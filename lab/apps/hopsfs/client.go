package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
)

// hdfs is Hadoop's command, as far as it is needed: in the name node's pod, of that name node.
func hdfs(arguments []string) error {
	server := "http://127.0.0.1:" + env("NAMENODE_PORT", "8020")
	switch {
	case slices.Equal(arguments, []string{"dfs", "-ls", "-R", "/"}):
		return copyOf(server + "/listing")
	case len(arguments) > 2 && slices.Equal(arguments[:2], []string{"dfs", "-cat"}):
		var failed []error
		for _, path := range arguments[2:] {
			if err := copyOf(server + "/fs" + (&url.URL{Path: path}).EscapedPath()); err != nil {
				failed = append(failed, fmt.Errorf("cat: %w", err))
			}
		}
		return errors.Join(failed...)
	}
	return fmt.Errorf("hdfs: this stand-in does not know: %s", strings.Join(arguments, " "))
}

// copyOf writes to standard output what is there.
func copyOf(address string) error {
	reply, err := http.Get(address)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		why, _ := io.ReadAll(io.LimitReader(reply.Body, 4096))
		return errors.New(strings.TrimSpace(string(why)))
	}
	_, err = io.Copy(os.Stdout, reply.Body)
	return err
}
