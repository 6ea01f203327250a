// A stand-in for HopsFS, for the lab. Like the real one it keeps names and blocks as rows in RonDB and the blocks' bytes
// as objects in a versioned bucket; deleting a file deletes its rows and then its objects. It is strict: a block that is
// missing, short or changed is an error, never an empty answer.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

func env(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}

func main() {
	log.SetFlags(log.LstdFlags | log.LUTC)
	if filepath.Base(os.Args[0]) == "hdfs" {
		if err := hdfs(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if len(os.Args) != 2 {
		log.Fatal("usage: hopsfs namenode|datanode, hdfs dfs -ls -R /, hdfs dfs -cat FILE…")
	}
	switch os.Args[1] {
	case "namenode":
		n, err := openNameNode()
		if err != nil {
			log.Fatalf("the name node does not start: %v", err)
		}
		serve(env("NAMENODE_PORT", "8020"), n.routes())
	case "datanode":
		d, err := openDataNode()
		if err != nil {
			log.Fatalf("the data node does not start: %v", err)
		}
		go d.register()
		serve(env("DATANODE_PORT", "50010"), d.routes())
	default:
		log.Fatalf("unknown command %q", os.Args[1])
	}
}

func serve(port string, h http.Handler) {
	log.Printf("listening on port %s", port)
	s := &http.Server{Addr: ":" + port, Handler: h, ReadHeaderTimeout: 10 * time.Second}
	log.Fatal(s.ListenAndServe())
}

// within is a context for one call to another service.
func within(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), d)
}
