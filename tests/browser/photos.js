// The sample photos by HTTP on loopback. `/held` never answers: a statement that asks for it can only be ended.
'use strict'

const { EventEmitter, once } = require('node:events')
const fs = require('node:fs')
const http = require('node:http')
const path = require('node:path')

const FOLDER = path.join(__dirname, '..', 'photos')

class Photos extends EventEmitter {
  /** Serves on `port`; emits `held` when `/held` is asked for, `left` when who asked gives up. */
  static async serve (port) {
    const photos = new Photos()
    photos.names = fs.readdirSync(FOLDER).filter(name => name.endsWith('.jpg')).sort()
    photos.requests = 0
    photos.server = http.createServer((request, response) => photos.answer(request.url.slice(1), response))
    photos.server.listen(port, '127.0.0.1')
    await once(photos.server, 'listening')
    return photos
  }

  url (name) {
    return `http://127.0.0.1:${this.server.address().port}/${name}`
  }

  close () {
    this.server.closeAllConnections()
    this.server.close()
  }

  answer (name, response) {
    this.requests++
    if (name === 'held') {
      response.on('close', () => this.emit('left'))
      this.emit('held')
    } else if (this.names.includes(name)) {
      response.writeHead(200, { 'Content-Type': 'image/jpeg' }).end(fs.readFileSync(path.join(FOLDER, name)))
    } else {
      response.writeHead(404).end()
    }
  }
}

module.exports = { Photos }
