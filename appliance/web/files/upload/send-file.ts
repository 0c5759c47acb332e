import { failureOf, noAnswer } from '../../kit/api/failure.ts'
import { addressOf, ourOwn } from '../../kit/api/request.ts'

interface Options {
  file: File
  path: string
  overwrite: boolean
  onProgress: (sentBytes: number) => void
  signal: AbortSignal
}

/** Uploads one file with progress, which `fetch` cannot tell. Rejects with an ApiFailure, or an AbortError. */
export function sendFile({ file, path, overwrite, onProgress, signal }: Options): Promise<void> {
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest()
    const abort = () => call.abort()
    signal.addEventListener('abort', abort)
    call.open('PUT', addressOf('/files/content', { path, overwrite }))
    for (const [name, value] of Object.entries(ourOwn)) call.setRequestHeader(name, value)
    call.setRequestHeader('X-OC-MTime', String(Math.floor(file.lastModified / 1000)))
    call.setRequestHeader('Content-Type', 'application/octet-stream')
    call.upload.onprogress = event => onProgress(event.loaded)
    call.onload = () =>
      call.status < 300 ? resolve() : reject(failureOf(call.status, parse(call.responseText)))
    call.onerror = () => reject(noAnswer())
    call.onabort = () => reject(new DOMException('', 'AbortError'))
    call.onloadend = () => signal.removeEventListener('abort', abort)
    call.send(file)
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    // A proxy's page, not the box's answer: the status alone has to do.
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
