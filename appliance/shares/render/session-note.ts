/**
 * The program that smbd runs as root with `+ PID USER ADDRESS MACHINE SHARE` or `- PID … SHARE`: one line for each, with
 * tabs in between. What came from a client is an argument here, and never part of a text that a shell reads; what could be
 * taken for another line is not written.
 */
export function renderSessionNote(log: string): string {
  return `#!/bin/sh
umask 077
for each; do case $each in *[[:cntrl:]]*) exit 0 ;; esac; done
printf '%s\\t%s\\t%s\\t%s\\t%s\\t%s\\n' "$1" "$2" "$3" "$4" "$5" "$6" >> ${log}
`
}

/**
 * As `root preexec` and `root postexec` of smb.conf(5), which go through a shell. Samba replaces `'` (and `"`, `` ` ``,
 * `$`, `;`, `%` and line ends) in what it puts in, so nothing gets out of single quotes.
 */
export function sessionNoteCommand(program: string, happened: '+' | '-'): string {
  return `${program} '${happened}' '%d' '%U' '%I' '%m' '%S'`
}
