package main

import (
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/pavlo-v-chernykh/keystore-go/v4"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// database connects to the database as the chart's values say; with TLS, to a server that the Secret's CA_PEM vouches for.
func database() (*sql.DB, error) {
	config := mysql.NewConfig()
	config.User, config.Passwd = os.Getenv("DATABASE_USER"), os.Getenv("DATABASE_PASSWORD")
	config.Net, config.Addr = "tcp", os.Getenv("DATABASE_HOST")+":"+os.Getenv("DATABASE_PORT")
	config.DBName = os.Getenv("DATABASE_NAME")
	config.Timeout, config.ReadTimeout, config.WriteTimeout = 5*time.Second, 10*time.Second, 10*time.Second
	if os.Getenv("DATABASE_TLS") == "true" {
		pem, err := os.ReadFile("/certificates/database/CA_PEM")
		if err != nil {
			return nil, err
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return nil, errors.New("CA_PEM has no certificate")
		}
		config.TLS = &tls.Config{RootCAs: roots, ServerName: os.Getenv("DATABASE_HOST")}
	}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}

// kafka connects to Kafka as the chart's values say: with sasl_tls by TLS, to a server that the Secret's Java truststore vouches for, and by SCRAM.
func kafka(options ...kgo.Opt) (*kgo.Client, error) {
	servers := strings.ReplaceAll(os.Getenv("KAFKA_BOOTSTRAP_SERVERS"), " ", "")
	options = append(options, kgo.SeedBrokers(strings.Split(servers, ",")...))
	switch protocol := os.Getenv("KAFKA_PROTOCOL"); protocol {
	case "plaintext":
	case "sasl_tls":
		roots, err := truststore("/certificates/kafka/kafka.truststore.jks", os.Getenv("KAFKA_TRUSTSTORE_PASSWORD"))
		if err != nil {
			return nil, err
		}
		login := scram.Auth{User: os.Getenv("KAFKA_USERNAME"), Pass: os.Getenv("KAFKA_PASSWORD")}
		options = append(options, kgo.DialTLSConfig(&tls.Config{RootCAs: roots}), kgo.SASL(login.AsSha512Mechanism()))
	default:
		return nil, fmt.Errorf("KAFKA_PROTOCOL is %q", protocol)
	}
	return kgo.NewClient(options...)
}

func truststore(file, password string) (*x509.CertPool, error) {
	in, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	store := keystore.New()
	if err := store.Load(in, []byte(password)); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	roots := x509.NewCertPool()
	for _, alias := range store.Aliases() {
		entry, err := store.GetTrustedCertificateEntry(alias)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", file, alias, err)
		}
		certificate, err := x509.ParseCertificate(entry.Certificate.Content)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", file, alias, err)
		}
		roots.AddCert(certificate)
	}
	return roots, nil
}
