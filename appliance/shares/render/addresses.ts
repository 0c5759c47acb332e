export interface AddressParts {
  /** As the client knows this box: a name or an address, without a port. */
  host: string
  share: string
  smbPort: number
  /** Scheme, host and port of the web page. */
  webOrigin: string
}

const standardPort = 445

/** What people type or click to reach a share. */
export function addressesOf({ host, share, smbPort, webOrigin }: AddressParts) {
  const path = encodeURIComponent(share)
  const smb = `smb://${host}${smbPort === standardPort ? '' : `:${smbPort}`}/${path}`
  return {
    windows: windowsLine(host, share, smbPort),
    macos: smb,
    linux: smb,
    webdav: `${webOrigin}/webdav/${path}/`,
  }
}

/** Windows takes another port only on the command line, and only since Windows 11 24H2. */
function windowsLine(host: string, share: string, smbPort: number): string {
  const unc = `\\\\${host}\\${share}`
  if (smbPort === standardPort) return unc
  return `net use * ${unc.includes(' ') ? `"${unc}"` : unc} /tcpport:${smbPort}`
}
