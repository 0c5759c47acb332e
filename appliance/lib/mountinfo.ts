export interface Mount {
  id: number
  /** Of the file system, `0:34`: not what stat(2) says of a subvolume. */
  device: string
  place: string
  root: string
  type: string
  source: string
  options: string[]
  superOptions: string[]
}

/** /proc/PID/mountinfo (proc(5)): fields up to a lone `-`, then type, source, options of the superblock. */
export function parseMountinfo(text: string): Mount[] {
  return text.split('\n').filter(Boolean).map(parseLine)
}

function parseLine(line: string): Mount {
  const [before = '', after = ''] = line.split(' - ')
  const [id = '', , device = '', root = '', place = '', options = ''] = before.split(' ')
  const [type = '', source = '', superOptions = ''] = after.split(' ')
  return {
    id: Number(id),
    device,
    place: plain(place),
    root: plain(root),
    type,
    source: plain(source),
    options: options.split(','),
    superOptions: superOptions.split(','),
  }
}

/** Space, tab, newline and backslash are written as three octal digits. */
function plain(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
}
