// Command ferretdb serves MongoDB's wire protocol for the tests, from a directory or a PostgreSQL
// database, until it gets SIGTERM or its standard input ends (so that it never outlives the tests).
//
//	ferretdb --sqlite DIRECTORY
//	ferretdb --postgresql 'postgres://user@/database?host=/directory/of/the/socket'
//	ferretdb --sqlite DIRECTORY --tls-cert FILE --tls-key FILE [--tls-ca FILE]
//
// Its mongodb:// URL is the first line of its standard output, once it can be connected to.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

type options struct {
	listen, sqlite, postgresql  string
	certificate, key, authority string
}

func parse() options {
	var given options
	flag.StringVar(&given.listen, "listen", "127.0.0.1:0", "address; port 0 picks a free one")
	flag.StringVar(&given.sqlite, "sqlite", "", "directory of the SQLite backend")
	flag.StringVar(&given.postgresql, "postgresql", "", "URL of the PostgreSQL backend's database")
	flag.StringVar(&given.certificate, "tls-cert", "", "certificate; with it only TLS is spoken")
	flag.StringVar(&given.key, "tls-key", "", "the certificate's private key")
	flag.StringVar(&given.authority, "tls-ca", "", "authority that clients need a certificate from")
	flag.Parse()
	return given
}

// sqliteURL names the directory. There is no fsync: the tests kill orgd and this server, never the machine,
// and every commit is cheaper by half. A transaction is a writer's from its beginning, so that it waits for
// another's; one that became a writer later would fail as "database is locked".
func sqliteURL(directory string) (string, error) {
	absolute, err := filepath.Abs(directory)
	if err != nil {
		return "", err
	}
	file := url.URL{Scheme: "file", Path: absolute + "/", RawQuery: "_pragma=synchronous(0)&_txlock=immediate"}
	return file.String(), nil
}

func config(given options) (*ferretdb.Config, error) {
	if (given.sqlite == "") == (given.postgresql == "") {
		return nil, errors.New("give one of --sqlite and --postgresql")
	}
	made := &ferretdb.Config{
		Handler:       "postgresql",
		PostgreSQLURL: given.postgresql,
		Logger:        slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	}
	if given.sqlite != "" {
		made.Handler = "sqlite"
		var err error
		if made.SQLiteURL, err = sqliteURL(given.sqlite); err != nil {
			return nil, err
		}
	}
	if given.certificate == "" {
		made.Listener.TCP = given.listen
	} else {
		made.Listener = ferretdb.ListenerConfig{
			TLS:         given.listen,
			TLSCertFile: given.certificate,
			TLSKeyFile:  given.key,
			TLSCAFile:   given.authority,
		}
	}
	return made, nil
}

// exitWhenTold ends the program at once. Asked politely, FerretDB gives open connections three seconds
// first, which every test would wait for; what was acknowledged is in the database's files.
func exitWhenTold() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	<-ctx.Done()
	os.Exit(0)
}

func main() {
	settings, err := config(parse())
	if err != nil {
		log.Fatal(err)
	}
	server, err := ferretdb.New(settings)
	if err != nil {
		log.Fatal(err)
	}
	go exitWhenTold()
	go func() {
		fmt.Println(server.MongoDBURI())
	}()
	if err := server.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
}
