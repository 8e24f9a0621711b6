package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	_ "time/tzdata"

	"github.com/neo4j/neo4j-go-driver/v6/neo4j"
)

// Minutes of work that nobody waits for.
const endless = "UNWIND range(1, 10000000000) AS n WITH n WHERE n < 0 RETURN count(n) AS n"

var all = neo4j.SessionConfig{}

// The promises by name. Each throws if it is not kept.
var promises = map[string]func(*probe){
	"plain": plain, "temporal": temporal, "spatial": spatial, "graph": graph, "vector": vector,
	"summary": summary, "error": syntax, "commit": commit, "rollback": rollback, "killed": killed, "away": away,
	"deadlock": deadlock, "bookmarks": bookmarks, "impersonation": impersonation, "large": large,
	"abandon": abandon, "timeout": timeout, "cancel": cancel, "password": password, "user": user,
	"routing": routing, "access": access, "concurrent": concurrent, "batches": batches,
	"embed_literal": embedLiteral, "embed_parameter": embedParameter, "embed_row": embedRow,
	"embed_error": embedError, "embed_explain": embedExplain, "link_auto": linkAuto, "link_managed": linkManaged,
}

func (p *probe) roundTrip(values ...any) {
	got := p.rows(all, "RETURN $values AS values", params{"values": values})[0]["values"].([]any)
	equal(len(got), len(values))
	for n := range values {
		equal(got[n], values[n])
	}
}

func plain(p *probe) {
	bytes := make([]byte, 76800)
	for n := range bytes {
		bytes[n] = byte(n % 256)
	}
	p.roundTrip(
		nil, true, false, int64(0), int64(-17), int64(127), int64(-129), int64(40000), int64(math.MaxInt64), int64(math.MinInt64),
		0.1, math.Copysign(0, -1), math.SmallestNonzeroFloat64, math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64,
		"", "grüße 𝄞", strings.Repeat("x", 70000), []byte{}, bytes,
		[]any{}, []any{int64(1), []any{2.5, []any{"deep"}}, nil}, params{}, params{"a": params{"b": []any{int64(1), params{"c": nil}}}},
	)
}

func temporal(p *probe) {
	offset := time.FixedZone("Offset", 19800)
	berlin, err := time.LoadLocation("Europe/Berlin")
	must(err)
	p.roundTrip(
		neo4j.Date(time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)),
		neo4j.LocalTime(time.Date(0, 1, 1, 23, 59, 59, 999999999, time.Local)),
		neo4j.Time(time.Date(0, 1, 1, 1, 2, 3, 4, offset)),
		neo4j.LocalDateTime(time.Date(2024, 2, 29, 1, 2, 3, 4, time.Local)),
		time.Date(2024, 2, 29, 1, 2, 3, 4, offset), time.Date(2024, 2, 29, 1, 2, 3, 4, berlin),
		neo4j.Duration{Months: 14, Days: 3, Seconds: 4, Nanos: 5},
	)
}

func spatial(p *probe) {
	p.roundTrip(
		neo4j.Point2D{X: 1.5, Y: -2.5, SpatialRefId: 7203}, neo4j.Point3D{X: 1, Y: 2, Z: 3, SpatialRefId: 9157},
		neo4j.Point2D{X: 12.5, Y: 55.7, SpatialRefId: 4326}, neo4j.Point3D{X: 12.5, Y: 55.7, Z: 9, SpatialRefId: 4979},
	)
}

func graph(p *probe) {
	row := p.rows(all, "CREATE path = (a:Probe {name: 'a'})-[r:TO {since: 1}]->(b:Probe {name: 'b'}) RETURN a, r, b, path", nil)[0]
	a, r, b := row["a"].(neo4j.Node), row["r"].(neo4j.Relationship), row["b"].(neo4j.Node)
	equal(a.Labels, []string{"Probe"})
	equal([]any{a.Props, b.Props}, []any{params{"name": "a"}, params{"name": "b"}})
	equal([]any{r.Type, r.Props}, []any{"TO", params{"since": int64(1)}})
	equal([]string{r.StartElementId, r.EndElementId}, []string{a.ElementId, b.ElementId})
	path := row["path"].(neo4j.Path)
	equal(path.Nodes, []neo4j.Node{a, b})
	equal(path.Relationships[0].ElementId, r.ElementId)
}

