// Runs the promises named on the command line with the official Go driver. Prints a line for each.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/neo4j/neo4j-go-driver/v6/neo4j"
	"github.com/neo4j/neo4j-go-driver/v6/neo4j/config"
)

const promiseTime = 60 * time.Second

// probe is what a promise is tested against.
type probe struct {
	ctx                                       context.Context
	address, user, password, otherUser, neo4j string
	driver                                    neo4j.Driver
}

// unable says why the driver, or the server, cannot do what a promise is about.
type unable string

func (u unable) Error() string { return string(u) }

func env(name string) string {
	value, set := os.LookupEnv("FACEBOLT_TEST_" + name)
	if !set {
		fmt.Fprintf(os.Stderr, "FACEBOLT_TEST_%s is not set: tests/clients/run sets it\n", name)
		os.Exit(2)
	}
	return value
}

func (p *probe) connect(scheme, password string, configure ...func(*config.Config)) neo4j.Driver {
	driver, err := neo4j.NewDriver(scheme+"://"+p.address, neo4j.BasicAuth(p.user, password, ""), configure...)
	must(err)
	return driver
}

func onlyOne(c *config.Config) { c.MaxConnectionPoolSize = 1 }

// keep ends in nil if the promise is kept.
func keep(name string, p probe) (failed error) {
	ctx, cancel := context.WithTimeout(context.Background(), promiseTime)
	defer cancel()
	defer func() {
		if thrown := recover(); thrown != nil {
			err, is := thrown.(error)
			if !is {
				panic(thrown)
			}
			failed = err
		}
	}()
	p.ctx, p.driver = ctx, p.connect("bolt", p.password)
	defer p.driver.Close(context.Background())
	p.rows(all, "MATCH (n:Probe|Face) DETACH DELETE n", nil)
	promise, known := promises[name]
	if !known {
		return errors.New("this client does not know the promise")
	}
	promise(&p)
	return nil
}

func main() {
	p := probe{
		address: env("ADDRESS"), user: env("USER"), password: env("PASSWORD"),
		otherUser: env("OTHER_USER"), neo4j: env("NEO4J"),
	}
	for _, name := range os.Args[1:] {
		began := time.Now()
		err := keep(name, p)
		seconds := time.Since(began).Seconds()
		var reason unable
		switch {
		case err == nil:
			fmt.Printf("ok %s %.2f\n", name, seconds)
		case errors.As(err, &reason):
			fmt.Printf("- %s %s\n", name, reason)
		default:
			text := err.Error()
			text = text[:min(len(text), 4000)]
			fmt.Printf("FAILED %s %.2f\n  %s\n", name, seconds, strings.ReplaceAll(text, "\n", "\n  "))
		}
	}
}
