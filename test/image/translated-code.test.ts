import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import test from 'ava'
import { z } from 'zod'
import { eventually } from '../helpers/cairn.ts'
import { talkToQemu, whyNoMachine } from '../helpers/machine.ts'
import { tempFolder } from '../helpers/temp.ts'
import { forgetCodeAtResets } from '../helpers/translated-code.ts'

const reason = whyNoMachine()
const onMachine = reason === null ? test.serial : test.skip
const because = reason === null ? '' : ` (needs ${reason})`

onMachine(
  `QEMU forgets what it has translated each time the guest starts again, and goes on${because}`,
  async t => {
    const folder = await tempFolder(t)
    const control = join(folder, 'control')
    const sockets = { monitor: join(folder, 'monitor'), debugger: join(folder, 'debugger') }
    const qemu = spawn('qemu-system-x86_64', [
      ...['-machine', 'q35', '-accel', 'tcg,thread=multi', '-smp', '2', '-display', 'none', '-nodefaults'],
      ...[control, sockets.monitor].flatMap(socket => ['-qmp', `unix:${socket},server=on,wait=off`]),
      ...['-gdb', `unix:${sockets.debugger},server=on,wait=off`],
    ])
    const gone = once(qemu, 'exit')
    const forgetting = forgetCodeAtResets(sockets)
    t.teardown(async () => {
      qemu.kill('SIGKILL')
      await gone
      await forgetting
    })
    const ask = (execute: string, args?: Record<string, unknown>) => talkToQemu(control, execute, args)
    const timesForgotten = async () => {
      const told = z.string().parse(await ask('human-monitor-command', { 'command-line': 'info jit' }))
      return Number(/TB flush count\s+(\d+)/.exec(told)?.[1])
    }
    const isRunning = () => ask('query-status').then(answer => status.parse(answer).running)
    // From when somebody listens.
    await eventually(() =>
      ask('system_reset').then(
        async () => (await timesForgotten()) > 0,
        () => false,
      ),
    )
    t.plan(3)
    for (let round = 0; round < 3; round += 1) {
      await eventually(isRunning)
      const before = await timesForgotten()
      await ask('system_reset')
      await eventually(async () => (await timesForgotten()) > before)
      t.pass()
    }
    await eventually(isRunning)
  },
)

const status = z.object({ running: z.boolean() })
