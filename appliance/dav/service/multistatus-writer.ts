import type { ServerResponse } from 'node:http'
import { multistatusEnd, multistatusStart } from '../render/multistatus.ts'

const pieceLength = 64 * 1024

/** Sends a multistatus in large pieces, as it is made; a short one at once and with its length. */
export class MultistatusWriter {
  #text = multistatusStart
  #isStarted = false
  readonly #response: ServerResponse
  readonly #encoding: 'latin1' | 'utf8'

  constructor(response: ServerResponse, isAscii: boolean) {
    this.#response = response
    this.#encoding = isAscii ? 'latin1' : 'utf8'
  }

  /** The promise is to be awaited where there is one: the client reads slower than we write. */
  add(text: string): Promise<void> | undefined {
    this.#text += text
    return this.#text.length < pieceLength ? undefined : this.#flush()
  }

  end(): void {
    const text = this.#text + multistatusEnd
    if (this.#isStarted) {
      this.#response.end(text, this.#encoding)
      return
    }
    const bytes = Buffer.from(text, this.#encoding)
    this.#start()
    this.#response.setHeader('Content-Length', bytes.length)
    this.#response.end(bytes)
  }

  #start() {
    this.#isStarted = true
    this.#response.statusCode = 207
    this.#response.setHeader('Content-Type', 'application/xml; charset=utf-8')
  }

  #flush(): Promise<void> | undefined {
    if (!this.#isStarted) this.#start()
    const text = this.#text
    this.#text = ''
    if (this.#response.destroyed) return Promise.reject(new ReaderGone())
    if (this.#response.write(text, this.#encoding)) return undefined
    return new Promise((resolve, reject) => {
      const gone = () => reject(new ReaderGone())
      this.#response.once('close', gone)
      this.#response.once('drain', () => {
        this.#response.off('close', gone)
        resolve()
      })
    })
  }
}

/** The client closed the connection: nothing is left to be said. */
export class ReaderGone extends Error {}
