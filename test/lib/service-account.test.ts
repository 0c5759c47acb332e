import test from 'ava'
import { isServiceProcess } from '../../appliance/lib/service-account.ts'

const status = (uids: string) => `Name:\tsmbd\nState:\tR (running)\nUid:\t${uids}\nGid:\t0\t0\t0\t0\n`

test('a process is of the service account when all its uids are', t => {
  t.true(isServiceProcess(status('2770\t2770\t2770\t2770')))
})

test('smbd in the name of the service account is not, nor root, nor one without uids', t => {
  t.false(isServiceProcess(status('2770\t2770\t0\t2770')))
  t.false(isServiceProcess(status('0\t2770\t0\t2770')))
  t.false(isServiceProcess(status('0\t0\t0\t0')))
  t.false(isServiceProcess('Name:\tgone\n'))
})
