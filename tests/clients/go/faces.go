package main

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"os"
	"strings"

	"github.com/neo4j/neo4j-go-driver/v6/neo4j"
)

const link = "MATCH (p1:Face) MATCH (p2:Face) WHERE ID(p1) <> ID(p2) " +
	"WITH p1, p2, gds.similarity.euclideanDistance(p1.embedding, p2.embedding) as distance WHERE distance < 10 " +
	"MERGE (p1)-[e:SAME]-(p2) SET e.distance=distance"
const embed = "CALL face.embed($url) YIELD embedding, index RETURN embedding, index"
const noImage = "data:image/png;base64,AAAA"

func photo() string {
	bytes, err := os.ReadFile("tests/photos/obama.jpg")
	must(err)
	return "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(bytes)
}

func checkEmbedding(row params) {
	embedding := row["embedding"].([]any)
	equal([]any{row["index"], len(embedding)}, []any{int64(0), 128})
	sum := 0.0
	for _, part := range embedding {
		sum += part.(float64) * part.(float64)
	}
	// The length of a calibrated embedding.
	truth(math.Abs(math.Sqrt(sum)-10/1.055) < 1e-4, sum)
}

func embedLiteral(p *probe) {
	found := p.rows(all, strings.Replace(embed, "$url", "'"+photo()+"'", 1), nil)
	equal(len(found), 1)
	checkEmbedding(found[0])
}

func embedParameter(p *probe) {
	session := p.driver.NewSession(p.ctx, all)
	defer session.Close(p.ctx)
	found, err := session.ExecuteRead(p.ctx, func(transaction neo4j.ManagedTransaction) (any, error) {
		return p.within(transaction, embed, params{"url": photo()}), nil
	})
	must(err)
	equal(len(found.([]params)), 1)
	checkEmbedding(found.([]params)[0])
}

func embedRow(p *probe) {
	p.rows(all, "UNWIND range(1, 3) AS n CREATE (:Probe {n: n, photo: $url})", params{"url": photo()})
	text := "MATCH (p:Probe) CALL face.embed(p.photo) YIELD embedding, index RETURN p.n AS n, embedding, index ORDER BY n"
	found := p.rows(all, text, nil)
	equal(len(found), 3)
	for n, row := range found {
		equal(row["n"], int64(n+1))
		checkEmbedding(row)
	}
}

func embedError(p *probe) {
	session := p.driver.NewSession(p.ctx, all)
	defer session.Close(p.ctx)
	result, err := session.Run(p.ctx, embed, params{"url": noImage})
	_, _, err = finish(p.ctx, result, err)
	// What each server says of a procedure of its own that fails.
	status := "52N37"
	if p.old() {
		status = "50N42"
	}
	found := failure(err)
	equal([]string{found.Code, found.GqlStatus}, []string{"Neo.ClientError.Procedure.ProcedureCallFailed", status})
	truth(strings.HasPrefix(found.Msg, "Failed to invoke procedure `face.embed`: Caused by: "), found.Msg)
	result, err = session.Run(p.ctx, "RETURN 1 AS one", nil)
	rows, _, err := finish(p.ctx, result, err)
	must(err)
	equal(rows[0]["one"], int64(1))
}

func embedExplain(p *probe) {
	found, done, err := p.run(p.driver, all, "EXPLAIN "+embed, params{"url": noImage})
	must(err)
	equal(len(found), 0)
	truth(done.Plan() != nil, "no plan")
}

// linked holds the counters of the link query, as run by run, to known values.
func (p *probe) linked(run func(neo4j.Session) (neo4j.Result, error)) {
	text, err := os.ReadFile("tests/data/facenet128_deepface.json")
	must(err)
	var entries []struct{ Embedding []float64 }
	must(json.Unmarshal(text, &entries))
	vectors := []any{}
	for _, entry := range entries {
		vectors = append(vectors, entry.Embedding)
	}
	p.rows(all, "UNWIND $vectors AS vector CREATE (:Face {embedding: vector})", params{"vectors": vectors})
	session := p.driver.NewSession(p.ctx, all)
	defer session.Close(p.ctx)
	for _, created := range []int{169, 0} {
		result, err := run(session)
		must(err)
		done, err := result.Consume(p.ctx)
		must(err)
		equal([]int{done.Counters().RelationshipsCreated(), done.Counters().PropertiesSet()}, []int{created, 338})
	}
	equal(p.rows(all, "MATCH ()-[e:SAME]->() RETURN count(e) AS n", nil)[0]["n"], int64(169))
}

func linkAuto(p *probe) {
	p.linked(func(session neo4j.Session) (neo4j.Result, error) { return session.Run(p.ctx, link, nil) })
}

func linkManaged(p *probe) {
	p.linked(func(session neo4j.Session) (neo4j.Result, error) {
		done, err := session.ExecuteWrite(p.ctx, func(transaction neo4j.ManagedTransaction) (any, error) {
			result, err := transaction.Run(p.ctx, link, nil)
			if err != nil {
				return nil, err
			}
			// The summary outlives the transaction, its result is read to the end within.
			_, err = result.Consume(p.ctx)
			return result, err
		})
		if err != nil {
			return nil, err
		}
		return done.(neo4j.Result), nil
	})
}
