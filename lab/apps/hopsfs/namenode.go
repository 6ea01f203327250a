package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"
)

// NameNode keeps names; every one of them is a row in RonDB.
type NameNode struct {
	db        *sql.DB
	blockSize int
	mu        sync.Mutex
	dataNodes map[string]time.Time // address, last heard
}

type block struct {
	ID, Generation int64
	Bytes          int
	Sum            uint32
}

func (b block) name() string { return fmt.Sprintf("%d_%d", b.ID, b.Generation) }

var tables = []string{
	`CREATE TABLE hdfs_variables (id VARCHAR(64) PRIMARY KEY, value BIGINT NOT NULL)`,
	`CREATE TABLE hdfs_inodes (id BIGINT PRIMARY KEY, path VARCHAR(700) NOT NULL UNIQUE, size BIGINT NOT NULL, modified BIGINT NOT NULL)`,
	`CREATE TABLE hdfs_block_infos (block_id BIGINT PRIMARY KEY, inode_id BIGINT NOT NULL, block_index INT NOT NULL,
	   generation_stamp BIGINT NOT NULL, num_bytes INT NOT NULL, checksum BIGINT NOT NULL, KEY (inode_id))`,
}

var errNotFound = errors.New("no such file")

func openNameNode() (*NameNode, error) {
	size, err := strconv.Atoi(env("BLOCK_SIZE", "65536"))
	if err != nil || size < 1 {
		return nil, fmt.Errorf("BLOCK_SIZE is no size: %q", os.Getenv("BLOCK_SIZE"))
	}
	db, err := openDatabase(os.Getenv("RONDB_DATABASE"))
	if err != nil {
		return nil, err
	}
	n := &NameNode{db: db, blockSize: size, dataNodes: map[string]time.Time{}}
	var present int
	if err := db.QueryRow(`SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()
		AND table_name IN ('hdfs_variables', 'hdfs_inodes', 'hdfs_block_infos')`).Scan(&present); err != nil {
		return nil, err
	}
	switch present {
	case 0:
		log.Print("an empty database: formatting")
		for _, t := range tables {
			if _, err := db.Exec(t); err != nil {
				return nil, err
			}
		}
		if _, err := db.Exec(`INSERT INTO hdfs_variables VALUES ('next_id', 1000)`); err != nil {
			return nil, err
		}
	case len(tables):
		var next int64
		if err := db.QueryRow(`SELECT value FROM hdfs_variables WHERE id = 'next_id'`).Scan(&next); err != nil {
			return nil, fmt.Errorf("hdfs_variables has lost next_id: %w", err)
		}
	default:
		return nil, fmt.Errorf("only %d of %d tables are there: half a restore", present, len(tables))
	}
	if os.Getenv("RESTORE_FROM_BACKUP") == "true" {
		err = n.rollBack()
	}
	return n, err
}

// rollBack brings deleted blocks back that the restored rows name.
func (n *NameNode) rollBack() error {
	bucket, err := openBucket()
	if err != nil {
		return err
	}
	rows, err := n.db.Query(`SELECT block_id, generation_stamp FROM hdfs_block_infos`)
	if err != nil {
		return err
	}
	defer rows.Close()
	wanted := map[string]bool{}
	for rows.Next() {
		var b block
		if err := rows.Scan(&b.ID, &b.Generation); err != nil {
			return err
		}
		wanted[b.name()] = true
	}
	count, err := bucket.rollBack(wanted)
	log.Printf("backup %s: %d of %d blocks brought back", os.Getenv("RESTORE_BACKUP_ID"), count, len(wanted))
	return errors.Join(err, rows.Err())
}

func openDatabase(name string) (*sql.DB, error) {
	c := mysql.NewConfig()
	c.Net, c.Addr = "tcp", os.Getenv("RONDB_HOST")+":"+env("RONDB_PORT", "3306")
	c.User, c.Passwd = os.Getenv("RONDB_USER"), os.Getenv("RONDB_PASSWORD")
	c.Timeout, c.ReadTimeout = 5*time.Second, 60*time.Second
	var err error
	for range 60 {
		var db *sql.DB
		if db, err = sql.Open("mysql", c.FormatDSN()); err == nil {
			_, err = db.Exec("CREATE DATABASE IF NOT EXISTS `" + name + "`")
			db.Close()
		}
		if err == nil {
			c.DBName = name
			return sql.Open("mysql", c.FormatDSN())
		}
		time.Sleep(time.Second)
	}
	return nil, fmt.Errorf("database %s: %w", name, err)
}

