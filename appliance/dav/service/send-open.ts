import type { OpenFile } from '../../files/index.ts'
import { sendContent } from '../../http/content.ts'
import type { DavCall } from './call.ts'
import { setChecksumHeader } from './checksum.ts'

/** Sends what is open, and closes it. */
export async function sendOpen({ request, response }: DavCall, file: OpenFile): Promise<void> {
  try {
    const { name, size, etag, modifiedAtMs } = file.entry
    const { read, readNow } = file
    setChecksumHeader(response, file.checksums())
    await sendContent(request, response, {
      name,
      size,
      etag,
      modifiedAtMs,
      isAttachment: true,
      read,
      readNow,
    })
  } finally {
    file.close()
  }
}
