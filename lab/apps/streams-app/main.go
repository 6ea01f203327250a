// streams-app stands for a service of Axway Streams: publishers write numbered events to Kafka and note the last number in the database;
// subscribers read them in a consumer group of their own and note in the database how often each came. What is missing, or came twice, is
// then a query. The hub makes the tables.
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	topic = "streams.events"
	pause = 200 * time.Millisecond
)

var tables = []string{
	"CREATE TABLE IF NOT EXISTS published (publisher VARCHAR(64) PRIMARY KEY, last BIGINT NOT NULL)",
	"CREATE TABLE IF NOT EXISTS received (subscriber VARCHAR(64), publisher VARCHAR(64), number BIGINT, times INT NOT NULL, PRIMARY KEY (subscriber, publisher, number))",
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	component := os.Getenv("COMPONENT")
	log.SetPrefix(component + ": ")
	if err := run(ctx, component); err != nil && ctx.Err() == nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, component string) error {
	db, err := database()
	if err != nil {
		return err
	}
	defer db.Close()
	// One connection, which stays: a test sees whose it is.
	db.SetMaxOpenConns(1)
	for _, table := range tables {
		if err := await(ctx, func() error { _, err := db.ExecContext(ctx, table); return err }); err != nil {
			return err
		}
	}
	switch {
	case strings.HasPrefix(component, "publisher"):
		return publish(ctx, db, component)
	case strings.HasPrefix(component, "subscriber"):
		return subscribe(ctx, db, component)
	}
	return serve(ctx, db)
}

// await tries again until it goes well.
func await(ctx context.Context, try func() error) error {
	for {
		err := try()
		if err == nil || ctx.Err() != nil {
			return ctx.Err()
		}
		log.Print(err)
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

// ready is what the chart's probe looks for.
func ready() { _ = os.WriteFile("/tmp/ready", nil, 0o600) }

func serve(ctx context.Context, db *sql.DB) error {
	ready()
	for ctx.Err() == nil {
		if err := db.PingContext(ctx); err != nil {
			return err
		}
		time.Sleep(pause)
	}
	return nil
}

func publish(ctx context.Context, db *sql.DB, component string) error {
	client, err := kafka(kgo.DefaultProduceTopic(topic))
	if err != nil {
		return err
	}
	defer client.Close()
	var last int64
	err = db.QueryRowContext(ctx, "SELECT last FROM published WHERE publisher = ?", component).Scan(&last)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	for ctx.Err() == nil {
		last++
		record := &kgo.Record{Key: []byte(component + "-" + strconv.FormatInt(last%7, 10)), Value: []byte(component + " " + strconv.FormatInt(last, 10))}
		limited, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		err := client.ProduceSync(limited, record).FirstErr()
		cancel()
		if err != nil {
			return fmt.Errorf("event %d: %w", last, err)
		}
		if _, err := db.Exec("REPLACE INTO published VALUES (?, ?)", component, last); err != nil {
			return err
		}
		ready()
		time.Sleep(pause)
	}
	return nil
}

func subscribe(ctx context.Context, db *sql.DB, component string) error {
	client, err := kafka(kgo.ConsumeTopics(topic), kgo.ConsumerGroup(component), kgo.DisableAutoCommit(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.SessionTimeout(10*time.Second))
	if err != nil {
		return err
	}
	defer client.Close()
	if err := client.Ping(ctx); err != nil {
		return err
	}
	ready()
	for ctx.Err() == nil {
		fetched := client.PollFetches(ctx)
		for _, failed := range fetched.Errors() {
			if ctx.Err() == nil {
				return failed.Err
			}
		}
		for _, record := range fetched.Records() {
			publisher, number, _ := strings.Cut(string(record.Value), " ")
			_, err := db.Exec("INSERT INTO received VALUES (?, ?, ?, 1) ON DUPLICATE KEY UPDATE times = times + 1", component, publisher, number)
			if err != nil {
				return err
			}
		}
		if err := client.CommitUncommittedOffsets(context.Background()); err != nil {
			return err
		}
	}
	return nil
}
