// Neo4j Browser in a page: what its user does there, and what it shows. Where it keeps things is known here alone.
'use strict'

const SECONDS = 60
const by = name => `[data-testid=${name}]`

class Page {
  /** Opens Browser from a Neo4j's HTTP port with a `connectURL`; it does not connect by itself. */
  static async open (page, http, connectURL) {
    const browser = new Page()
    browser.page = page
    page.setDefaultTimeout(SECONDS * 1000)
    await page.goto(`${http}/browser/?connectURL=${encodeURIComponent(connectURL)}`)
    return browser
  }

  /** The address that its form offers. */
  async offered () {
    return await this.page.locator(by('bolt-scheme-select')).inputValue() +
      await this.page.locator(by('boltaddress')).inputValue()
  }

  async login (user, password) {
    await this.page.fill(by('username'), user)
    await this.page.fill(by('password'), password)
    await this.page.click(by('connect'))
  }

  /** Waits until a text is shown anywhere. */
  async shows (text) {
    await this.page.getByText(text).first().waitFor()
  }

  /** Puts a text into the editor at once, as pasting does. */
  async paste (text) {
    await this.empty()
    await this.page.keyboard.insertText(text)
  }

  /** Types a text key by key, slowly enough for Browser to ask about it on the way. */
  async type (text) {
    await this.page.keyboard.type(text, { delay: 40 })
  }

  async empty () {
    await this.page.click(`${by('activeEditor')} .monaco-editor`)
    await this.page.keyboard.press('Control+A')
    await this.page.keyboard.press('Backspace')
  }

  /** What the editor offers to complete the typed text with. */
  async completions () {
    const rows = this.page.locator('.suggest-widget .monaco-list-row')
    await rows.first().waitFor()
    const labels = await rows.evaluateAll(found => found.map(row => row.getAttribute('aria-label')))
    return labels.map(label => label.split(',')[0])
  }

  /** Starts a statement; its frame is then the only one. */
  async start (text) {
    const close = this.page.getByTitle('Close', { exact: true })
    while (await close.count() > 0) await close.first().click()
    await this.paste(text)
    await this.page.click(by('editor-Run'))
    const frame = new Frame(this.page.locator(by('frame')).first())
    await frame.root.waitFor()
    return frame
  }

  /** Carries out a statement that succeeds. */
  async run (text) {
    const frame = await this.start(text)
    await frame.ended()
    if (await frame.failed()) throw new Error(`${text}\n${await frame.text()}`)
    return frame
  }

  /** What is shown of a statement that fails. */
  async fail (text) {
    const frame = await this.start(text)
    await frame.ended()
    if (!await frame.failed()) throw new Error(`${text}\ndoes not fail, but shows\n${await frame.text()}`)
    return await frame.text()
  }
}

/** What Browser shows of one statement. */
class Frame {
  constructor (root) {
    this.root = root
  }

  async ended () {
    const done = `${by('frameStatusbar')}:has-text("ms"), ${by('frame-loaded-contents')}, ${by('cypherFrameErrorMessage')}`
    await this.root.locator(done).first().waitFor()
    await this.root.locator(by('spinner')).waitFor({ state: 'detached' })
  }

  async failed () {
    return await this.root.locator(by('cypherFrameErrorMessage')).count() > 0
  }

  async stop () {
    await this.root.locator(by('stopRunFrameButton')).click()
  }

  text () {
    return this.root.locator(by('frameContents')).innerText()
  }

  status () {
    return this.root.locator(by('frameStatusbar')).innerText()
  }

  /** Turns to another of its views: Graph, Table, Plan, Warn. */
  async view (name) {
    await this.root.locator('li').getByText(name, { exact: true }).click()
  }

  /** The result table: its column names, then each row's cells, all as they read. */
  async table () {
    const table = this.root.locator('table').first()
    await table.waitFor()
    return await table.evaluate(shown => [...shown.querySelectorAll('tr')].map(row =>
      [...row.querySelectorAll('th, td')].slice(1).map(cell => cell.innerText.trim())))
  }

  /** The drawn graph, and what the panel beside it counts. */
  async graph () {
    await this.root.locator('g.node').first().waitFor()
    await this.root.locator(by('vizInspector')).waitFor()
    const captions = await this.root.locator('g.node text.caption').allTextContents()
    return {
      nodes: await this.root.locator('g.node').count(),
      relationships: await this.root.locator('g.relationship').count(),
      captions: captions.map(caption => caption.trim()).sort(),
      overview: (await this.root.locator(by('vizInspector')).innerText()).split('\n').filter(line => line.trim())
    }
  }

  async screenshot (path) {
    await this.root.screenshot({ path })
  }
}

module.exports = { Page }
