/** The file on the boot partition. Windows' line ends: it is read with whatever is at hand. */
export function renderClaimCode(code: string, hostName: string): string {
  const lines = [
    `Claim code: ${code}`,
    '',
    `Open http://${hostName}.local/ on a computer in the same network and enter this code.`,
    'It is shown on the screen of the box as well, and is worth nothing once the box is set up.',
  ]
  return `${lines.join('\r\n')}\r\n`
}

/** What stands above the prompt on a screen or a serial line; agetty(8) fills in the addresses (`\4`, `\6`). */
export function renderConsole(code: string | null, hostName: string): string {
  const where = `http://${hostName}.local/ or http://\\4/`
  const lines =
    code === null
      ? [`Cairn. Open ${where}`]
      : [`Cairn. Open ${where} and enter the claim code:`, '', `    ${code}`]
  return `\n${lines.join('\n')}\n\n`
}
