// What Neo4j Browser must do through facebolt, in this order: later checks use what earlier ones made.
'use strict'

const assert = require('node:assert/strict')
const { once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')

/** Names that the editor must complete, each after its beginning. */
const COMPLETED = [['CALL db.la', 'db.labels'], ['CALL face.', 'face.embed']]
/** The query of the README, word for word. */
const LINK = fs.readFileSync(path.join(__dirname, '..', '..', 'README.md'), 'utf8')
  .match(/```cypher\n(MATCH \(p1:Face\)[^`]+)```/)[1].trimEnd()

const person = photo => photo.replace(/[0-9]*\.jpg$/, '')

async function password ({ browser, user }) {
  await browser.login(user, 'wrong')
  await browser.shows('Neo.ClientError.Security.Unauthorized')
}

async function connect ({ browser, user, password, url }) {
  assert.equal(await browser.offered(), url)
  await browser.login(user, password)
  await browser.shows('You are connected as user')
  await browser.shows(url)
}

async function rows ({ browser }) {
  const frame = await browser.run("UNWIND [1, 2] AS n RETURN n, 'face' AS text, [0.5, null] AS list")
  assert.deepEqual(await frame.table(), [['n', 'text', 'list'], ['1', '"face"', '[0.5, null]'], ['2', '"face"', '[0.5, null]']])
  assert.match(await frame.status(), /^Started streaming 2 records/)
}

async function large ({ browser }) {
  const frame = await browser.run('UNWIND range(1, 5000) AS n RETURN n')
  assert.match(await frame.status(), /^Started streaming 5000 records/)
}

async function embed ({ browser, photos }) {
  const frame = await browser.run(`CALL face.embed('${photos.url('obama.jpg')}')`)
  const [columns, row, ...more] = await frame.table()
  assert.deepEqual(columns, ['embedding', 'index', 'confidence', 'area', 'quality', 'model'])
  assert.deepEqual([row[1], row[5], more], ['0', '"sface"', []])
  const numbers = row[0].replace(/^\[|\]$/g, '').split(',').map(Number)
  assert.ok(numbers.length === 128 && numbers.every(Number.isFinite), row[0])
}

async function parameter ({ browser, photos }) {
  await browser.start(`:param picture => '${photos.url('macron.jpg')}'`)
  await browser.shows('Successfully set your parameters')
  const frame = await browser.run('CALL face.embed($picture) YIELD index AS i, embedding RETURN i, size(embedding) AS size')
  assert.deepEqual(await frame.table(), [['i', 'size'], ['0', '128']])
}

async function create ({ browser, photos }) {
  const names = photos.names.map(name => `'${name}'`).join(', ')
  const frame = await browser.run(`UNWIND [${names}] AS name CALL face.embed('${photos.url('')}' + name) YIELD embedding ` +
    'CREATE (:Face {name: name, embedding: embedding})')
  const count = photos.names.length
  assert.match(await frame.text(), new RegExp(`Added ${count} labels, created ${count} nodes, set ${2 * count} properties`))
}

async function link ({ browser, same }) {
  const created = await browser.run(LINK)
  assert.match(await created.text(), new RegExp(`Set ${2 * same.length} properties, created ${same.length} relationships`))
  const again = await browser.run(LINK)
  assert.match(await again.text(), new RegExp(`Set ${2 * same.length} properties, completed`))
}

/** Warnings come from Neo4j, which has seen another text: they must point into the user's. */
async function warnings ({ browser }) {
  const frame = await browser.run(LINK)
  await frame.view('Warn')
  const lines = (await frame.text()).split('\n')
  const marked = lines.flatMap((line, at) => /^ *\^$/.test(line) ? [lines[at - 1].slice(line.indexOf('^'))] : [])
  assert.ok(marked.length > 0, lines.join('\n'))
  for (const text of marked) assert.match(text, /^ID\(p[12]\)/)
}

async function graph ({ browser, same, picture }) {
  const frame = await browser.run('MATCH (a:Face)-[s:SAME]-(b:Face) RETURN a, s, b')
  const shown = await frame.graph()
  const names = [...new Set(same.flat())].sort()
  await frame.screenshot(picture)
  assert.deepEqual([shown.nodes, shown.relationships], [names.length, same.length])
  for (const line of [`* (${names.length})Face (${names.length})`, `* (${same.length})SAME (${same.length})`]) {
    assert.ok(shown.overview.includes(line), shown.overview.join('\n'))
  }
  // A caption that is too long for its circle ends in an ellipsis.
  const drawn = shown.captions.map(caption => caption.replace(/…$/, ''))
  assert.ok(drawn.length === names.length && drawn.every((caption, at) => names[at].startsWith(caption)), shown.captions.join(' '))
}

async function table ({ browser, same }) {
  const frame = await browser.run('MATCH (a:Face)-[s:SAME]-(b:Face) WHERE a.name < b.name ' +
    'RETURN a.name AS a, b.name AS b, s.distance AS distance ORDER BY a, b')
  const [columns, ...rows] = await frame.table()
  assert.deepEqual(columns, ['a', 'b', 'distance'])
  assert.deepEqual(rows.map(row => row.slice(0, 2)), same.map(pair => pair.map(name => `"${name}"`)))
  assert.ok(rows.every(row => Number(row[2]) > 0 && Number(row[2]) < 10), rows.join('\n'))
}

/** For nodes alone Browser asks for what lies between them by their ids. */
async function between ({ browser, photos, same }) {
  const frame = await browser.run('MATCH (f:Face) RETURN f')
  await frame.root.locator('g.relationship').nth(same.length - 1).waitFor()
  const shown = await frame.graph()
  assert.deepEqual([shown.nodes, shown.relationships], [photos.names.length, same.length])
}

async function error ({ browser, photos }) {
  const syntax = await browser.fail('MATCH (f:Face)\nRETRN f')
  assert.match(syntax, /Neo\.ClientError\.Statement\.SyntaxError/)
  assert.match(syntax, /line 2, column 1/)
  const failed = await browser.fail(`CALL face.embed('${photos.url('missing')}')`)
  assert.match(failed, /Neo\.ClientError\.Procedure\.ProcedureCallFailed/)
  assert.match(failed, /Failed to invoke procedure `face\.embed`/)
  const mistyped = await browser.fail('CALL face.embed(1)')
  assert.match(mistyped, /Neo\.ClientError\.Statement\.SyntaxError/)
}

/** While one types Browser sends EXPLAIN of what stands there so far. */
async function typing ({ browser, photos, sent }) {
  const [before, from] = [photos.requests, sent.length]
  await browser.empty()
  await browser.type(`MATCH (f:Face) CALL face.embed('${photos.url('obama.jpg')}') YIELD ind`)
  await explained(sent, from, /YIELD ind$/)
  await browser.type('ex RETURN f.name, index')
  await explained(sent, from, /YIELD index RETURN f.name, index$/)
  const frame = await browser.run(`EXPLAIN CALL face.embed('${photos.url('obama.jpg')}') YIELD index RETURN index`)
  await frame.view('Plan')
  assert.match(await frame.text(), /ProduceResults/)
  assert.equal(photos.requests, before)
}

/** Waits until Browser has sent an EXPLAIN whose text ends as `end` says. */
async function explained (sent, from, end) {
  const found = () => sent.slice(from).some(text => {
    const match = /EXPLAIN ([ -~]+)/.exec(text)
    return match && end.test(match[1])
  })
  for (let tries = 0; !found(); tries++) {
    assert.ok(tries < 100, `no EXPLAIN of ${end} in\n${sent.slice(from).join('\n')}`)
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}

async function stop ({ browser, photos }) {
  const [held, left] = [once(photos, 'held'), once(photos, 'left')]
  const frame = await browser.start(`CALL face.embed('${photos.url('held')}') YIELD index RETURN index`)
  await held
  await frame.stop()
  await left
  await browser.shows('Query terminated')
  assert.deepEqual(await (await browser.run('RETURN 1 AS n')).table(), [['n'], ['1']])
}

/** Without a BEGIN, as transactions of Cypher's own need it. */
async function auto ({ browser, photos }) {
  const frame = await browser.run(":auto MATCH (f:Face) WHERE f.name STARTS WITH 'obama' " +
    `CALL (f) { CALL face.embed('${photos.url('')}' + f.name) YIELD confidence SET f.confidence = confidence } ` +
    'IN TRANSACTIONS OF 2 ROWS')
  assert.match(await frame.text(), /Set 4 properties, completed/)
}

async function complete ({ browser }) {
  for (const [typed, name] of COMPLETED) {
    await browser.empty()
    await browser.type(typed)
    const offered = await browser.completions()
    assert.ok(offered.includes(name), `${typed}: ${offered}`)
  }
  await browser.empty()
}

/** All that the page has opened since it was loaded: by HTTP it asks facebolt and the port that it came from. */
async function sockets ({ sockets, asked, address, http }) {
  assert.ok(sockets.length > 0)
  assert.deepEqual(sockets.filter(url => url !== `ws://${address}/`), [])
  const local = [...asked].filter(host => host.startsWith('127.0.0.1:') || host.startsWith('localhost'))
  assert.deepEqual(local.sort(), [address, new URL(http).host].sort())
}

module.exports = {
  password, connect, rows, large, embed, parameter, create, link, warnings, graph, table, between, error, typing, stop, auto,
  complete, sockets, person
}
