export interface NfsMountParts {
  /** As the client knows this box, without a port. */
  host: string
  name: string
  port: number
}

const standardPort = 2049
/**
 * nfs(5). Otherwise Linux goes on for up to a minute with the file that had a name before another face replaced it: it would
 * read, and write into, what is an earlier version by then.
 */
const onLinux = 'lookupcache=none'

/** What to type in a terminal to mount an export. */
export function nfsMountsOf({ host, name, port }: NfsMountParts) {
  const options = ['vers=4', ...(port === standardPort ? [] : [`port=${port}`])].join(',')
  const source = quoted(`${host}:/${name}`)
  const folder = quoted(`/mnt/${name}`)
  const onMac = quoted(name)
  return {
    linux: `sudo mkdir -p ${folder} && sudo mount -t nfs -o ${options},${onLinux} ${source} ${folder}`,
    macos: `mkdir -p ~/${onMac} && sudo mount -t nfs -o ${options},resvport ${source} ~/${onMac}`,
  }
}

/** For a shell; names of shares have no quotes. */
function quoted(text: string): string {
  return /^[\w./:@[\]-]+$/.test(text) && !text.includes('[') ? text : `'${text}'`
}
