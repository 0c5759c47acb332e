import { pageConfig } from './kit/vite.ts'

export default pageConfig({ name: 'app', root: import.meta.dirname, base: '/' })
