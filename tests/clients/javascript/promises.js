// The promises, by name. Each gets a context with a driver of its own and throws if it is not kept.
'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { setTimeout: sleep } = require('node:timers/promises')

const LINK = 'MATCH (p1:Face) MATCH (p2:Face) WHERE ID(p1) <> ID(p2) ' +
  'WITH p1, p2, gds.similarity.euclideanDistance(p1.embedding, p2.embedding) as distance WHERE distance < 10 ' +
  'MERGE (p1)-[e:SAME]-(p2) SET e.distance=distance'
const PHOTO = 'data:image/jpeg;base64,' + fs.readFileSync('tests/photos/obama.jpg').toString('base64')
const EMBED = 'CALL face.embed($url) YIELD embedding, index RETURN embedding, index'
// Minutes of work that nobody waits for.
const ENDLESS = 'UNWIND range(1, 10000000000) AS n WITH n WHERE n < 0 RETURN count(n) AS n'

/** Thrown where the driver, or the server, cannot do what a promise is about. */
class Unable extends Error {}

let unique = 0

async function withSession (driver, use, options = {}) {
  const session = driver.session(options)
  try {
    return await use(session)
  } finally {
    await session.close()
  }
}

const run = (driver, text, parameters, options) =>
  withSession(driver, session => session.run(text, parameters), options)

async function rows (driver, text, parameters, options) {
  return (await run(driver, text, parameters, options)).records.map(record => record.toObject())
}

const count = async driver => Number((await rows(driver, 'MATCH (n:Probe) RETURN count(n) AS n'))[0].n)

async function failure (work) {
  try {
    await work()
  } catch (error) {
    return error
  }
  throw new assert.AssertionError({ message: 'it did not fail' })
}

/** Waits until the server runs no statement that contains `marker`. */
async function ended (driver, marker) {
  const text = 'SHOW TRANSACTIONS YIELD currentQuery WHERE currentQuery CONTAINS $marker ' +
    "AND NOT currentQuery STARTS WITH 'SHOW' RETURN count(*) AS n"
  for (let tries = 0; tries < 100; tries++) {
    if (Number((await rows(driver, text, { marker }))[0].n) === 0) return
    await sleep(100)
  }
  assert.fail('the statement still runs on the server')
}

async function roundTrip (driver, values) {
  const [row] = await rows(driver, 'RETURN $values AS values', { values })
  assert.deepStrictEqual(row.values, values)
}

const plain = ({ driver }) => roundTrip(driver, [
  null, true, false, 0n, -17n, 127n, -129n, 40000n, 2n ** 63n - 1n, -(2n ** 63n),
  0.1, -0, 5e-324, NaN, Infinity, -Infinity, Number.MAX_VALUE,
  '', 'grüße 𝄞', 'x'.repeat(70000), new Int8Array(0), Int8Array.from({ length: 76800 }, (_, n) => n),
  [], [1n, [2.5, ['deep']], null], {}, { a: { b: [1n, { c: null }] } }
])

async function temporal ({ neo4j, driver }) {
  const { Date, Time, LocalTime, DateTime, LocalDateTime, Duration } = neo4j.types
  await roundTrip(driver, [
    new Date(2024n, 2n, 29n), new LocalTime(23n, 59n, 59n, 999999999n), new Time(1n, 2n, 3n, 4n, 19800n),
    new LocalDateTime(2024n, 2n, 29n, 1n, 2n, 3n, 4n), new DateTime(2024n, 2n, 29n, 1n, 2n, 3n, 4n, 19800n),
    new DateTime(2024n, 2n, 29n, 1n, 2n, 3n, 4n, 3600n, 'Europe/Berlin'), new Duration(14n, 3n, 4n, 5n)
  ])
}

const spatial = ({ neo4j: { types: { Point } }, driver }) => roundTrip(driver, [
  new Point(7203n, 1.5, -2.5), new Point(9157n, 1, 2, 3), new Point(4326n, 12.5, 55.7), new Point(4979n, 12.5, 55.7, 9)
])

async function graph ({ driver }) {
  const text = "CREATE path = (a:Probe {name: 'a'})-[r:TO {since: 1}]->(b:Probe {name: 'b'}) RETURN a, r, b, path"
  const [{ a, r, b, path }] = await rows(driver, text)
  assert.deepEqual([a.labels, a.properties, b.properties], [['Probe'], { name: 'a' }, { name: 'b' }])
  assert.deepEqual([r.type, r.properties], ['TO', { since: 1n }])
  assert.deepEqual([r.startNodeElementId, r.endNodeElementId], [a.elementId, b.elementId])
  assert.equal(path.length, 1)
  assert.deepEqual([path.start, path.end, path.segments[0].relationship.elementId], [a, b, r.elementId])
}

