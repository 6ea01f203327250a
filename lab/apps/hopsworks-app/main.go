// A stand-in for the Hopsworks application, for the lab. It keeps projects in every service and does not start when one
// of them has lost or mixed up its part: the judge of a restore that is only half done.
//
//	POST /projects {"name": …, "features": N, "files": N}   makes a project: rows, files, a document for each feature
//	GET  /projects                                          their names
//	GET  /check                                             200 if all is whole, else 500 and what is not
package main

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"time"
)

func env(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}

// App joins the services that hold its data.
type App struct {
	db   *sql.DB
	fs   *Files
	docs *Search
	key  string
}

func main() {
	log.SetFlags(log.LstdFlags | log.LUTC)
	app, err := start()
	if err != nil {
		log.Fatalf("the application does not start: %v", err)
	}
	log.Printf("all is whole: listening")
	s := &http.Server{Addr: ":" + env("PORT", "8080"), Handler: app.routes(), ReadHeaderTimeout: 10 * time.Second}
	log.Fatal(s.ListenAndServe())
}

func start() (*App, error) {
	db, err := openDatabase(os.Getenv("RONDB_DATABASE"))
	if err != nil {
		return nil, err
	}
	app := &App{db: db, fs: &Files{"http://" + os.Getenv("NAMENODE")}, key: os.Getenv("MASTER_KEY"),
		docs: &Search{strings.TrimRight(os.Getenv("OPENSEARCH_URL"), "/"), os.Getenv("OPENSEARCH_USER"), os.Getenv("OPENSEARCH_PASSWORD")}}
	if err := app.docs.wait(2 * time.Minute); err != nil {
		return nil, err
	}
	fresh, err := app.prepare()
	if err != nil || fresh {
		return app, err
	}
	// A data node may not have reported yet: look again for a while before judging.
	for range 10 {
		if err = app.whole(); err == nil {
			return app, nil
		}
		time.Sleep(2 * time.Second)
	}
	return nil, err
}

func (a *App) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /check", func(w http.ResponseWriter, _ *http.Request) {
		if err := a.whole(); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprintln(w, "whole")
	})
	mux.HandleFunc("GET /projects", func(w http.ResponseWriter, _ *http.Request) {
		projects, err := a.projects()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		for _, p := range projects {
			fmt.Fprintln(w, p.name)
		}
	})
	mux.HandleFunc("POST /projects", func(w http.ResponseWriter, r *http.Request) {
		var p struct {
			Name            string
			Features, Files int
		}
		err := json.NewDecoder(io.LimitReader(r.Body, 1<<16)).Decode(&p)
		if err == nil && p.Name == "" {
			err = errors.New("a project needs a name")
		}
		if err == nil {
			err = a.create(p.Name, p.Features, p.Files)
		}
		if err != nil {
			log.Print(err)
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusCreated)
	})
	return mux
}
