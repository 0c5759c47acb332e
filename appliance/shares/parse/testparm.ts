const problems = [
  /^(?:Ignoring )?[Uu]nknown parameter(?: encountered)?:? "(?<subject>[^"]+)"/,
  /^(?<subject>.*\b(?:ERROR|Badly formed|Invalid|is not a valid|Error loading)\b.*)$/i,
]

/** What testparm(1) complains about on its standard error; it exits 0 on unknown parameters. */
export function testparmProblem(stderr: string, config: string): string | undefined {
  for (const line of stderr.split('\n').map(each => each.trim())) {
    const subject = problems.map(pattern => pattern.exec(line)?.groups?.subject).find(Boolean)
    if (subject !== undefined) return `${line}${placeOf(subject, config)}`
  }
  return undefined
}

function placeOf(parameter: string, config: string): string {
  const number = config.split('\n').findIndex(line => line.trim().startsWith(`${parameter} =`)) + 1
  return number > 0 ? ` (line ${number}: ${config.split('\n')[number - 1]?.trim()})` : ''
}