async function vector ({ neo4j, driver, version }) {
  if (version.startsWith('5.')) throw new Unable('Neo4j 5.26 has no vectors')
  const vectors = [neo4j.vector(Float32Array.of(1, 2, 3)), neo4j.vector(Float64Array.of(0.1, -2)), neo4j.vector(Int8Array.of(-1, 7))]
  const text = 'CYPHER 25 RETURN $vectors AS there, vector([1, 2, 3], 3, FLOAT32) AS made'
  const [{ there, made }] = await rows(driver, text, { vectors })
  assert.deepStrictEqual(there, vectors)
  assert.deepStrictEqual(made, vectors[0])
}

async function summary ({ driver, version, address }) {
  const { summary } = await run(driver, 'CREATE (:Probe {a: 1, b: 2}) RETURN 1 AS one')
  const { nodesCreated, propertiesSet, labelsAdded } = summary.counters.updates()
  assert.deepEqual([nodesCreated, propertiesSet, labelsAdded], [1, 2, 1])
  assert.deepEqual([summary.database.name, summary.server.address], ['neo4j', address])
  assert.ok(summary.server.agent.startsWith('Neo4j/' + version), summary.server.agent)
}

async function error ({ driver, version }) {
  const error = await failure(() => run(driver, 'RETURN 1 +'))
  const status = version.startsWith('5.') ? '50N42' : '42001'
  assert.deepEqual([error.code, error.gqlStatus], ['Neo.ClientError.Statement.SyntaxError', status])
  assert.ok(error.message.startsWith("Invalid input '': expected an expression (line 1, column 11 (offset: 10))"))
}

async function commit ({ driver }) {
  await withSession(driver, async session => {
    const transaction = await session.beginTransaction()
    await transaction.run('CREATE (:Probe)')
    assert.equal(await count(driver), 0)
    await transaction.commit()
  })
  assert.equal(await count(driver), 1)
}

async function rollback ({ driver }) {
  await withSession(driver, async session => {
    const transaction = await session.beginTransaction()
    await transaction.run('CREATE (:Probe)')
    await transaction.rollback()
    const forgotten = await session.beginTransaction()
    await forgotten.run('CREATE (:Probe)')
  })
  assert.equal(await count(driver), 0)
}

async function killed ({ driver, websocket }) {
  if (websocket) throw new Unable('the browser build does not retry a lost connection')
  for (let tries = 1; ; tries++) {
    try {
      return await killOnce(driver)
    } catch (error) {
      // Where the driver has seen the loss already its run() is a TypeError, which it does not retry: one time in
      // three without facebolt too, by chance.
      if (!(error instanceof TypeError) || tries === 10) throw error
      await run(driver, 'MATCH (n:Probe) DETACH DELETE n')
    }
  }
}

async function killOnce (driver) {
  const marker = `killed ${process.pid} ${unique++}`
  let attempts = 0
  await withSession(driver, session => session.executeWrite(async transaction => {
    attempts++
    await transaction.run('CREATE (:Probe)')
    if (attempts === 1) {
      const found = await transaction.run('SHOW TRANSACTIONS YIELD connectionId, currentQuery ' +
        `WHERE currentQuery CONTAINS '${marker}' RETURN connectionId AS id`)
      await run(driver, 'CALL dbms.killConnection($id)', found.records[0].toObject())
    }
    await transaction.run('CREATE (:Probe)')
  }))
  assert.deepEqual([attempts, await count(driver)], [2, 2])
}

async function away (context) {
  const there = { ...context, address: process.env.FACEBOLT_TEST_AWAY_ADDRESS }
  const driver = there.connect()
  try {
    await withSession(driver, session => session.executeWrite(transaction => transaction.run('CREATE (:Probe)')))
  } finally {
    await driver.close()
  }
  assert.equal(await count(context.driver), 1)
}

async function deadlock ({ driver }) {
  await run(driver, "CREATE (:Probe {name: 'a', set: 0}), (:Probe {name: 'b', set: 0})")
  let arrived = 0
  let attempts = 0
  let open
  const both = new Promise(resolve => { open = resolve })
  const cross = names => withSession(driver, session => session.executeWrite(async transaction => {
    attempts++
    for (const name of names) {
      await transaction.run('MATCH (p:Probe {name: $name}) SET p.set = p.set + 1', { name })
      if (++arrived === 2) open()
      await both
    }
  }))
  await Promise.all([cross(['a', 'b']), cross(['b', 'a'])])
  assert.ok(attempts > 2, 'nobody was blocked')
  assert.deepEqual(await rows(driver, 'MATCH (p:Probe) RETURN p.set AS set'), [{ set: 2n }, { set: 2n }])
}

