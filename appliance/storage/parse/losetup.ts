import { z } from 'zod'

export interface Loop {
  path: string
  backingFile: string
  inode: number
  /** `major:minor` of the filesystem that holds the file. */
  device: string
  sizeLimit: number
}

const listed = z.object({
  loopdevices: z.array(
    z.object({
      name: z.string(),
      'back-file': z.string().nullable(),
      'back-ino': z.number(),
      'back-maj:min': z.string().transform(text => text.trim()),
      sizelimit: z.number(),
    }),
  ),
})

export const losetupColumns = 'NAME,BACK-FILE,BACK-INO,BACK-MAJ:MIN,SIZELIMIT'

/** `losetup --list --json --output NAME,BACK-FILE,…` (losetup(8)); nothing at all when no loop is there. */
export function parseLosetup(output: string): Loop[] {
  if (output.trim() === '') return []
  return listed.parse(JSON.parse(output)).loopdevices.map(loop => ({
    path: loop.name,
    backingFile: loop['back-file'] ?? '',
    inode: loop['back-ino'],
    device: loop['back-maj:min'],
    sizeLimit: loop.sizelimit,
  }))
}
