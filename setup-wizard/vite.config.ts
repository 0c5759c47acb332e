import { pageConfig } from '../appliance/web/kit/vite.ts'

export default pageConfig({ name: 'setup', root: import.meta.dirname, base: '/setup/' })