async function bookmarks ({ driver }) {
  let bookmarks
  const seen = []
  for (let n = 0; n < 3; n++) {
    bookmarks = await withSession(driver, async session => {
      seen.push(Number((await session.run('MATCH (n:Probe) RETURN count(n) AS n')).records[0].get('n')))
      await session.executeWrite(transaction => transaction.run('CREATE (:Probe)'))
      return session.lastBookmarks()
    }, { bookmarks })
    assert.equal(bookmarks.length, 1)
  }
  assert.deepEqual(seen, [0, 1, 2])
  const error = await failure(() => run(driver, 'RETURN 1', {}, { bookmarks: ['nonsense'] }))
  assert.equal(error.code, 'Neo.ClientError.Transaction.InvalidBookmark')
}

async function impersonation ({ driver, user }) {
  const error = await failure(() => run(driver, 'RETURN 1', {}, { impersonatedUser: user }))
  assert.equal(error.code, 'Neo.ClientError.Statement.ArgumentError')
}

async function large ({ driver }) {
  await withSession(driver, async session => {
    let next = 1n
    for await (const row of session.run('UNWIND range(1, 100000) AS n RETURN n, toString(n) AS text')) {
      assert.equal(row.get('n'), next)
      assert.equal(row.get('text'), String(next++))
    }
    assert.equal(next, 100001n)
  }, { fetchSize: 100 })
}

async function abandon (context) {
  const driver = context.connect({ maxConnectionPoolSize: 1 })
  try {
    for (let n = 0; n < 3; n++) {
      await withSession(driver, async session => {
        for await (const row of session.run('UNWIND range(1, 1000000000) AS n RETURN n')) {
          if (row.get('n') === 25n) break
        }
      }, { fetchSize: 10 })
      assert.deepEqual(await rows(driver, 'RETURN 1 AS one'), [{ one: 1n }])
    }
  } finally {
    await driver.close()
  }
}

async function timeout ({ driver }) {
  await withSession(driver, async session => {
    const error = await failure(() => session.run(ENDLESS, {}, { timeout: 500 }))
    assert.equal(error.code, 'Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration')
    assert.equal((await session.run('RETURN 1 AS one')).records[0].get('one'), 1n)
  })
}

async function cancel ({ driver }) {
  const marker = `cancel ${process.pid} ${unique++}`
  const session = driver.session()
  const result = failure(() => session.run(`/* ${marker} */ ${ENDLESS}`))
  await sleep(1000)
  await session.close()
  await result
  await ended(driver, marker)
}

async function password (context) {
  const driver = context.connect({}, { password: 'wrong' })
  const error = await failure(() => driver.verifyConnectivity()).finally(() => driver.close())
  assert.equal(error.code, 'Neo.ClientError.Security.Unauthorized')
}

async function user (context) {
  const driver = context.connect({ maxConnectionPoolSize: 1 })
  const other = { auth: context.neo4j.auth.basic(context.otherUser, context.password) }
  const wrong = { auth: context.neo4j.auth.basic(context.otherUser, 'wrong') }
  const who = async options => (await rows(driver, 'SHOW CURRENT USER YIELD user', {}, { database: 'system', ...options }))[0].user
  try {
    const users = [await who({}), await who(other), await who({}), await who(other)]
    assert.deepEqual(users, [context.user, context.otherUser, context.user, context.otherUser])
    await failure(() => who(wrong))
    assert.equal(await who({}), context.user)
  } finally {
    await driver.close()
  }
}

async function routing (context) {
  const driver = context.connect({}, { scheme: 'neo4j' })
  try {
    for (const options of [{}, { database: 'neo4j' }, { defaultAccessMode: context.neo4j.session.READ }]) {
      const { summary } = await run(driver, 'RETURN 1', {}, options)
      assert.equal(summary.server.address, context.address)
    }
    const error = await failure(() => run(driver, 'RETURN 1', {}, { database: 'nosuch' }))
    assert.equal(error.code, 'Neo.ClientError.Database.DatabaseNotFound')
  } finally {
    await driver.close()
  }
}

async function access ({ neo4j, driver }) {
  const error = await failure(() => run(driver, 'CREATE (:Probe)', {}, { defaultAccessMode: neo4j.session.READ }))
  assert.equal(error.code, 'Neo.ClientError.Statement.AccessMode')
  assert.equal(await count(driver), 0)
}

