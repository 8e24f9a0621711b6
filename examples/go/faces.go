// Embeds photos, links the faces that are one person's, and prints who is who.
//
//	NEO4J_PASSWORD=... go run . a.jpg b.jpg ...
package main

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/neo4j/neo4j-go-driver/v6/neo4j"
)

const (
	embed = `CALL face.embed($image) YIELD embedding, index
		CREATE (:Face {photo: $photo, index: index, embedding: embedding})`
	link = `MATCH (p1:Face) MATCH (p2:Face) WHERE ID(p1) <> ID(p2)
		WITH p1, p2, gds.similarity.euclideanDistance(p1.embedding, p2.embedding) AS distance WHERE distance < 10
		MERGE (p1)-[e:SAME]-(p2) SET e.distance = distance`
	pairs = `MATCH (a:Face)-[e:SAME]->(b:Face)
		RETURN a.photo AS a, b.photo AS b, e.distance AS distance ORDER BY distance`
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, photos []string) error {
	uri := cmp.Or(os.Getenv("NEO4J_URI"), "bolt://127.0.0.1:7688")
	user := cmp.Or(os.Getenv("NEO4J_USERNAME"), "neo4j")
	driver, err := neo4j.NewDriver(uri, neo4j.BasicAuth(user, os.Getenv("NEO4J_PASSWORD"), ""))
	if err != nil {
		return err
	}
	defer driver.Close(ctx)

	query := func(text string, parameters map[string]any) (*neo4j.EagerResult, error) {
		return neo4j.ExecuteQuery(ctx, driver, text, parameters, neo4j.EagerResultTransformer)
	}
	for _, photo := range photos {
		bytes, err := os.ReadFile(photo)
		if err != nil {
			return err
		}
		// A data: URL carries the bytes; a URL that facebolt may fetch does too.
		image := "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(bytes)
		if _, err := query(embed, map[string]any{"photo": filepath.Base(photo), "image": image}); err != nil {
			return err
		}
	}
	if _, err := query(link, nil); err != nil {
		return err
	}
	result, err := query(pairs, nil)
	if err != nil {
		return err
	}
	for _, record := range result.Records {
		fmt.Printf("%s %s %.2f\n", record.Values...)
	}
	return nil
}
