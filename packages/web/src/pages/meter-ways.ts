/** Ways to connect a meter, in the order of how usual they are. */
export const WAYS = [
  {
    id: 'homewizard',
    name: 'HomeWizard',
    what: 'The P1 meter on your network; press its button when asked',
    field: 'Address',
    hint: 'https:// and its address, or http:// for a meter with the older local API',
    example: 'https://192.168.1.20',
  },
  {
    id: 'p1-tcp',
    name: 'P1 on the network',
    what: 'A port behind ser2net or a P1 bridge',
    field: 'Address',
    hint: 'Host and port that the bridge listens on',
    example: 'tcp://192.168.1.30:2001',
  },
  {
    id: 'p1-device',
    name: 'P1 cable',
    what: 'A USB cable in the computer that the node runs on',
    field: 'Device',
    hint: 'Where the cable shows up on that computer',
    example: '/dev/ttyUSB0',
  },
  {
    id: 'mqtt',
    name: 'MQTT',
    what: 'A broker at home: DSMR-reader, Zigbee2MQTT, Tasmota',
    field: 'Broker',
    hint: 'mqtt:// and its address; mqtts:// where it speaks TLS',
    example: 'mqtt://192.168.1.40',
  },
  {
    id: 'file',
    name: 'A file',
    what: 'P1 log, Green Button, portal exports, CSV: years of it',
    field: 'File',
    hint: 'Read on your node and sent nowhere else',
    example: '',
  },
  {
    id: 'folder',
    name: 'A folder',
    what: 'Files that arrive there are read by themselves',
    field: 'Folder',
    hint: 'Whole path on the computer that the node runs on',
    example: '/srv/meter',
  },
  {
    id: 'oehu',
    name: 'OEHU',
    what: 'A meter server that you were given',
    field: 'Address',
    hint: 'Base address of the server',
    example: 'https://meters.example.org',
  },
] as const;

/** See {@link WAYS}. */
export type Way = (typeof WAYS)[number];