func (n *NameNode) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /datanodes", func(w http.ResponseWriter, r *http.Request) {
		address, _ := io.ReadAll(io.LimitReader(r.Body, 256))
		n.mu.Lock()
		n.dataNodes[string(address)] = time.Now()
		n.mu.Unlock()
	})
	mux.HandleFunc("GET /files", n.list)
	mux.HandleFunc("GET /listing", n.listing)
	mux.HandleFunc("PUT /fs/{path...}", func(w http.ResponseWriter, r *http.Request) { answer(w, n.create("/"+r.PathValue("path"), r.Body)) })
	mux.HandleFunc("DELETE /fs/{path...}", func(w http.ResponseWriter, r *http.Request) {
		answerFile(w, nil, n.remove("/"+r.PathValue("path")))
	})
	mux.HandleFunc("GET /fs/{path...}", func(w http.ResponseWriter, r *http.Request) {
		data, err := n.read("/" + r.PathValue("path"))
		answerFile(w, data, err)
	})
	return mux
}

func answerFile(w http.ResponseWriter, data []byte, err error) {
	switch {
	case errors.Is(err, errNotFound):
		http.Error(w, err.Error(), http.StatusNotFound)
	case err != nil || data == nil:
		answer(w, err)
	default:
		_, _ = w.Write(data)
	}
}

// list answers with every path and its size, sorted.
func (n *NameNode) list(w http.ResponseWriter, _ *http.Request) {
	rows, err := n.db.Query(`SELECT path, size FROM hdfs_inodes ORDER BY path`)
	if err != nil {
		answer(w, err)
		return
	}
	defer rows.Close()
	files := map[string]int64{}
	for rows.Next() {
		var path string
		var size int64
		if err := rows.Scan(&path, &size); err != nil {
			answer(w, err)
			return
		}
		files[path] = size
	}
	if err := rows.Err(); err != nil {
		answer(w, err)
		return
	}
	_ = json.NewEncoder(w).Encode(files)
}

// listing answers with every folder and file as Hadoop's own command prints them.
func (n *NameNode) listing(w http.ResponseWriter, _ *http.Request) {
	rows, err := n.db.Query(`SELECT path, size, modified FROM hdfs_inodes ORDER BY path`)
	if err != nil {
		answer(w, err)
		return
	}
	defer rows.Close()
	var out strings.Builder
	folders := map[string]bool{"/": true}
	for rows.Next() {
		var path string
		var size, modified int64
		if err := rows.Scan(&path, &size, &modified); err != nil {
			answer(w, err)
			return
		}
		day := time.UnixMilli(modified).UTC().Format("2006-01-02 15:04")
		for i, c := range path {
			if c == '/' && i > 0 && !folders[path[:i]] {
				folders[path[:i]] = true
				fmt.Fprintf(&out, "drwxr-xr-x   - hdfs supergroup %10d %s %s\n", 0, day, path[:i])
			}
		}
		fmt.Fprintf(&out, "-rw-r--r--   1 hdfs supergroup %10d %s %s\n", size, day, path)
	}
	if err := rows.Err(); err != nil {
		answer(w, err)
		return
	}
	_, _ = io.WriteString(w, out.String())
}

func (n *NameNode) blocks(path string) (inode int64, size int64, blocks []block, err error) {
	err = n.db.QueryRow(`SELECT id, size FROM hdfs_inodes WHERE path = ?`, path).Scan(&inode, &size)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, 0, nil, errNotFound
	}
	if err != nil {
		return
	}
	rows, err := n.db.Query(`SELECT block_id, generation_stamp, num_bytes, checksum FROM hdfs_block_infos
		WHERE inode_id = ? ORDER BY block_index`, inode)
	if err != nil {
		return
	}
	defer rows.Close()
	for rows.Next() {
		var b block
		if err = rows.Scan(&b.ID, &b.Generation, &b.Bytes, &b.Sum); err != nil {
			return
		}
		blocks = append(blocks, b)
	}
	return inode, size, blocks, rows.Err()
}

