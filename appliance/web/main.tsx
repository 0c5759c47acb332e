import { BrowserRouter } from 'react-router'
import { forgetSession } from './api/session.ts'
import { App } from './app.tsx'
import catalogue from './english.json'
import { createClient } from './kit/api/client.ts'
import { showPage } from './kit/page.tsx'

showPage({
  catalogue,
  client: createClient(forgetSession),
  content: (
    <BrowserRouter>
      <App />
    </BrowserRouter>
  ),
})
