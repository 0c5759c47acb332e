import { MantineProvider } from '@mantine/core'
import { Notifications } from '@mantine/notifications'
import { type QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { type ReactNode, StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { startTranslations } from './text/i18n.ts'
import './theme/page.css'
import { cssVariables, theme } from './theme/theme.ts'

interface Options {
  catalogue: Record<string, unknown>
  client: QueryClient
  content: ReactNode
}

/** Puts a page into the document, with everything that both pages share around it. */
export function showPage({ catalogue, client, content }: Options): void {
  startTranslations(catalogue)
  const place = document.getElementById('page')
  if (!place) throw new Error('The document has no #page.')
  createRoot(place).render(
    <StrictMode>
      <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
        <QueryClientProvider client={client}>
          {content}
          <Notifications position="bottom-center" zIndex={400} limit={4} />
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  )
}
