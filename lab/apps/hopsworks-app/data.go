package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

type project struct {
	name            string
	features, files int
}

var schema = []string{
	`CREATE TABLE installation (id INT PRIMARY KEY, key_proof VARCHAR(64) NOT NULL, projects INT NOT NULL)`,
	`CREATE TABLE project (name VARCHAR(100) PRIMARY KEY, features INT NOT NULL, files INT NOT NULL)`,
	`CREATE TABLE feature (project VARCHAR(100) NOT NULL, n INT NOT NULL, value VARCHAR(64) NOT NULL, PRIMARY KEY (project, n), KEY (value))`,
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

// proof shows that the database was written under this master key.
func (a *App) proof() string {
	m := hmac.New(sha256.New, []byte(a.key))
	m.Write([]byte("hopsworks"))
	return hex.EncodeToString(m.Sum(nil))
}

// prepare makes the schema of a new installation. It refuses where another service shows that this is none.
func (a *App) prepare() (fresh bool, err error) {
	var present int
	if err := a.db.QueryRow(`SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()
		AND table_name IN ('installation', 'project', 'feature')`).Scan(&present); err != nil {
		return false, err
	}
	if present == len(schema) {
		return false, nil
	}
	if present != 0 {
		return false, fmt.Errorf("database: only %d of %d tables are there", present, len(schema))
	}
	files, err := a.fs.list()
	if err != nil {
		return false, err
	}
	if len(files) > 0 {
		return false, fmt.Errorf("database: empty, but the file system holds %d files", len(files))
	}
	log.Print("a new installation")
	// A first start that ends half-way is no installation, and no start after it may take it for one: a service that stumbles is
	// asked again, and the tables come last.
	for _, index := range []string{"projects", "featurestore"} {
		if err := again(func() error { return a.docs.createIndex(index) }); err != nil {
			return false, err
		}
	}
	for _, s := range schema {
		s = strings.Replace(s, "CREATE TABLE", "CREATE TABLE IF NOT EXISTS", 1)
		if err := again(func() error { _, err := a.db.Exec(s); return err }); err != nil {
			return false, err
		}
	}
	return true, again(func() error { _, err := a.db.Exec(`REPLACE INTO installation VALUES (1, ?, 0)`, a.proof()); return err })
}

// again tries for a minute.
func again(try func() error) (err error) {
	for range 20 {
		if err = try(); err == nil {
			return nil
		}
		log.Print(err)
		time.Sleep(3 * time.Second)
	}
	return err
}

func (a *App) projects() (all []project, err error) {
	rows, err := a.db.Query(`SELECT name, features, files FROM project ORDER BY name`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var p project
		if err := rows.Scan(&p.name, &p.features, &p.files); err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, rows.Err()
}

func featureValue(project string, n int) string {
	sum := sha256.Sum256([]byte(fmt.Sprintf("%s/%d", project, n)))
	return hex.EncodeToString(sum[:16])
}

func filePath(project string, n int) string { return fmt.Sprintf("/Projects/%s/part-%d", project, n) }

// fileBody is a file of known content, of one to four blocks.
func fileBody(project string, n int) []byte {
	line := fmt.Sprintf("%s %d %s\n", project, n, featureValue(project, n))
	return []byte(strings.Repeat(line, (1+n%4)*1000))
}

func (a *App) create(name string, features, files int) error {
	for n := range files {
		if err := a.fs.write(filePath(name, n), fileBody(name, n)); err != nil {
			return err
		}
	}
	tx, err := a.db.Begin()
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.Exec(`INSERT INTO project VALUES (?, ?, ?)`, name, features, files); err != nil {
		return err
	}
	for from := 0; from < features; from += 500 {
		var marks []string
		var values []any
		for n := from; n < min(from+500, features); n++ {
			marks = append(marks, "(?, ?, ?)")
			values = append(values, name, n, featureValue(name, n))
		}
		if _, err := tx.Exec(`INSERT INTO feature VALUES `+strings.Join(marks, ", "), values...); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(`UPDATE installation SET projects = projects + 1 WHERE id = 1`); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	return a.docs.add(name, features)
}

// whole says all that is wrong, over all services.
func (a *App) whole() error {
	var wrong []error
	fail := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }

	var proof string
	var count int
	if err := a.db.QueryRow(`SELECT key_proof, projects FROM installation WHERE id = 1`).Scan(&proof, &count); err != nil {
		fail("database: the installation's row: %w", err)
	} else if proof != a.proof() {
		fail("master key: the database was written under another one")
	}
	projects, err := a.projects()
	if err != nil {
		return errors.Join(append(wrong, err)...)
	}
	if len(projects) != count {
		fail("database: %d of %d projects", len(projects), count)
	}
	documents := 0
	for _, p := range projects {
		var n int
		if err := a.db.QueryRow(`SELECT COUNT(*) FROM feature WHERE project = ?`, p.name).Scan(&n); err != nil {
			fail("database: %w", err)
		} else if n != p.features {
			fail("database: project %s has %d of %d features", p.name, n, p.features)
		}
		for i := range p.files {
			body, err := a.fs.read(filePath(p.name, i))
			if err != nil {
				fail("file system: %w", err)
			} else if string(body) != string(fileBody(p.name, i)) {
				fail("file system: %s has another content", filePath(p.name, i))
			}
		}
		documents += p.features
	}
	for index, want := range map[string]int{"projects": len(projects), "featurestore": documents} {
		if n, err := a.docs.count(index); err != nil {
			fail("search: %w", err)
		} else if n != want {
			fail("search: index %s has %d of %d documents", index, n, want)
		}
	}
	return errors.Join(wrong...)
}
