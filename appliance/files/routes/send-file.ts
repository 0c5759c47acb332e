import type { IncomingMessage, ServerResponse } from 'node:http'
import { sendContent } from '../../http/content.ts'
import type { OpenFile } from '../service/reading.ts'

/** As a download, with Range and preconditions; closes it. */
export async function sendFile(
  { request, response }: { request: IncomingMessage; response: ServerResponse },
  file: OpenFile,
): Promise<undefined> {
  try {
    const { name, size, etag, modifiedAtMs } = file.entry
    const { read, readNow } = file
    const about = { name, size, etag, modifiedAtMs, isAttachment: true }
    await sendContent(request, response, { ...about, read, readNow })
  } finally {
    file.close()
  }
}
