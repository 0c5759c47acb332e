import type { ExecutionContext } from 'ava'
import axe from 'axe-core'
import { type Browser, chromium, type Page } from 'playwright-core'
import { admin, type Cairn } from '../helpers/cairn.ts'

export const sizes = {
  desktop: { width: 1280, height: 800 },
  phone: { width: 390, height: 844 },
  narrow: { width: 320, height: 640 },
}

interface View {
  size?: keyof typeof sizes
  scheme?: 'light' | 'dark'
}

// As root, and on a machine without a network: nothing of Chromium's own may try to reach it.
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Debian's Chromium, closed with the test. */
export async function openBrowser(t: ExecutionContext): Promise<Browser> {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: flags })
  t.teardown(() => browser.close())
  return browser
}

/** A page in a context of its own. Whatever the page itself complains about fails the test in the end. */
export async function openPage(t: ExecutionContext, browser: Browser, view: View = {}): Promise<Page> {
  const { size = 'desktop', scheme = 'light' } = view
  const isPhone = size !== 'desktop'
  const context = await browser.newContext({
    viewport: sizes[size],
    colorScheme: scheme,
    isMobile: isPhone,
    hasTouch: isPhone,
  })
  const page = await context.newPage()
  page.setDefaultTimeout(20_000)
  const complaints: string[] = []
  page.on('pageerror', error => complaints.push(error.message))
  page.on('console', message => {
    // Chromium itself notes each answer of 4xx and 5xx; those are the tests' own matter.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      complaints.push(message.text())
  })
  t.teardown(() => {
    if (complaints.length > 0) throw new Error(`the page complained: ${complaints.join('; ')}`)
  })
  return page
}

export async function signIn(page: Page, cairn: Cairn, person = admin): Promise<void> {
  await page.goto(cairn.url)
  await page.getByLabel('Name', { exact: true }).fill(person.name)
  await page.getByLabel('Password', { exact: true }).fill(person.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('navigation', { name: 'Places' }).waitFor()
}

/** What is still fading in has not the colours that it will have. What goes round for ever is not waited for. */
const settled = `Promise.all(document.getAnimations()
  .filter(animation => animation.effect?.getComputedTiming().endTime !== Infinity)
  .map(animation => animation.finished.catch(() => undefined)))`

/** What axe-core finds wrong with the page as it stands, one line each. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(settled)
  await page.evaluate(axe.source)
  const { violations: found } = await page.evaluate<axe.AxeResults>('axe.run()')
  return found.flatMap(({ id, nodes }) =>
    nodes
      // A tooltip lies over the page and belongs to what describes itself by it, not to a landmark.
      .filter(node => id !== 'region' || !node.html.includes('role="tooltip"'))
      .map(node => `${id}: ${node.html.slice(0, 160)} (${node.failureSummary})`),
  )
}

/** Whether something sticks out at the right, so that the page scrolls sideways. */
export function scrollsSideways(page: Page): Promise<boolean> {
  return page.evaluate<boolean>('document.documentElement.scrollWidth > innerWidth')
}
