/** What smbd told of a connection to a share, as it began or ended. */
export interface SessionLine {
  isBegin: boolean
  pid: number
  user: string | null
  address: string | null
  machine: string | null
  share: string
}

const longest = 256

/** A line of the session log; undefined for what is none. The machine's name is the client's invention. */
export function parseSessionLine(line: string): SessionLine | undefined {
  const [sign, pid = '', user = '', address = '', machine = '', share = '', ...rest] = line.split('\t')
  if ((sign !== '+' && sign !== '-') || !/^[1-9]\d{0,6}$/.test(pid) || rest.length > 0) return undefined
  if ([user, address, machine, share].some(text => text.length > longest || /\p{Cc}/u.test(text)))
    return undefined
  return {
    isBegin: sign === '+',
    pid: Number(pid),
    user: user || null,
    address: withoutMapping(address) || null,
    // What has not told its name is called like its address.
    machine: machine === address ? null : machine || null,
    share,
  }
}

/** An IPv4 client of a socket that takes both. */
function withoutMapping(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/, '')
}
