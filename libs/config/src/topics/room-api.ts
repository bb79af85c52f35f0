import { onOff, origins, topic, whole } from '../topic.js';

export const roomApi = topic({
  title: 'Drop-in rooms',
  variables: {
    ROOM_API: {
      schema: onOff,
      about: 'Whether POST /room/create and GET /room/{name} are served, which ask for no credential: on or off.',
      default: 'off',
    },
    ROOM_API_ORIGINS: {
      schema: origins,
      about: 'Origins whose pages may call them (CORS), comma-separated.',
      default: '',
    },
    ROOM_API_WAIT_S: {
      schema: whole(1, 300),
      about: 'How long a call waits for the tokens before it is told to try again, in s.',
      default: '20',
    },
  },
  settings: (values) => ({ on: values.ROOM_API, origins: values.ROOM_API_ORIGINS, waitS: values.ROOM_API_WAIT_S }),
});
