/**
 * What a meter tells while it runs: the power of this moment, and which of its many readings a recorder needs.
 *
 * @packageDocumentation
 */
export {
  MAX_MQTT_RULES,
  MAX_MQTT_VALUES,
  type MqttMap,
  type MqttPath,
  type MqttRule,
  type MqttTime,
  type MqttTimeFormat,
  type MqttValue,
} from './live/mqtt/map.ts';
export {
  MAX_MQTT_PAYLOAD,
  type MqttEvent,
  type MqttMessage,
  type MqttReader,
  type MqttReaderOptions,
  mqttReader,
} from './live/mqtt/reader.ts';
export { MQTT_MAPS, type ReadyMqttMap } from './live/mqtt/ready-maps.ts';
export { isTopicFilter } from './live/mqtt/topic.ts';
export { type LivePower, powerOfHomeWizard, powerOfTelegram } from './live/power.ts';
export { type MinuteThinner, minuteThinner } from './live/thin.ts';
