module facebolt.example/faces

go 1.25

require github.com/neo4j/neo4j-go-driver/v6 v6.2.0
