import { onOff, origins, defineNamespace, whole } from './namespace.js';

export const roomApi = defineNamespace({
  title: 'Drop-in rooms',
  variables: {
    ROOM_API: {
      schema: onOff,
      description: 'Whether POST /room/create and GET /room/{name} are served, which ask for no credential: on or off.',
      default: 'off',
    },
    ROOM_API_ORIGINS: {
      schema: origins,
      description: 'Origins whose pages may call them (CORS), comma-separated.',
      default: '',
    },
    ROOM_API_WAIT_S: {
      schema: whole(1, 300),
      description: 'How long a call waits for the tokens before it is told to try again, in s.',
      default: '20',
    },
  },
  settings: (values) => ({ on: values.ROOM_API, origins: values.ROOM_API_ORIGINS, waitS: values.ROOM_API_WAIT_S }),
});
