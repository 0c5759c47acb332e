import { z } from 'zod'
import type { Progress } from '../../lib/operation.ts'
import type { Bundle, Slots } from '../schema.ts'

/** `rauc status --detailed --output-format=json` (rauc(1)). Slots of a group have one parent, which has the boot name. */
const status = z.object({
  compatible: z.string(),
  booted: z.string().nullish(),
  boot_primary: z.string().nullish(),
  slots: z.array(
    z.record(
      z.string(),
      z.object({
        bootname: z.string().nullish(),
        state: z.string(),
        slot_status: z.object({ bundle: z.object({ version: z.string().nullish() }).nullish() }).nullish(),
      }),
    ),
  ),
})

export function parseStatus(text: string): Slots {
  const { compatible, boot_primary: primary, slots } = status.parse(JSON.parse(text))
  const found = slots.flatMap(one =>
    Object.entries(one).flatMap(([id, { bootname, state, slot_status }]) =>
      bootname
        ? [
            {
              name: bootname,
              isBooted: state === 'booted',
              isNext: id === primary,
              version: slot_status?.bundle?.version ?? null,
            },
          ]
        : [],
    ),
  )
  return { compatible, slots: found.toSorted((one, other) => (one.name < other.name ? -1 : 1)) }
}

const info = z.object({ compatible: z.string(), version: z.string() })

/** `rauc info --output-format=json FILE`, which says so only of what it trusts. */
export function parseInfo(text: string): Bundle {
  const { compatible, version } = info.parse(JSON.parse(text))
  return { compatible, version }
}

/** ` 80% Checking slot boot.1` of `rauc install`. */
export function parseProgress(line: string): Progress | undefined {
  const [, percent, message] = /^\s*(\d{1,3})% (.+)$/.exec(line) ?? []
  if (percent === undefined || message === undefined) return undefined
  return { fraction: Math.min(1, Number(percent) / 100), message: message.replace(/\.$/, '') }
}

/** What `rauc` says last is why it failed: `LastError: ...`, or the last line without its prefix. */
export function parseRefusal(output: string): string {
  const lines = output
    .split('\n')
    .map(line => line.trim())
    .filter(Boolean)
  const told = lines.findLast(line => line.startsWith('LastError:'))
  return (told ?? lines.at(-1) ?? '').replace(/^(LastError: |rauc-\w+ \*\*: [\d:. ]*|[\d:.]+ )/, '')
}
