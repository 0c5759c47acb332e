import { z } from 'zod'

const flag = z.union([z.boolean(), z.enum(['0', '1']).transform(text => text === '1')])
const size = z.union([z.number(), z.string().regex(/^\d+$/).transform(Number)])
const text = z
  .string()
  .nullish()
  .transform(value => value?.trim() || null)

/** One node of the tree that `lsblk -J -b` prints (lsblk(8)). */
export interface BlockDevice {
  kname: string
  path: string
  type: string
  size: number
  ro: boolean
  rota: boolean
  model: string | null
  serial: string | null
  wwn: string | null
  vendor: string | null
  tran: string | null
  mountpoints: string[]
  children: BlockDevice[]
}

const blockDevice: z.ZodType<BlockDevice> = z.object({
  kname: z.string(),
  path: z.string(),
  type: z.string(),
  size,
  ro: flag,
  rota: flag,
  model: text,
  serial: text,
  wwn: text,
  vendor: text,
  tran: text,
  mountpoints: z
    .array(z.string().nullable())
    .default([])
    .transform(list => list.filter(place => place !== null)),
  get children() {
    return z.array(blockDevice).default([])
  },
})

export function parseLsblk(output: string): BlockDevice[] {
  return z.object({ blockdevices: z.array(blockDevice) }).parse(JSON.parse(output)).blockdevices
}