func vector(p *probe) {
	if p.old() {
		panic(unable("Neo4j 5.26 has no vectors"))
	}
	single := neo4j.Vector[float32]{Elems: []float32{1, 2, 3}}
	vectors := []any{single, neo4j.Vector[float64]{Elems: []float64{0.1, -2}}, neo4j.Vector[int8]{Elems: []int8{-1, 7}}}
	row := p.rows(all, "CYPHER 25 RETURN $vectors AS there, vector([1, 2, 3], 3, FLOAT32) AS made", params{"vectors": vectors})[0]
	equal(row["there"], vectors)
	equal(row["made"], single)
}

func (p *probe) old() bool { return strings.HasPrefix(p.neo4j, "5.") }

func summary(p *probe) {
	_, done, err := p.run(p.driver, all, "CREATE (:Probe {a: 1, b: 2}) RETURN 1 AS one", nil)
	must(err)
	counters := done.Counters()
	equal([]int{counters.NodesCreated(), counters.PropertiesSet(), counters.LabelsAdded()}, []int{1, 2, 1})
	equal([]string{done.Database().Name(), done.Server().Address()}, []string{"neo4j", p.address})
	truth(strings.HasPrefix(done.Server().Agent(), "Neo4j/"+p.neo4j), done.Server().Agent())
}

func syntax(p *probe) {
	_, _, err := p.run(p.driver, all, "RETURN 1 +", nil)
	status := "42001"
	if p.old() {
		status = "50N42"
	}
	found := failure(err)
	equal([]string{found.Code, found.GqlStatus}, []string{"Neo.ClientError.Statement.SyntaxError", status})
	truth(strings.HasPrefix(found.Msg, "Invalid input '': expected an expression (line 1, column 11 (offset: 10))"), found.Msg)
}

func commit(p *probe) {
	session := p.driver.NewSession(p.ctx, all)
	defer session.Close(p.ctx)
	transaction, err := session.BeginTransaction(p.ctx)
	must(err)
	p.within(transaction, "CREATE (:Probe)", nil)
	equal(p.count(), int64(0))
	must(transaction.Commit(p.ctx))
	equal(p.count(), int64(1))
}

type runner interface {
	Run(context.Context, string, map[string]any) (neo4j.Result, error)
}

func (p *probe) within(transaction runner, text string, values params) []params {
	result, err := transaction.Run(p.ctx, text, values)
	found, _, err := finish(p.ctx, result, err)
	must(err)
	return found
}

func rollback(p *probe) {
	session := p.driver.NewSession(p.ctx, all)
	transaction, err := session.BeginTransaction(p.ctx)
	must(err)
	p.within(transaction, "CREATE (:Probe)", nil)
	must(transaction.Rollback(p.ctx))
	forgotten, err := session.BeginTransaction(p.ctx)
	must(err)
	p.within(forgotten, "CREATE (:Probe)", nil)
	must(session.Close(p.ctx))
	equal(p.count(), int64(0))
}

// managed runs work in a managed write transaction. Here errors are returned, for the driver to look at.
func (p *probe) managed(work func(neo4j.ManagedTransaction) (any, error)) any {
	session := p.driver.NewSession(p.ctx, all)
	defer session.Close(context.Background())
	done, err := session.ExecuteWrite(p.ctx, work)
	must(err)
	return done
}

func killed(p *probe) {
	mark, attempts := marker("killed"), 0
	p.managed(func(transaction neo4j.ManagedTransaction) (any, error) {
		attempts++
		p.within(transaction, "CREATE (:Probe)", nil)
		if attempts == 1 {
			text := "SHOW TRANSACTIONS YIELD connectionId, currentQuery WHERE currentQuery CONTAINS '" + mark + "' RETURN connectionId AS id"
			p.rows(all, "CALL dbms.killConnection($id)", p.within(transaction, text, nil)[0])
		}
		result, err := transaction.Run(p.ctx, "CREATE (:Probe)", nil)
		_, _, err = finish(p.ctx, result, err)
		return nil, err
	})
	equal([]int64{int64(attempts), p.count()}, []int64{2, 2})
}

