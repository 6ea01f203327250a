package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// DataNode reads and writes blocks; the bytes are in the bucket, none here.
type DataNode struct{ bucket *Bucket }

func openDataNode() (*DataNode, error) {
	b, err := openBucket()
	return &DataNode{b}, err
}

// register tells the name node every few seconds where this data node is.
func (d *DataNode) register() {
	client := http.Client{Timeout: 3 * time.Second}
	for ; ; time.Sleep(3 * time.Second) {
		address := net.JoinHostPort(ownAddress(), env("DATANODE_PORT", "50010"))
		answer, err := client.Post("http://"+os.Getenv("NAMENODE")+"/datanodes", "text/plain", strings.NewReader(address))
		if err != nil {
			log.Printf("the name node does not answer: %v", err)
			continue
		}
		answer.Body.Close()
	}
}

func ownAddress() string {
	if ip := os.Getenv("POD_IP"); ip != "" {
		return ip
	}
	name, _ := os.Hostname()
	if addresses, err := net.LookupHost(name); err == nil && len(addresses) > 0 {
		return addresses[0]
	}
	return "127.0.0.1"
}

func (d *DataNode) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /block/{id}", func(w http.ResponseWriter, r *http.Request) {
		data, err := io.ReadAll(r.Body)
		if err == nil {
			err = d.bucket.put(r.PathValue("id"), data)
		}
		answer(w, err)
	})
	mux.HandleFunc("GET /block/{id}", func(w http.ResponseWriter, r *http.Request) {
		data, err := d.bucket.get(r.PathValue("id"))
		if err != nil {
			answer(w, err)
			return
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(data)))
		_, _ = w.Write(data)
	})
	mux.HandleFunc("DELETE /block/{id}", func(w http.ResponseWriter, r *http.Request) {
		answer(w, d.bucket.remove(r.PathValue("id")))
	})
	return mux
}

func answer(w http.ResponseWriter, err error) {
	if err != nil {
		log.Print(err)
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
