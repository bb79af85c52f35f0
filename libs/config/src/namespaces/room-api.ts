import { onOff, origins, defineNamespace, whole } from './namespace.js';

export const roomApi = defineNamespace({
  title: 'Drop-in room API',
  variables: {
    ROOM_API: {
      schema: onOff,
      description: 'Serve POST /room/create and GET /room/{name}, which require no credential: on or off.',
      default: 'off',
    },
    ROOM_API_ORIGINS: {
      schema: origins,
      description: 'Origins allowed to call the room API (CORS), comma-separated.',
      default: '',
    },
    ROOM_API_WAIT_S: {
      schema: whole(1, 300),
      description: 'How long a call waits for the tokens before it fails with a retryable error, in s.',
      default: '20',
    },
  },
  settings: (values) => ({ on: values.ROOM_API, origins: values.ROOM_API_ORIGINS, waitS: values.ROOM_API_WAIT_S }),
});
