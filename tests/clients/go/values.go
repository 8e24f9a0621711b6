package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"reflect"
	"runtime"
	"sync"
	"time"

	"github.com/neo4j/neo4j-go-driver/v6/neo4j"
)

type params = map[string]any

// must throws an error with the line that it came from; keep catches it.
func must(err error) {
	if err != nil {
		throw(2, err)
	}
}

func throw(depth int, err error) {
	var reason unable
	if errors.As(err, &reason) {
		panic(err)
	}
	trace := ""
	for up := depth; up < depth+3; up++ {
		if _, file, line, found := runtime.Caller(up); found {
			trace += fmt.Sprintf("\nat %s:%d", file, line)
		}
	}
	panic(fmt.Errorf("%w%s", err, trace))
}

func equal(got, expected any) {
	if !same(got, expected) {
		throw(2, fmt.Errorf("%.300v, not %.300v", got, expected))
	}
}

func truth(is bool, otherwise any) {
	if !is {
		throw(2, fmt.Errorf("%v", otherwise))
	}
}

// same compares types and values to the last bit.
func same(a, b any) bool {
	switch b := b.(type) {
	case float64:
		a, is := a.(float64)
		return is && (math.IsNaN(a) && math.IsNaN(b) || math.Float64bits(a) == math.Float64bits(b))
	case []any:
		a, is := a.([]any)
		if !is || len(a) != len(b) {
			return false
		}
		for n := range b {
			if !same(a[n], b[n]) {
				return false
			}
		}
		return true
	case map[string]any:
		a, is := a.(map[string]any)
		if !is || len(a) != len(b) {
			return false
		}
		for key := range b {
			if _, has := a[key]; !has || !same(a[key], b[key]) {
				return false
			}
		}
		return true
	case time.Time:
		a, is := a.(time.Time)
		named := b.Location().String()
		return is && a.Format(time.RFC3339Nano) == b.Format(time.RFC3339Nano) && (named == "Offset" || a.Location().String() == named)
	case neo4j.Date, neo4j.LocalTime, neo4j.Time, neo4j.LocalDateTime:
		return reflect.TypeOf(a) == reflect.TypeOf(b) && fmt.Sprint(a) == fmt.Sprint(b)
	}
	return reflect.DeepEqual(a, b)
}

// rows runs a statement in auto-commit.
func (p *probe) rows(session neo4j.SessionConfig, text string, values params) []params {
	found, _, err := p.run(p.driver, session, text, values)
	must(err)
	return found
}

func (p *probe) run(driver neo4j.Driver, options neo4j.SessionConfig, text string, values params) ([]params, neo4j.ResultSummary, error) {
	session := driver.NewSession(p.ctx, options)
	defer session.Close(context.Background())
	result, err := session.Run(p.ctx, text, values)
	return finish(p.ctx, result, err)
}

// finish reads a result to its end.
func finish(ctx context.Context, result neo4j.Result, err error) ([]params, neo4j.ResultSummary, error) {
	if err != nil {
		return nil, nil, err
	}
	records, err := result.Collect(ctx)
	if err != nil {
		return nil, nil, err
	}
	found := []params{}
	for _, record := range records {
		found = append(found, record.AsMap())
	}
	summary, err := result.Consume(ctx)
	return found, summary, err
}

func (p *probe) count() int64 {
	return p.rows(all, "MATCH (n:Probe) RETURN count(n) AS n", nil)[0]["n"].(int64)
}

// failure is the error of the server that err must be.
func failure(err error) *neo4j.Neo4jError {
	var found *neo4j.Neo4jError
	if !errors.As(err, &found) {
		throw(2, fmt.Errorf("not an error of the server: %v", err))
	}
	return found
}

// ended waits until the server runs no statement that contains marker.
func (p *probe) ended(marker string) {
	text := "SHOW TRANSACTIONS YIELD currentQuery WHERE currentQuery CONTAINS $marker " +
		"AND NOT currentQuery STARTS WITH 'SHOW' RETURN count(*) AS n"
	for range 100 {
		if p.rows(all, text, params{"marker": marker})[0]["n"].(int64) == 0 {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	throw(2, errors.New("the statement still runs on the server"))
}

// atOnce runs work for 0 to n-1 in goroutines of their own, and throws what any of them threw.
func atOnce(n int, work func(int)) {
	var group sync.WaitGroup
	thrown := make(chan any, n)
	for one := range n {
		group.Go(func() {
			defer func() {
				if caught := recover(); caught != nil {
					thrown <- caught
				}
			}()
			work(one)
		})
	}
	group.Wait()
	if len(thrown) > 0 {
		panic(<-thrown)
	}
}

func marker(name string) string { return fmt.Sprintf("%s %d", name, os.Getpid()) }
