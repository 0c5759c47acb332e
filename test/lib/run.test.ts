import test from 'ava'
import { Failure } from '../../appliance/lib/failure.ts'
import { run } from '../../appliance/lib/run.ts'

test('arguments reach the program as they are: no shell looks at them', async t => {
  const { stdout } = await run(['printf', '%s|', '$(id)', 'a b', ';true'])
  t.is(stdout, '$(id)|a b|;true|')
})

test('a failure carries the command, its code and what it said', async t => {
  const failure = await t.throwsAsync(run(['ls', '/does/not/exist']), { instanceOf: Failure })
  t.is(failure.code, 'run/failed')
  t.like(failure.details, { exitCode: 2, command: 'ls /does/not/exist' })
})

test('an expected exit code is an answer', async t => {
  t.is((await run(['false'], { expected: [1] })).code, 1)
})

test('a program that hangs is ended', async t => {
  const failure = await t.throwsAsync(run(['sleep', '60'], { timeoutMs: 50 }), { instanceOf: Failure })
  t.is(failure.code, 'run/timeout')
})

test('a missing program is named', async t => {
  const failure = await t.throwsAsync(run(['no-such-program']), { instanceOf: Failure })
  t.is(failure.code, 'run/not-installed')
})

test('secrets go through standard input, and the environment is not passed on', async t => {
  t.is((await run(['cat'], { input: 'hunter2' })).stdout, 'hunter2')
  const { stdout } = await run(['env'])
  t.deepEqual(
    stdout
      .trim()
      .split('\n')
      .map(line => line.split('=')[0])
      .sort(),
    ['LC_ALL', 'PATH'],
  )
})
