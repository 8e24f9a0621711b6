// Drives Neo4j Browser in headless Chromium through the checks named on the command line. Prints a line for each.
'use strict'

const { chromium } = require('playwright-core')
const { person, ...checks } = require('./checks.js')
const { Page } = require('./page.js')
const { Photos } = require('./photos.js')

const SECONDS = 150

const env = name => {
  const value = process.env[`FACEBOLT_TEST_${name}`]
  if (value === undefined) throw new Error(`FACEBOLT_TEST_${name} is not set: tests/browser/run sets it`)
  return value
}

/** A page with nothing but loopback to reach; whom it asks by HTTP, and all that it does with WebSockets. */
async function open (chrome, http, url) {
  const context = await chrome.newContext({ viewport: { width: 1500, height: 1000 } })
  await context.route(address => address.hostname !== '127.0.0.1', route => route.abort())
  const page = await context.newPage()
  const [asked, sockets, sent] = [new Set(), [], []]
  page.on('request', request => asked.add(new URL(request.url()).host))
  page.on('websocket', socket => {
    sockets.push(socket.url())
    socket.on('framesent', frame => sent.push(frame.payload.toString('latin1')))
  })
  return { browser: await Page.open(page, http, url), asked, sockets, sent }
}

/** Every two photos that show the same person, by name. */
function pairs (names) {
  return names.flatMap(a => names.filter(b => a < b && person(a) === person(b)).map(b => [a, b]))
}

async function keep (name, context) {
  const began = process.hrtime.bigint()
  let timer
  const late = new Promise((resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${SECONDS} s`)), SECONDS * 1000)
  })
  let failure
  try {
    await Promise.race([checks[name](context), late])
  } catch (error) {
    failure = error
  }
  clearTimeout(timer)
  const seconds = (Number(process.hrtime.bigint() - began) / 1e9).toFixed(2)
  console.log(failure ? `FAILED ${name} ${seconds}` : `ok ${name} ${seconds}`)
  if (failure) {
    console.log(String(failure.stack ?? failure).slice(0, 4000).replace(/^/gm, '  '))
    const path = context.picture.replace('.png', `-${name}.png`)
    await context.browser.page.screenshot({ path, timeout: 10_000 }).catch(() => {})
  }
}

async function main () {
  const photos = await Photos.serve(Number(env('PHOTOS')))
  // Root may not use Chromium's sandbox.
  const sandbox = process.getuid() === 0 ? ['--no-sandbox'] : []
  const chrome = await chromium.launch({ executablePath: env('CHROMIUM'), args: sandbox })
  try {
    const address = env('ADDRESS')
    const url = `${env('SCHEME')}://${address}`
    const http = env('HTTP')
    const context = {
      ...await open(chrome, http, url),
      http,
      photos,
      address,
      url,
      user: env('USER'),
      password: env('PASSWORD'),
      picture: env('PICTURE'),
      same: pairs(photos.names)
    }
    for (const name of process.argv.slice(2)) await keep(name, context)
  } finally {
    await chrome.close()
    photos.close()
  }
}

main().catch(error => {
  console.error(error)
  process.exit(1)
})