func away(p *probe) {
	there := *p
	there.address = env("AWAY_ADDRESS")
	there.driver = there.connect("bolt", p.password)
	defer there.driver.Close(p.ctx)
	there.managed(func(transaction neo4j.ManagedTransaction) (any, error) {
		return transaction.Run(p.ctx, "CREATE (:Probe)", nil)
	})
	equal(p.count(), int64(1))
}

func deadlock(p *probe) {
	p.rows(all, "CREATE (:Probe {name: 'a', set: 0}), (:Probe {name: 'b', set: 0})", nil)
	var attempts atomic.Int64
	var both sync.WaitGroup
	both.Add(2)
	atOnce(2, func(one int) {
		first := true
		p.managed(func(transaction neo4j.ManagedTransaction) (any, error) {
			attempts.Add(1)
			for place := range 2 {
				name := string("ab"[(one+place)%2])
				result, err := transaction.Run(p.ctx, "MATCH (p:Probe {name: $name}) SET p.set = p.set + 1", params{"name": name})
				if _, _, err = finish(p.ctx, result, err); err != nil {
					return nil, err
				}
				if first {
					first = false
					both.Done()
					both.Wait()
				}
			}
			return nil, nil
		})
	})
	truth(attempts.Load() > 2, "nobody was blocked")
	set := p.rows(all, "MATCH (p:Probe) RETURN collect(p.set) AS set", nil)[0]["set"]
	equal(set, []any{int64(2), int64(2)})
}

func bookmarks(p *probe) {
	var last neo4j.Bookmarks
	for n := range 3 {
		session := p.driver.NewSession(p.ctx, neo4j.SessionConfig{Bookmarks: last})
		result, err := session.Run(p.ctx, "MATCH (n:Probe) RETURN count(n) AS n", nil)
		found, _, err := finish(p.ctx, result, err)
		must(err)
		equal(found[0]["n"], int64(n))
		_, err = session.ExecuteWrite(p.ctx, func(transaction neo4j.ManagedTransaction) (any, error) {
			return transaction.Run(p.ctx, "CREATE (:Probe)", nil)
		})
		must(err)
		last = session.LastBookmarks()
		equal(len(last), 1)
		must(session.Close(p.ctx))
	}
	_, _, err := p.run(p.driver, neo4j.SessionConfig{Bookmarks: neo4j.BookmarksFromRawValues("nonsense")}, "RETURN 1", nil)
	equal(failure(err).Code, "Neo.ClientError.Transaction.InvalidBookmark")
}

func impersonation(p *probe) {
	_, _, err := p.run(p.driver, neo4j.SessionConfig{ImpersonatedUser: p.user}, "RETURN 1", nil)
	equal(failure(err).Code, "Neo.ClientError.Statement.ArgumentError")
}

func large(p *probe) {
	session := p.driver.NewSession(p.ctx, neo4j.SessionConfig{FetchSize: 100})
	defer session.Close(p.ctx)
	result, err := session.Run(p.ctx, "UNWIND range(1, 100000) AS n RETURN n, toString(n) AS text", nil)
	must(err)
	next := int64(0)
	for result.Next(p.ctx) {
		next++
		equal(result.Record().Values, []any{next, strconv.FormatInt(next, 10)})
	}
	must(result.Err())
	equal(next, int64(100000))
}

func abandon(p *probe) {
	driver := p.connect("bolt", p.password, onlyOne)
	defer driver.Close(p.ctx)
	for range 3 {
		session := driver.NewSession(p.ctx, neo4j.SessionConfig{FetchSize: 10})
		result, err := session.Run(p.ctx, "UNWIND range(1, 1000000000) AS n RETURN n", nil)
		must(err)
		for range 25 {
			truth(result.Next(p.ctx), "no row")
		}
		must(session.Close(p.ctx))
		found, _, err := p.run(driver, all, "RETURN 1 AS one", nil)
		must(err)
		equal(found[0]["one"], int64(1))
	}
}

func timeout(p *probe) {
	session := p.driver.NewSession(p.ctx, all)
	defer session.Close(p.ctx)
	result, err := session.Run(p.ctx, endless, nil, neo4j.WithTxTimeout(500*time.Millisecond))
	_, _, err = finish(p.ctx, result, err)
	equal(failure(err).Code, "Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration")
	result, err = session.Run(p.ctx, "RETURN 1 AS one", nil)
	found, _, err := finish(p.ctx, result, err)
	must(err)
	equal(found[0]["one"], int64(1))
}