func (n *NameNode) read(path string) ([]byte, error) {
	_, size, blocks, err := n.blocks(path)
	if err != nil {
		return nil, err
	}
	data := []byte{}
	for i, b := range blocks {
		part, err := n.call(http.MethodGet, b, nil)
		if err != nil {
			return nil, fmt.Errorf("%s: block %d (%s) is missing: %w", path, i, b.name(), err)
		}
		if len(part) != b.Bytes || crc32.ChecksumIEEE(part) != b.Sum {
			return nil, fmt.Errorf("%s: block %d (%s) is not what was written", path, i, b.name())
		}
		data = append(data, part...)
	}
	if int64(len(data)) != size {
		return nil, fmt.Errorf("%s: %d of %d bytes have blocks", path, len(data), size)
	}
	return data, nil
}

// create writes the blocks first and the rows in one transaction after them: a reader sees all of a file or none.
func (n *NameNode) create(path string, body io.Reader) error {
	data, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	if err := n.remove(path); err != nil && !errors.Is(err, errNotFound) {
		return err
	}
	inode, err := n.nextID()
	if err != nil {
		return err
	}
	var blocks []block
	for rest := data; len(rest) > 0; {
		part := rest[:min(len(rest), n.blockSize)]
		rest = rest[len(part):]
		id, err := n.nextID()
		if err != nil {
			return err
		}
		b := block{id, time.Now().Unix(), len(part), crc32.ChecksumIEEE(part)}
		if _, err := n.call(http.MethodPut, b, part); err != nil {
			return err
		}
		blocks = append(blocks, b)
	}
	tx, err := n.db.Begin()
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.Exec(`INSERT INTO hdfs_inodes VALUES (?, ?, ?, ?)`, inode, path, len(data), time.Now().UnixMilli()); err != nil {
		return err
	}
	for i, b := range blocks {
		if _, err := tx.Exec(`INSERT INTO hdfs_block_infos VALUES (?, ?, ?, ?, ?, ?)`, b.ID, inode, i, b.Generation, b.Bytes, b.Sum); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// remove takes the rows away and then the objects: what is left over by a crash between is garbage, never a hole.
func (n *NameNode) remove(path string) error {
	inode, _, blocks, err := n.blocks(path)
	if err != nil {
		return err
	}
	tx, err := n.db.Begin()
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.Exec(`DELETE FROM hdfs_block_infos WHERE inode_id = ?`, inode); err != nil {
		return err
	}
	if _, err := tx.Exec(`DELETE FROM hdfs_inodes WHERE id = ?`, inode); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	for _, b := range blocks {
		if _, err := n.call(http.MethodDelete, b, nil); err != nil {
			return err
		}
	}
	return nil
}

func (n *NameNode) nextID() (int64, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, err := n.db.Exec(`UPDATE hdfs_variables SET value = value + 1 WHERE id = 'next_id'`); err != nil {
		return 0, err
	}
	var id int64
	err := n.db.QueryRow(`SELECT value FROM hdfs_variables WHERE id = 'next_id'`).Scan(&id)
	return id, err
}

// dataNode is one that was heard of lately. They report every three seconds: a name node that has just started waits for them.
func (n *NameNode) dataNode() string {
	for began := time.Now(); ; time.Sleep(200 * time.Millisecond) {
		n.mu.Lock()
		for address, heard := range n.dataNodes {
			if time.Since(heard) < 10*time.Second {
				n.mu.Unlock()
				return address
			}
		}
		n.mu.Unlock()
		if time.Since(began) > 10*time.Second {
			return ""
		}
	}
}

// call asks a data node.
func (n *NameNode) call(method string, b block, data []byte) ([]byte, error) {
	address := n.dataNode()
	if address == "" {
		return nil, errors.New("no data node has reported")
	}
	ctx, cancel := within(60 * time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, "http://"+address+"/block/"+b.name(), bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err == nil && reply.StatusCode >= 300 {
		err = fmt.Errorf("data node %s: %s", address, strings.TrimSpace(string(body)))
	}
	return body, err
}
