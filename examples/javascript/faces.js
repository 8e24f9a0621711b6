// Embeds photos, links the faces that are one person's, and prints who is who.
//
//     npm install neo4j-driver
//     NEO4J_PASSWORD=... node faces.js a.jpg b.jpg ...
'use strict'

const fs = require('node:fs')
const path = require('node:path')
const neo4j = require('neo4j-driver')

const EMBED = `
  CALL face.embed($image) YIELD embedding, index
  CREATE (:Face {photo: $photo, index: index, embedding: embedding})`
const LINK = `
  MATCH (p1:Face) MATCH (p2:Face) WHERE ID(p1) <> ID(p2)
  WITH p1, p2, gds.similarity.euclideanDistance(p1.embedding, p2.embedding) AS distance WHERE distance < 10
  MERGE (p1)-[e:SAME]-(p2) SET e.distance = distance`
const PAIRS = `
  MATCH (a:Face)-[e:SAME]->(b:Face)
  RETURN a.photo AS a, b.photo AS b, e.distance AS distance ORDER BY distance`

async function main () {
  const { NEO4J_URI = 'bolt://127.0.0.1:7688', NEO4J_USERNAME = 'neo4j', NEO4J_PASSWORD } = process.env
  const driver = neo4j.driver(NEO4J_URI, neo4j.auth.basic(NEO4J_USERNAME, NEO4J_PASSWORD))
  try {
    for (const photo of process.argv.slice(2)) {
      // A data: URL carries the bytes; a URL that facebolt may fetch does too.
      const image = 'data:image/jpeg;base64,' + fs.readFileSync(photo).toString('base64')
      await driver.executeQuery(EMBED, { photo: path.basename(photo), image })
    }
    await driver.executeQuery(LINK)
    const { records } = await driver.executeQuery(PAIRS)
    for (const record of records) {
      console.log(record.get('a'), record.get('b'), record.get('distance').toFixed(2))
    }
  } finally {
    await driver.close()
  }
}

main()
