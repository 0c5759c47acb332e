import { ofParts } from '../helpers/machine-text.ts'
import { tuningBox } from './box.ts'
import { machineIn } from './fake-machine.ts'
import { aWhileMs } from './world.ts'

/** A Cairn that tunes a machine by itself, and is killed in the midst of it: nothing of it is brought to an end. */
const [root = '', dataDir = '', databasePath = '', atLook = ''] = process.argv.slice(2)
const circumstances = { isSetUp: true, isOnTrial: false, restlessPools: [] }
const box = await tuningBox({ teardown: () => undefined }, [], {
  from: { machine: machineIn({ root, dataDir }), databasePath },
  parts: ofParts,
  automatic: { isOnByDefault: true, isLooking: true, circumstances: async () => circumstances },
})
box.whileWatched(look => {
  if (look === Number(atLook)) process.kill(process.pid, 'SIGKILL')
})
await box.tuning.domain.start?.()
await box.passes(aWhileMs)
await box.jobs.allFinished()
