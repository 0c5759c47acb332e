import type { EventMap } from '../../appliance/lib/events.ts'
import { joinBus } from '../helpers/bus.ts'
import { admin, claimed, startCairn } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'
import { openBrowser, openPage, signIn, violations } from './browser.ts'

const pageTest = testIf('root', 'btrfs', 'chromium')

pageTest('a move that takes its time shows in the tray until it is done', async t => {
  const cairn = await startCairn(t, { args: claimed })
  const events = await joinBus(t, cairn)
  const page = await openPage(t, await openBrowser(t))
  await signIn(page, cairn)
  await page.getByText('shared').first().waitFor()

  // As a server that is moving would tell it.
  const about = {
    user: admin.name,
    work: 'one',
    what: 'move',
    name: 'Holiday in a far away country',
  } as const
  const tell = (news: Pick<EventMap['files/progress'], 'files' | 'fraction' | 'state'>) =>
    events.publish('files/progress', { ...about, ...news })
  const tray = page.getByRole('region', { name: 'Work under way' })
  tell({ files: 1200, fraction: 0.4, state: 'running' })
  await tray.getByText('Moving Holiday in a far away country').waitFor()
  await tray.getByText('1,200 files · 40 %').waitFor()
  t.deepEqual(await violations(page), [])
  if (process.env.CAIRN_PICTURES) await page.screenshot({ path: `${process.env.CAIRN_PICTURES}/placing.png` })
  events.publish('files/progress', {
    ...about,
    user: 'somebody',
    work: 'two',
    name: 'Not mine',
    files: 1,
    fraction: null,
    state: 'running',
  })
  tell({ files: 3000, fraction: 1, state: 'done' })
  await tray.waitFor({ state: 'detached' })
})
