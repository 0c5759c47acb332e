import { createClient } from '../appliance/web/kit/api/client.ts'
import { showPage } from '../appliance/web/kit/page.tsx'
import catalogue from './english.json'
import { Wizard } from './wizard.tsx'

showPage({
  catalogue,
  client: createClient(client => void client.invalidateQueries({ queryKey: ['setup'] })),
  content: <Wizard />,
})