async function concurrent ({ driver }) {
  await Promise.all(Array.from({ length: 20 }, (_, n) => withSession(driver, async session => {
    await session.executeWrite(transaction => transaction.run('CREATE (:Probe {n: $n})', { n }))
    const found = await session.executeRead(transaction => transaction.run('MATCH (p:Probe {n: $n}) RETURN p.n AS n', { n }))
    assert.deepEqual(found.records.map(record => record.get('n')), [n])
  })))
  assert.equal(await count(driver), 20)
}

async function batches ({ driver }) {
  const text = 'UNWIND range(1, 250) AS n CALL (n) { CREATE (:Probe {n: n}) } IN TRANSACTIONS OF 100 ROWS'
  assert.equal((await run(driver, text)).summary.counters.updates().nodesCreated, 250)
  assert.equal(await count(driver), 250)
  await withSession(driver, async session => {
    const transaction = await session.beginTransaction()
    const error = await failure(() => transaction.run(text))
    assert.equal(error.code, 'Neo.DatabaseError.Transaction.TransactionStartFailed')
  })
}

function checkEmbedding (rows) {
  assert.equal(rows.length, 1)
  assert.equal(rows[0].index, 0n)
  assert.equal(rows[0].embedding.length, 128)
  // The length of a calibrated embedding.
  assert.ok(Math.abs(Math.hypot(...rows[0].embedding) - 10 / 1.055) < 1e-4)
}

async function embedLiteral ({ driver }) {
  checkEmbedding(await rows(driver, EMBED.replace('$url', `'${PHOTO}'`)))
}

async function embedParameter ({ driver }) {
  await withSession(driver, async session => {
    const found = await session.executeRead(transaction => transaction.run(EMBED, { url: PHOTO }))
    checkEmbedding(found.records.map(record => record.toObject()))
  })
}

async function embedRow ({ driver }) {
  await run(driver, 'UNWIND range(1, 3) AS n CREATE (:Probe {n: n, photo: $url})', { url: PHOTO })
  const text = 'MATCH (p:Probe) CALL face.embed(p.photo) YIELD embedding, index RETURN p.n AS n, embedding, index ORDER BY n'
  const found = await rows(driver, text)
  assert.deepEqual(found.map(row => row.n), [1n, 2n, 3n])
  found.forEach(row => checkEmbedding([row]))
}

async function embedError ({ driver, version }) {
  // What each server says of a procedure of its own that fails.
  const status = version.startsWith('5.') ? '50N42' : '52N37'
  await withSession(driver, async session => {
    const error = await failure(() => session.run(EMBED, { url: 'data:image/png;base64,AAAA' }))
    assert.deepEqual([error.code, error.gqlStatus], ['Neo.ClientError.Procedure.ProcedureCallFailed', status])
    assert.ok(error.message.startsWith('Failed to invoke procedure `face.embed`: Caused by: '), error.message)
    assert.equal((await session.run('RETURN 1 AS one')).records[0].get('one'), 1n)
  })
}

async function embedExplain ({ driver }) {
  // An image that would fail if it were looked at.
  const { records, summary } = await run(driver, 'EXPLAIN ' + EMBED, { url: 'data:image/png;base64,AAAA' })
  assert.equal(records.length, 0)
  assert.ok(summary.plan)
}

async function link (driver, run) {
  const vectors = JSON.parse(fs.readFileSync('tests/data/facenet128_deepface.json')).map(entry => entry.embedding)
  await driver.executeQuery('UNWIND $vectors AS vector CREATE (:Face {embedding: vector})', { vectors })
  await withSession(driver, async session => {
    for (const created of [169, 0]) {
      const { relationshipsCreated, propertiesSet } = (await run(session)).summary.counters.updates()
      assert.deepEqual([relationshipsCreated, propertiesSet], [created, 338])
    }
  })
  assert.deepEqual(await rows(driver, 'MATCH ()-[e:SAME]->() RETURN count(e) AS n'), [{ n: 169n }])
}

module.exports = {
  Unable,
  plain, temporal, spatial, graph, vector, summary, error, commit, rollback, killed, away, deadlock, bookmarks,
  impersonation, large, abandon, timeout, cancel, password, user, routing, access, concurrent, batches,
  embed_literal: embedLiteral,
  embed_parameter: embedParameter,
  embed_row: embedRow,
  embed_error: embedError,
  embed_explain: embedExplain,
  link_auto: ({ driver }) => link(driver, session => session.run(LINK)),
  link_managed: ({ driver }) => link(driver, session => session.executeWrite(transaction => transaction.run(LINK)))
}