func cancel(p *probe) {
	mark := marker("cancel")
	ctx, stop := context.WithTimeout(p.ctx, time.Second)
	defer stop()
	session := p.driver.NewSession(p.ctx, all)
	result, err := session.Run(ctx, "/* "+mark+" */ "+endless, nil)
	_, _, err = finish(ctx, result, err)
	truth(errors.Is(ctx.Err(), context.DeadlineExceeded) && err != nil, fmt.Sprint("it has ended by itself: ", err))
	// The connection is lost with the context, which Close may say.
	_ = session.Close(p.ctx)
	p.ended(mark)
}

func password(p *probe) {
	driver := p.connect("bolt", "wrong")
	defer driver.Close(p.ctx)
	equal(failure(driver.VerifyConnectivity(p.ctx)).Code, "Neo.ClientError.Security.Unauthorized")
}

func user(p *probe) {
	driver := p.connect("bolt", p.password, onlyOne)
	defer driver.Close(p.ctx)
	who := func(name, password string) (string, error) {
		options := neo4j.SessionConfig{DatabaseName: "system"}
		if name != p.user {
			token := neo4j.BasicAuth(name, password, "")
			options.Auth = &token
		}
		found, _, err := p.run(driver, options, "SHOW CURRENT USER YIELD user", nil)
		if err != nil {
			return "", err
		}
		return found[0]["user"].(string), nil
	}
	for _, name := range []string{p.user, p.otherUser, p.user, p.otherUser} {
		found, err := who(name, p.password)
		must(err)
		equal(found, name)
	}
	_, err := who(p.otherUser, "wrong")
	failure(err)
	found, err := who(p.user, "")
	must(err)
	equal(found, p.user)
}

func routing(p *probe) {
	driver := p.connect("neo4j", p.password)
	defer driver.Close(p.ctx)
	for _, options := range []neo4j.SessionConfig{{}, {DatabaseName: "neo4j"}, {AccessMode: neo4j.AccessModeRead}} {
		_, done, err := p.run(driver, options, "RETURN 1", nil)
		must(err)
		equal(done.Server().Address(), p.address)
	}
	_, _, err := p.run(driver, neo4j.SessionConfig{DatabaseName: "nosuch"}, "RETURN 1", nil)
	equal(failure(err).Code, "Neo.ClientError.Database.DatabaseNotFound")
}

func access(p *probe) {
	_, _, err := p.run(p.driver, neo4j.SessionConfig{AccessMode: neo4j.AccessModeRead}, "CREATE (:Probe)", nil)
	equal(failure(err).Code, "Neo.ClientError.Statement.AccessMode")
	equal(p.count(), int64(0))
}

func concurrent(p *probe) {
	atOnce(20, func(n int) {
		session := p.driver.NewSession(p.ctx, all)
		defer session.Close(p.ctx)
		_, err := session.ExecuteWrite(p.ctx, func(transaction neo4j.ManagedTransaction) (any, error) {
			return transaction.Run(p.ctx, "CREATE (:Probe {n: $n})", params{"n": n})
		})
		must(err)
		found, err := session.ExecuteRead(p.ctx, func(transaction neo4j.ManagedTransaction) (any, error) {
			return p.within(transaction, "MATCH (p:Probe {n: $n}) RETURN p.n AS n", params{"n": n}), nil
		})
		must(err)
		equal(found, []params{{"n": int64(n)}})
	})
	equal(p.count(), int64(20))
}

func batches(p *probe) {
	text := "UNWIND range(1, 250) AS n CALL (n) { CREATE (:Probe {n: n}) } IN TRANSACTIONS OF 100 ROWS"
	_, done, err := p.run(p.driver, all, text, nil)
	must(err)
	equal(done.Counters().NodesCreated(), 250)
	equal(p.count(), int64(250))
	session := p.driver.NewSession(p.ctx, all)
	defer session.Close(p.ctx)
	transaction, err := session.BeginTransaction(p.ctx)
	must(err)
	result, err := transaction.Run(p.ctx, text, nil)
	_, _, err = finish(p.ctx, result, err)
	equal(failure(err).Code, "Neo.DatabaseError.Transaction.TransactionStartFailed")
}
