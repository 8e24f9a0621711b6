// Runs the promises named on the command line with the official JavaScript driver: over TCP, or with
// FACEBOLT_TEST_TRANSPORT=websocket its browser build over WebSocket. Prints a line for each.
'use strict'

const websocket = process.env.FACEBOLT_TEST_TRANSPORT === 'websocket'
if (websocket) {
  globalThis.WebSocket = require('ws')
}
const neo4j = require(websocket ? 'neo4j-driver/lib/browser/neo4j-web.js' : 'neo4j-driver')
const promises = require('./promises.js')

const SECONDS = 60

const env = name => {
  const value = process.env[`FACEBOLT_TEST_${name}`]
  if (value === undefined) throw new Error(`FACEBOLT_TEST_${name} is not set: tests/clients/run sets it`)
  return value
}

/** What a promise is tested against. */
const context = {
  neo4j,
  address: env('ADDRESS'),
  user: env('USER'),
  password: env('PASSWORD'),
  websocket,
  otherUser: env('OTHER_USER'),
  version: env('NEO4J'),
  connect (options = {}, { scheme = 'bolt', password = this.password } = {}) {
    const auth = neo4j.auth.basic(this.user, password)
    return neo4j.driver(`${scheme}://${this.address}`, auth, { useBigInt: true, connectionTimeout: 20000, ...options })
  }
}

async function keep (name) {
  const began = process.hrtime.bigint()
  const driver = context.connect()
  let timer
  const late = new Promise((resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${SECONDS} s`)), SECONDS * 1000)
  })
  let failure
  try {
    if (!promises[name]) throw new Error('this client does not know the promise')
    await driver.executeQuery('MATCH (n:Probe|Face) DETACH DELETE n')
    await Promise.race([promises[name]({ ...context, driver }), late])
  } catch (error) {
    failure = error
  } finally {
    clearTimeout(timer)
  }
  await driver.close().catch(error => { failure = failure ?? error })
  const seconds = (Number(process.hrtime.bigint() - began) / 1e9).toFixed(2)
  if (failure instanceof promises.Unable) {
    console.log(`- ${name} ${failure.message}`)
    return
  }
  console.log(failure ? `FAILED ${name} ${seconds}` : `ok ${name} ${seconds}`)
  if (failure) {
    console.log(String(failure.stack ?? failure).slice(0, 4000).replace(/^/gm, '  '))
  }
}

;(async () => {
  for (const name of process.argv.slice(2)) {
    await keep(name)
  }
  process.exit(0)
})()
